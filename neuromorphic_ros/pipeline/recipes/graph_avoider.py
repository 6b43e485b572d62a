"""Drive around obstacles by a graph of lidar sectors and camera cells, as `obstacle_avoider` does.

The nodes are sectors of the lidar and cells of the camera. Neighbours among each are joined, and
every cell with the sectors in its bearing. Labels are what the network `obstacle_avoider` commands
on the same scans: it is the teacher, and sees the lidar alone.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.recording import Recording
from neuromorphic_ros.learning.samples import Amounts, LearningError, Samples, binned
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.recipes.recipe import Labelled, Source
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.pipeline.sensor_input import SensorInput
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.given_nodes import GivenNodes
from neuromorphic_ros.snn.graph.spiking_graph_spec import GraphNeurons, random_graph_spec
from neuromorphic_ros.snn.neurons.leaky import If, Lif
from neuromorphic_ros.snn.spec import (
    GivenGraphLayers,
    Input,
    NetworkSpec,
    Population,
    Projection,
    Readout,
)
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.weights import Normal
from neuromorphic_ros.spikes import SpikeBatch, merge

CLASSES = ("forward", "left", "right")
FORWARD, LEFT, RIGHT = range(3)
TEACHER = "obstacle_avoider"
TURN_RAD_S = 0.3
TOPICS = {"/scan": "scan", "/camera/image_raw": "camera"}

SECTORS, SIDE_RAD = 16, 1.2
ROWS, COLUMNS, CELL_ROWS, CELL_COLUMNS = 24, 32, 4, 8
# Of the simulated camera.
HALF_VIEW_RAD = math.pi / 4
NEAR, OFF, ON = FEATURES = range(3)
TICKS, DT_NS = 15, 10_000_000
WINDOW_NS, HOP_NS = TICKS * DT_NS, 100_000_000


def nodes() -> GivenNodes:
    """Return the graph: sectors from right to left, then cells row by row."""
    cells = SECTORS + np.arange(CELL_ROWS * CELL_COLUMNS).reshape(CELL_ROWS, CELL_COLUMNS)
    pairs = [*itertools.pairwise(range(SECTORS))]
    for one, other in (
        (cells[:, :-1], cells[:, 1:]),
        (cells[:-1], cells[1:]),
    ):
        pairs += zip(one.ravel().tolist(), other.ravel().tolist(), strict=True)
    pairs += [
        (sector, int(cell))
        for column, sectors in enumerate(_sectors_in_bearing())
        for sector in sectors
        for cell in cells[:, column]
    ]
    source, target = np.array([*pairs, *((other, one) for one, other in pairs)]).T
    edges = np.stack([source, target, np.ones(source.size), np.zeros(source.size)])
    row, column = np.indices((ROWS, COLUMNS))
    cell = cells[row * CELL_ROWS // ROWS, column * CELL_COLUMNS // COLUMNS] * len(FEATURES)
    return GivenNodes(
        count=SECTORS + cells.size,
        edges=Array(edges),
        hears={
            "scan": Array(np.arange(SECTORS) * len(FEATURES) + NEAR),
            "dvs": Array(np.stack([cell + OFF, cell + ON]).ravel()),
        },
    )


def _sectors_in_bearing() -> list[range]:
    """Return the sectors that each column of cells sees at least a part of, left to right."""
    edge = math.tan(HALF_VIEW_RAD) * (1.0 - 2.0 * np.arange(CELL_COLUMNS + 1) / CELL_COLUMNS)
    place = (np.arctan(edge) + SIDE_RAD) / (2.0 * SIDE_RAD) * SECTORS
    return [range(math.floor(right), math.ceil(left)) for left, right in itertools.pairwise(place)]


DT_MS = DT_NS / 1e6
LAYERS = dataclasses.replace(
    random_graph_spec(
        len(FEATURES),
        (6, 6),
        1,
        seed=0,
        heads=2,
        neurons=GraphNeurons(tau_mem_ms=40.0, reset="subtract"),
    ),
    dt_ms=DT_MS,
)
NETWORK = NetworkSpec(
    name="graph_avoider",
    dt_ms=DT_MS,
    inputs=(
        Input(
            "scan",
            (SECTORS,),
            "scan",
            "scan_rate",
            parameters={
                "sectors": SECTORS,
                "angle_min_rad": -SIDE_RAD,
                "angle_max_rad": SIDE_RAD,
                "far_m": 4.0,
                "max_rate_hz": 100.0,
            },
        ),
        Input("dvs", (2, ROWS, COLUMNS), "camera", "dvs"),
    ),
    populations=(
        Population("features", graph=GivenGraphLayers(nodes(), LAYERS)),
        Population("output", (len(CLASSES),), Lif(tau_mem_ms=40.0, reset="subtract", floor=-1.0)),
    ),
    # The biases drive it on where nothing is near, as hardly a node fires there.
    projections=(Projection("features", "output", Normal(0.0, 0.05), bias=Array([0.5, 0.0, 0.0])),),
)


def complete(trained: NetworkSpec) -> NetworkSpec:
    """Return the trained network with motors, which drive on unless it wants to turn.

    Each spike of a turn makes its motor fire in 7 ticks, and the one ahead fall silent for 5.
    """
    motor = Population("motor", (3,), If(reset="subtract", floor=-10.0))
    return dataclasses.replace(
        trained,
        populations=(*trained.populations, motor),
        projections=(
            *trained.projections,
            Projection("output[1]", "motor[1]", 7.0),
            Projection("output[2]", "motor[2]", 7.0),
            Projection("output[1:3]", "motor[0]", -5.0, bias=Array([1.0])),
        ),
        readouts=(
            Readout(
                "cmd_vel",
                "differential_drive",
                "motor",
                {"linear_gain_m_s": 0.3, "angular_gain_rad_s": 2.0, "tau_ms": 200.0},
            ),
        ),
    )


class Window(NamedTuple):
    """What the network heard: spikes of each input from time 0 on, in the order of the inputs."""

    scan: SpikeBatch
    dvs: SpikeBatch


def read(path: Path) -> Labelled:
    """Read windows of 150 ms, one every 100 ms, of the recordings in a folder, or of one.

    Groups are the recordings in order of their names. A window is labelled by the turn that the
    teacher commands at its end: left or right if it is at least 0.3 rad/s.
    Raises BagError, or LearningError if a recording is shorter than a window.
    """
    places = (
        [path] if path.is_file() or (path / "metadata.yaml").exists() else sorted(path.iterdir())
    )
    content: list[Window] = []
    label: list[int] = []
    group: list[int] = []
    for number, place in enumerate(places):
        with open_recording(place) as recording:
            windows, labels = _windows(recording)
        content += windows
        label += labels
        group += [number] * len(windows)
    if not content:
        raise LearningError(f"{path}: no recording lasts {WINDOW_NS * 1e-9:g} s")
    return Labelled(content, np.array(label, np.int64), np.array(group, np.int64))


def _windows(recording: Recording) -> tuple[list[Window], list[int]]:
    inputs = {str(each.sensor): SensorInput(each, NETWORK.seed) for each in NETWORK.inputs}
    teacher = Pipeline(StreamingNetwork(find_network(TEACHER)))
    heard: dict[str, list[SpikeBatch]] = {
        str(each.sensor): [SpikeBatch.empty(each.shape)] for each in NETWORK.inputs
    }
    turns: dict[int, float] = {}

    def advance(clock_ns: int) -> None:
        for decision in teacher.advance(clock_ns):
            if decision.command and decision.command.velocity:
                turns[decision.step.stop_ns] = decision.command.velocity.angular_rad_s

    for message in recording.messages(TOPICS):
        sensor, content = TOPICS[message.topic], message.decode()
        heard[sensor].append(inputs[sensor].encode(content, message.log_ns).spikes)
        advance(message.log_ns)
        if sensor == "scan":
            teacher.receive(sensor, content, message.log_ns)
    advance(recording.end_ns)
    scan, dvs = (merge(heard[sensor]) for sensor in ("scan", "camera"))
    decided_ns, turn_rad_s = np.array([*turns], np.int64), np.array([*turns.values()])
    windows, labels = [], []
    for first_ns in range(recording.start_ns, recording.end_ns - WINDOW_NS + 1, HOP_NS):
        last = int(np.searchsorted(decided_ns, first_ns + WINDOW_NS, "right")) - 1
        if last >= 0:
            windows.append(Window(_cut(scan, first_ns), _cut(dvs, first_ns)))
            labels.append(_class_of(float(turn_rad_s[last])))
    return windows, labels


def _cut(spikes: SpikeBatch, first_ns: int) -> SpikeBatch:
    window = spikes.between(first_ns, first_ns + WINDOW_NS)
    return SpikeBatch(window.shape, window.address, window.time_ns - first_ns)


def _class_of(turn_rad_s: float) -> int:
    if abs(turn_rad_s) < TURN_RAD_S:
        return FORWARD
    return LEFT if turn_rad_s > 0 else RIGHT


def folds(labelled: Labelled, seed: int) -> list[npt.NDArray[np.bool_]]:
    """Hold out the last recording: a room that no other recording shows."""
    del seed
    return [labelled.group == labelled.group.max()]


def encode(labelled: Labelled) -> Samples:
    """Count the spikes of each tick, of the lidar and then of the camera."""
    scan, dvs = zip(*labelled.content, strict=True)
    parts = [binned(each, TICKS, DT_NS) for each in (scan, dvs)]
    flat = [part.reshape(labelled.size, TICKS, -1) for part in parts]
    return Samples(np.concatenate(flat, axis=2), labelled.label)


def train(labelled: Labelled, seed: int) -> Samples:
    """Take each window as it is and mirrored, so that left and right are alike."""
    del seed
    once = encode(labelled)
    return Samples(
        np.concatenate([once.inputs, mirrored(once.inputs)]),
        np.concatenate([once.label, np.array([FORWARD, RIGHT, LEFT])[once.label]]),
    )


def mirrored(inputs: Amounts) -> Amounts:
    """Swap left and right of sequences, (samples, ticks, channels)."""
    scan, dvs = inputs[..., :SECTORS], inputs[..., SECTORS:]
    pixels = dvs.reshape(*dvs.shape[:-1], 2, ROWS, COLUMNS)[..., ::-1]
    return np.concatenate([scan[..., ::-1], pixels.reshape(dvs.shape)], axis=-1)


def augment(inputs: Amounts, generator: np.random.Generator) -> Amounts:
    """Drop a share of the spikes of the camera, another one in each window; uint8 as it was."""
    share = generator.uniform(0, 1, (len(inputs), 1, 1))
    kept = generator.random(inputs.shape, np.float32) >= share
    kept[..., :SECTORS] = True
    return inputs * kept


RECIPE = SurrogateRecipe(
    name="graph_avoider",
    task="forward, left or right around obstacles, from a lidar and a camera as one graph with "
    "attention, in 150 ms",
    classes=CLASSES,
    source=Source(
        name="five simulated drives of 20 s, each in another room, with what the network "
        f"{TEACHER} commands on their scans",
        citation="neuromorphic simulate --seed 0 (recordings/wheeled_robot) and --seed 1 to 4 "
        "(recordings/room_1 to room_4)",
        licence="Apache-2.0",
        file=str(share_directory() / "recordings"),
        ships=True,
        licence_of_weights="Apache-2.0",
    ),
    split="the whole drive in the last room, wheeled_robot, whose windows overlap by a third; the "
    "classes are those of the teacher on the same scans, not what a person would do",
    spec=NETWORK,
    parameters={"epochs": 10, "batch": 32, "learning_rate": 1e-2},
    read=read,
    folds=folds,
    encode=encode,
    train=train,
    augment=augment,
    complete=complete,
)
