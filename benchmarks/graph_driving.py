"""Measure the avoider by a graph: with and without attention or camera, and beside its teacher.

Accuracy is that on the held-out room, on the robot's engine. `alike` has attention vectors of zero,
so that a node listens to all its neighbours alike; it was not trained again, so that a difference
says what the trained network uses, not what one without attention could learn. The drives are in
simulated rooms that no recording shows, 60 s in each, scans at 10 Hz; `dark` has a covered camera,
as a network that listens to one does not move without its pictures.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from reporting import Row, table

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.learning.classification import evaluate
from neuromorphic_ros.learning.samples import Samples
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.recipes.graph_avoider import RECIPE, SECTORS, TEACHER, TOPICS
from neuromorphic_ros.pipeline.recipes.registry import data_path
from neuromorphic_ros.simulation.plant import TICK_NS
from neuromorphic_ros.simulation.sensor_sample import START_NS
from neuromorphic_ros.simulation.wheeled_robot import CAMERA_HEIGHT, CAMERA_WIDTH, WheeledRobot
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.spec import GivenGraphLayers, NetworkSpec, Population
from neuromorphic_ros.snn.streaming import StreamingNetwork

CAMERA_PERIOD_NS = 50_000_000
ROOMS, DRIVE_S = range(20, 26), 60
MOVES_S = 5


class Drive(NamedTuple):
    """One drive: how often the robot began to touch something, and how far it came [m].

    stuck_s: seconds in whole spans of 5 s in which it moved by less than 5 cm.
    """

    collisions: int
    distance_m: float
    stuck_s: int


def drive(network: NetworkSpec, seed: int, *, camera: bool, duration_s: int = DRIVE_S) -> Drive:
    """Let a network drive the simulated robot through a room."""
    pipeline = Pipeline(StreamingNetwork(network))
    robot = WheeledRobot(seed, camera=camera)
    collisions, touching, path_m = 0, False, []
    for elapsed_ns in range(0, duration_s * 1_000_000_000, TICK_NS):
        robot.step(elapsed_ns)
        now_ns = START_NS + elapsed_ns
        pose = robot.pose()
        path_m.append((pose.x_m, pose.y_m))
        collisions += robot.in_collision and not touching
        touching = robot.in_collision
        for sample in robot.sense(elapsed_ns):
            if sample.topic in TOPICS:
                message = to_message(sample.type_name, sample.fields)
                pipeline.receive(TOPICS[sample.topic], message, now_ns)
        if not camera and elapsed_ns % CAMERA_PERIOD_NS == 0:
            pipeline.receive("camera", black(now_ns), now_ns)
        for decision in pipeline.advance(now_ns):
            if decision.command and decision.command.velocity:
                robot.command(*decision.command.velocity)
    robot.close()
    steps_m = np.hypot(*np.diff(np.array(path_m), axis=0).T)
    span = MOVES_S * 1_000_000_000 // TICK_NS
    spans_m = [steps_m[first : first + span].sum() for first in range(0, steps_m.size, span)]
    stuck_s = MOVES_S * sum(each < 0.05 for each in spans_m)
    return Drive(collisions, float(steps_m.sum()), stuck_s)


def black(stamp_ns: int) -> Any:
    """Return the picture of a covered camera."""
    fields = {
        "header": {"stamp": stamp_ns, "frame_id": "camera_link"},
        "height": CAMERA_HEIGHT,
        "width": CAMERA_WIDTH,
        "encoding": "mono8",
        "step": CAMERA_WIDTH,
        "data": np.zeros(CAMERA_HEIGHT * CAMERA_WIDTH, np.uint8),
    }
    return to_message("sensor_msgs/msg/Image", fields)


def alike(network: NetworkSpec) -> NetworkSpec:
    """Return a network whose nodes listen to all their neighbours alike."""
    return dataclasses.replace(
        network, populations=tuple(_alike(population) for population in network.populations)
    )


def _alike(population: Population) -> Population:
    graph = population.graph
    if not isinstance(graph, GivenGraphLayers):
        return population
    layers = tuple(
        dataclasses.replace(layer, attention=Array(np.zeros(layer.attention.shape)))
        for layer in graph.layers.layers
    )
    spec = dataclasses.replace(graph.layers, layers=layers)
    return dataclasses.replace(population, graph=GivenGraphLayers(graph.nodes, spec))


def silenced(samples: Samples, channels: slice) -> Samples:
    """Return samples without the spikes of some channels."""
    inputs = samples.inputs.copy()
    inputs[..., channels] = 0
    return Samples(inputs, samples.label)


def accuracy_rows() -> Iterator[Row]:
    """Measure on the held-out room."""
    labelled = RECIPE.read(data_path(RECIPE))
    (held_out,) = RECIPE.folds(labelled, 0)
    samples = RECIPE.encode(labelled.take(held_out))
    network = find_model(RECIPE.name).spec()
    for what, spec, given in (
        ("with attention", network, samples),
        ("all neighbours alike", alike(network), samples),
        ("camera dark", network, silenced(samples, slice(SECTORS, None))),
        ("lidar silent", network, silenced(samples, slice(SECTORS))),
    ):
        found = evaluate(spec, given)
        yield {"what": what, "metric": "accuracy", "cases": found.samples, "value": found.accuracy}
    most = float(np.bincount(samples.label).max() / samples.size)
    yield {
        "what": "most frequent class",
        "metric": "accuracy",
        "cases": samples.size,
        "value": most,
    }


def drive_rows(rooms: Sequence[int], camera: bool) -> Iterator[Row]:
    """Measure drives, of the teacher first."""
    network = find_model(RECIPE.name).spec()
    cases = [
        (TEACHER, find_network(TEACHER), False),
        ("graph, camera dark", network, False),
        ("graph, all neighbours alike, camera dark", alike(network), False),
        *([("graph with camera", network, True)] if camera else []),
    ]
    for what, spec, sees in cases:
        drives = [drive(spec, seed, camera=sees) for seed in rooms]
        minutes = len(drives) * DRIVE_S / 60
        for metric, total in (
            ("collisions per minute", math.fsum(each.collisions for each in drives)),
            ("distance per minute [m]", math.fsum(each.distance_m for each in drives)),
            ("stuck per minute [s]", math.fsum(each.stuck_s for each in drives)),
        ):
            yield row(what, metric, len(drives), total / minutes)


def row(what: str, metric: str, cases: int, value: float) -> Row:
    """Make a row of the table; cases: how many windows or drives."""
    return {"what": what, "metric": metric, "cases": cases, "value": value}


def main() -> None:
    """Measure and print, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--camera", action="store_true", help="also drive with it, which is slow")
    arguments = parser.parse_args()
    rows = [*accuracy_rows(), *drive_rows(ROOMS, arguments.camera)]
    print(json.dumps(rows) if arguments.json else table(rows))


if __name__ == "__main__":
    main()
