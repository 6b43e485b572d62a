"""The avoider by a graph: its nodes and edges, its windows, and what is refused."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.learning.samples import LearningError, check_samples
from neuromorphic_ros.pipeline.recipes import graph_avoider
from neuromorphic_ros.pipeline.recipes.graph_avoider import FORWARD, LEFT, RIGHT
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

RECORDING = share_directory() / "recordings" / "wheeled_robot"


def part(folder: Path, seconds: float) -> Path:
    """Copy the beginning of the shipped recording."""
    with open_recording(RECORDING) as recording, RecordingWriter(folder) as writer:
        for message in recording.messages(graph_avoider.TOPICS):
            if message.log_ns <= recording.start_ns + round(seconds * 1e9):
                writer.write(message.topic, message.type, message.raw, message.log_ns)
    return folder


def test_neighbours_are_joined_both_ways() -> None:
    graph = graph_avoider.nodes().graph
    joined = set(zip(graph.source.tolist(), graph.target.tolist(), strict=True))
    assert len(joined) == graph.source.size
    assert all((target, source) in joined for source, target in joined)
    assert {(0, 1), (14, 15), (16, 17), (16, 24)} <= joined
    assert not {(15, 16), (23, 24), (0, 15), (0, 47)} & joined


def test_cells_are_joined_with_the_sectors_that_see_the_same_way() -> None:
    graph = graph_avoider.nodes().graph
    joined = set(zip(graph.source.tolist(), graph.target.tolist(), strict=True))
    width_rad = 2 * graph_avoider.SIDE_RAD / graph_avoider.SECTORS
    for sector, column in itertools.product(range(graph_avoider.SECTORS), range(8)):
        right_rad = -graph_avoider.SIDE_RAD + sector * width_rad
        # A pixel at x of a camera 90 degrees wide shows the bearing atan(x).
        left_of_cell, right_of_cell = (math.atan(1 - (column + k) / 4) for k in (0, 1))
        shared_rad = min(left_of_cell, right_rad + width_rad) - max(right_of_cell, right_rad)
        for row in range(4):
            assert ((sector, 16 + 8 * row + column) in joined) == (shared_rad > 1e-9)


def test_each_pixel_is_heard_by_its_cell() -> None:
    nodes = graph_avoider.nodes()
    assert nodes.places("scan").tolist() == [3 * sector for sector in range(16)]
    off, on = nodes.places("dvs").reshape(2, 24, 32)
    assert np.array_equal(on, off + 1)
    cell = off // 3 - 16
    assert np.array_equal(off % 3, np.full((24, 32), graph_avoider.OFF))
    assert np.array_equal(cell, np.kron(np.arange(32).reshape(4, 8), np.ones((6, 4))))


def test_a_mirrored_window_is_seen_by_the_mirrored_nodes() -> None:
    generator = np.random.default_rng(0)
    inputs = generator.integers(0, 2, (3, 15, 16 + 2 * 24 * 32), np.uint8)
    other = graph_avoider.mirrored(inputs)
    assert np.array_equal(graph_avoider.mirrored(other), inputs)
    assert np.array_equal(other[..., :16], inputs[..., 15::-1])
    pixels, swapped = (each[..., 16:].reshape(3, 15, 2, 24, 32) for each in (inputs, other))
    assert np.array_equal(swapped[..., 5], pixels[..., 26])


@pytest.mark.parametrize(
    ("turn_rad_s", "label"),
    [(0.0, FORWARD), (0.29, FORWARD), (-0.29, FORWARD), (0.3, LEFT), (-0.3, RIGHT)],
)
def test_the_turn_of_the_teacher_is_the_class(turn_rad_s: float, label: int) -> None:
    assert graph_avoider._class_of(turn_rad_s) == label


def test_windows_of_recordings_in_a_folder(tmp_path: Path) -> None:
    for name in ("a", "b"):
        part(tmp_path / name, seconds=1.0)
    labelled = graph_avoider.read(tmp_path)
    one = graph_avoider.read(tmp_path / "b")
    assert labelled.size == 2 * one.size > 10
    (held_out,) = graph_avoider.folds(labelled, 0)
    assert held_out.tolist() == [False] * one.size + [True] * one.size
    found, alone = graph_avoider.encode(labelled.take(held_out)), graph_avoider.encode(one)
    assert np.array_equal(found.inputs, alone.inputs)
    check_samples(graph_avoider.NETWORK, found, "output")
    assert found.inputs[..., :16].any()
    assert found.inputs[..., 16:].any()


def test_training_shows_each_window_and_its_mirror_image() -> None:
    labelled = graph_avoider.read(RECORDING)
    chosen = np.isin(np.arange(labelled.size), [0, *(np.flatnonzero(labelled.label == LEFT)[:3])])
    some = labelled.take(chosen)
    once, twice = graph_avoider.encode(some), graph_avoider.train(some, 0)
    assert twice.size == 2 * once.size
    assert twice.label[once.size :].tolist() == [
        {FORWARD: FORWARD, LEFT: RIGHT, RIGHT: LEFT}[each] for each in once.label
    ]
    assert np.array_equal(twice.inputs[once.size :], graph_avoider.mirrored(once.inputs))


def test_variants_lose_spikes_of_the_camera_alone() -> None:
    inputs = np.ones((4, 15, 16 + 2 * 24 * 32), np.uint8)
    made = graph_avoider.augment(inputs, np.random.default_rng(0))
    assert made.dtype == np.uint8
    assert made[..., :16].all()
    kept = made[..., 16:].mean(axis=(1, 2))
    assert len(set(kept.round(2))) == 4
    assert np.all(kept < 1)
    assert np.array_equal(made, graph_avoider.augment(inputs, np.random.default_rng(0)))


def test_too_short_or_other_recordings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match=r"no recording lasts 0\.15 s"):
        graph_avoider.read(part(tmp_path / "short", seconds=0.1))
    other = tmp_path / "other.mcap"
    other.write_bytes(b"no recording")
    with pytest.raises(BagError):
        graph_avoider.read(other)


def test_motors_drive_on_unless_the_network_wants_to_turn() -> None:
    network = StreamingNetwork(graph_avoider.complete(graph_avoider.NETWORK))
    silent = network.run(TickSpikes(np.empty(0, np.uint32), np.zeros(101, np.int64)))
    fired = silent.by_node(network.spec.execution_order(), network.spec.dt_ns)
    assert np.bincount(fired["motor"].address, minlength=3).tolist() == [100, 0, 0]
    assert [each.population for each in network.spec.readouts] == ["motor"]


@pytest.mark.parametrize(("neuron", "motor"), [(1, 1), (2, 2)])
def test_a_spike_for_a_turn_charges_its_motor_and_silences_the_one_ahead(
    neuron: int, motor: int
) -> None:
    output = Population("output", (3,), Lif(tau_mem_ms=1e6, reset="subtract"))
    bare = NetworkSpec(
        name="bare",
        dt_ms=10.0,
        inputs=(Input("wish", (3,)),),
        populations=(output,),
        projections=(Projection("wish", "output", 1.0, OneToOne()),),
    )
    network = StreamingNetwork(graph_avoider.complete(bare))
    wish = TickSpikes(np.array([neuron], np.uint32), np.array([0, *[1] * 20]))
    fired = network.run(wish).by_node(network.spec.execution_order(), network.spec.dt_ns)
    tick = fired["motor"].time_ns // network.spec.dt_ns
    assert tick[fired["motor"].address == motor].tolist() == list(range(7))
    assert tick[fired["motor"].address == 0].tolist() == list(range(5, 20))
