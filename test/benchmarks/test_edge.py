"""What is said of networks in smaller precisions."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import edge  # noqa: E402

from neuromorphic_ros.decoding.detection import Box  # noqa: E402
from neuromorphic_ros.energy.energy_integral import EnergyState  # noqa: E402
from neuromorphic_ros.snn.streaming import StreamingNetwork  # noqa: E402
from neuromorphic_ros.snn.tick_spikes import TickSpikes  # noqa: E402

SAMPLES = 60


def box(x: float, y: float, size: float) -> Box:
    return Box("motion", 1.0, x, y, size, size)


def spikes(*ticks: list[int]) -> TickSpikes:
    address = np.array([each for tick in ticks for each in tick], np.uint32)
    return TickSpikes(address, np.cumsum([0, *map(len, ticks)]))


@pytest.fixture(scope="module")
def digits() -> edge.Work:
    """Made up digits: in each class another row is bright."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 8, SAMPLES)
    images = generator.integers(0, 4, (SAMPLES, 8, 8)).astype(float)
    images[np.arange(SAMPLES), labels] += 12
    raster = edge.rate_coded(images)
    first_output = edge.digits_spec().neurons - 10

    def answers(fired: Any) -> Any:
        kept = [each.address[each.address >= first_output] for each in fired]
        return [np.bincount(e.astype(int) - first_output, minlength=10).argmax() for e in kept]

    def score(fired: Any, reference: Any) -> edge.Score:
        same = np.equal(answers(fired), answers(reference))
        return edge.Score(float(same.mean()), float(np.equal(answers(fired), labels).mean()))

    pieces = [edge.by_tick(raster[:, sample]) for sample in range(SAMPLES)]
    return edge.Work("digits", "made up", edge.trained(raster, labels), pieces, True, score)


def test_rate_code_has_a_spike_for_every_value_spread_evenly() -> None:
    image = np.arange(64).reshape(1, 8, 8) % 17
    raster = edge.rate_coded(image.astype(float))
    assert raster.shape == (edge.DIGIT_TICKS, 1, 64)
    assert np.array_equal(raster.sum(axis=0)[0], image.ravel())
    # A value of 8 in 16 ticks: every second one.
    assert raster[:, 0, 8].tolist() == [False, True] * 8


@pytest.mark.parametrize("split", [edge.EVERY_FIFTH, edge.LAST_FIFTH])
def test_a_fifth_is_held_out(split: str) -> None:
    test = edge.held_out(split, 100)
    assert test.sum() == 20
    assert test[99]
    assert not test[0]
    assert test[79] == (split == edge.EVERY_FIFTH)


def test_every_configuration_has_a_row(digits: edge.Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "ROUNDS", 1)
    monkeypatch.setattr(edge, "TIMED_TICKS", 50)
    rows = list(edge.measure(digits, None))
    assert [row["configuration"] for row in rows] == [each.name for each in edge.CONFIGURATIONS]
    assert json.loads(json.dumps(rows)) == rows
    reference, half, *_, pruned = rows
    assert reference["same_spikes"] == reference["same_outputs"] == reference["speed/float32"] == 1
    assert reference["accuracy"] > 0.8
    assert half["synapse_bytes"] == reference["synapse_bytes"] / 2
    assert half["same_outputs"] > 0.9
    assert pruned["synapse_bytes"] < half["synapse_bytes"]
    assert pruned["same_spikes"] < 1
    for row in rows:
        assert row["priced_w"] == pytest.approx(row["priced_pj_per_tick"] * 1e-9)
        assert row["measured_w"] is None
        assert edge.shown(row)["measured_w"] == "not measured"


def test_training_is_the_same_every_time() -> None:
    raster = np.random.default_rng(1).random((edge.DIGIT_TICKS, 20, 64)) < 0.3
    labels = np.arange(20) % 10
    one, two = (edge.trained(raster, labels) for _ in range(2))
    piece = edge.by_tick(raster[:, 0])
    fired = ([StreamingNetwork(spec).run(piece)] for spec in (one, two))
    assert edge.same_spikes(*fired) == 1


def test_spikes_are_the_same_only_in_the_same_tick() -> None:
    reference = [spikes([1, 2], [3])]
    assert edge.same_spikes([spikes([1, 2], [3])], reference) == 1
    assert edge.same_spikes([spikes([1, 2], [])], reference) == pytest.approx(4 / 5)
    assert edge.same_spikes([spikes([3], [1, 2])], reference) == 0
    assert math.isnan(edge.same_spikes([spikes([], [])], [spikes([], [])]))


@pytest.mark.parametrize(
    ("boxes", "same"),
    [
        ([box(0.5, 0.5, 0.2)], True),
        ([box(0.52, 0.5, 0.2)], True),
        ([box(0.6, 0.5, 0.2)], False),
        ([], False),
        ([box(0.5, 0.5, 0.2)] * 2, False),
    ],
)
def test_boxes_are_the_same_if_they_share_half_of_their_union(boxes: list[Box], same: bool) -> None:
    assert edge.same_boxes(boxes, [box(0.5, 0.5, 0.2)]) == same


def test_shared_is_intersection_over_union() -> None:
    assert edge.shared(box(0.5, 0.5, 0.2), box(0.6, 0.5, 0.2)) == pytest.approx(1 / 3)
    assert edge.shared(box(0.1, 0.1, 0.1), box(0.9, 0.9, 0.1)) == 0


def test_power_is_not_known_if_it_was_not_measured_all_the_time() -> None:
    whole = edge.Pass(1.0, EnergyState(energy_j=6.0, measured_s=2.0))
    partly = edge.Pass(1.0, EnergyState(energy_j=6.0, measured_s=2.0, unmeasured_s=0.1))
    assert edge.mean_power_w([whole, whole]) == 3.0
    assert edge.mean_power_w([whole, partly]) is None
    assert edge.mean_power_w([edge.Pass(1.0, EnergyState())]) is None


def test_a_shipped_network_senses_a_recording() -> None:
    work = edge.robot_work("obstacle_avoider")
    fired = edge.outputs(StreamingNetwork(work.spec), work)
    assert sum(each.address.size for each in fired) > 0
    assert work.score(fired, fired) == (1.0, None)
    silent = [TickSpikes(np.empty(0, np.uint32), np.zeros_like(each.first)) for each in fired]
    assert work.score(silent, fired).same_outputs < 1
    assert len(edge.tick_addresses(work)) == edge.TIMED_TICKS
