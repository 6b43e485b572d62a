"""Send a robot to goals through random worlds: the navigator beside VFH+ on the same worlds.

Worlds are those of the seeds S, S + 1, ...: courses that ir-sim simulates, or rooms with a rolling
ball in mujoco. A world is a success if the goal is reached within two minutes and nothing was
touched before. Both drivers get the same scans at 10 Hz and the same odometry and are held to the
same accelerations. Times and paths are means over the worlds that both have done, pJ per metre
those of all counted operations over all metres driven.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from reporting import Row, table

from neuromorphic_ros.decoding.velocity import STANDSTILL, Velocity, VelocityLimits, limit
from neuromorphic_ros.energy.price import price
from neuromorphic_ros.pipeline.closed_loop import drive
from neuromorphic_ros.pipeline.energy_account import priced_on
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.simulation.goal_plant import GoalPlant
from neuromorphic_ros.simulation.plant import TICK_NS
from neuromorphic_ros.simulation.plants import plant_kind
from neuromorphic_ros.simulation.readings import LidarScan
from neuromorphic_ros.simulation.vector_field_histogram import VfhParameters, at_rest, steer_to
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.streaming import StreamingNetwork

NETWORK = "navigator"
TOPICS = {"scan": "/scan", "odom": "/odom", "goal": "/goal_pose"}
# The best of 14 settings on 200 other courses.
VFH = VfhParameters(window_m=1.0, radius_m=0.26, low=1.0, high=2.0)
HARDWARE = ("horowitz_45nm_fp32", "loihi2", "digital_1pj")
LIMIT_NS = 120_000_000_000
SCAN_NS = 100_000_000
DRAWN = 8
COLOURS = {"ours": "tab:red", "baseline": "tab:blue"}

Metres = npt.NDArray[np.float64]


class Trip(NamedTuple):
    """One way through a world.

    arrived: at the goal, without collision. path_m: float64 (scans, 2). counts: of the network.
    """

    arrived: bool
    collided: bool
    time_s: float
    path_m: Metres
    counts: Counts | None = None

    @property
    def length_m(self) -> float:
        """How far it drove."""
        return float(np.hypot(*np.diff(self.path_m, axis=0).T).sum())


def travel(driver: str, robot: str, seed: int) -> Trip:
    """Let a driver, `ours` or `baseline`, bring a robot through the world of a seed."""
    plant = plant_kind(robot).make(seed, False)
    assert isinstance(plant, GoalPlant)
    try:
        return _by_network(plant) if driver == "ours" else _by_histogram(plant)
    finally:
        plant.close()


def _by_network(plant: GoalPlant) -> Trip:
    network = StreamingNetwork(find_network(NETWORK))
    moments = drive(Pipeline(network), plant, TOPICS, LIMIT_NS)
    trip = _followed(plant, (moment.elapsed_ns for moment in moments))
    return trip._replace(counts=network.counts())


def _by_histogram(plant: GoalPlant) -> Trip:
    return _followed(plant, _steered(plant))


def _steered(plant: GoalPlant) -> Iterator[int]:
    """Yield the times of a drive by VFH+, which is asked once per scan."""
    limits, velocity, state = VelocityLimits(), STANDSTILL, at_rest(plant.robot.pose().heading_rad)
    for elapsed_ns in range(0, LIMIT_NS, TICK_NS):
        plant.step(elapsed_ns)
        for sample in plant.sense(elapsed_ns):
            if sample.topic == "/scan":
                x_m, y_m, heading_rad = plant.robot.pose()
                bearing_rad = math.atan2(plant.y_m - y_m, plant.x_m - x_m) - heading_rad
                scan = LidarScan(*(sample.fields[name] for name in LidarScan._fields))
                state, wanted = steer_to(VFH, state, scan, bearing_rad, heading_rad)
                velocity = limit(limits, velocity, Velocity(*wanted), SCAN_NS * 1e-9)
                plant.command(*velocity)
        yield elapsed_ns


def _followed(plant: GoalPlant, times_ns: Iterator[int]) -> Trip:
    """Watch a drive until it arrives, collides or has taken too long."""
    path_m, elapsed_ns = [], 0
    for elapsed_ns in times_ns:
        if elapsed_ns % SCAN_NS == 0:
            path_m.append(plant.robot.pose()[:2])
        if plant.in_collision or plant.arrived:
            break
    arrived = plant.arrived and not plant.in_collision
    return Trip(arrived, plant.in_collision, elapsed_ns * 1e-9, np.array(path_m))


def trips(count: int, seed: int, robot: str = "course") -> dict[str, list[Trip]]:
    """Return the trips of both drivers through `count` worlds, by all processors."""
    work = [(driver, robot, seed + index) for driver in COLOURS for index in range(count)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(travel, *zip(*work, strict=True)))
    return {driver: found[index * count :][:count] for index, driver in enumerate(COLOURS)}


def measure(count: int, seed: int) -> dict[str, dict[str, float]]:
    """Return how both drivers did on `count` courses; success: a share, collisions: worlds."""
    return _scores(trips(count, seed))


def _scores(found: dict[str, list[Trip]]) -> dict[str, dict[str, float]]:
    pairs = list(zip(*found.values(), strict=True))
    both = [index for index, pair in enumerate(pairs) if all(trip.arrived for trip in pair)]
    scores: dict[str, dict[str, float]] = {}
    for driver, driven in found.items():
        done = [driven[index] for index in both]
        scores[driver] = {
            "success": float(np.mean([trip.arrived for trip in driven])),
            "collisions": sum(trip.collided for trip in driven),
            "time_s": float(np.mean([trip.time_s for trip in done])) if done else math.nan,
            "path_m": float(np.mean([trip.length_m for trip in done])) if done else math.nan,
        }
    events = [int(trip.counts.synaptic_events.sum()) for trip in found["ours"] if trip.counts]
    scores["ours"]["synaptic_ops"] = float(np.mean(events))
    scores["ours"]["pj_per_m"] = _pj_per_m(found["ours"], HARDWARE[0])
    return scores


def _pj_per_m(driven: Sequence[Trip], hardware: str) -> float:
    model, dense = priced_on(hardware)
    taken_pj = sum(
        price(trip.counts, trip.time_s, model, dense).dynamic_pj for trip in driven if trip.counts
    )
    return taken_pj / sum(trip.length_m for trip in driven)


def rows(scores: dict[str, dict[str, float]]) -> list[Row]:
    """Return the scores as a table has them."""
    names = list(scores["ours"])
    return [
        {"driver": driver} | {name: score.get(name, "-") for name in names}
        for driver, score in scores.items()
    ]


def energy_rows(driven: Sequence[Trip]) -> list[Row]:
    """Return what a metre takes by the prices of some hardware."""
    return [{"hardware": name, "pj_per_m": _pj_per_m(driven, name)} for name in HARDWARE]


def draw(found: dict[str, list[Trip]], seed: int, path: Path) -> None:
    """Draw the first courses with both ways through them."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.patches import Circle as Disc
    from matplotlib.patches import Polygon as Outline

    from neuromorphic_ros.simulation.course import SIDE_M, Circle
    from neuromorphic_ros.simulation.course_robot import CourseRobot

    shown = min(DRAWN, len(found["ours"]))
    figure, places = plt.subplots(
        math.ceil(shown / 4),
        min(shown, 4),
        figsize=(10.0, 2.6 * math.ceil(shown / 4)),
        squeeze=False,
    )
    for index, axes in enumerate(places.flat[:shown]):
        robot = CourseRobot(seed + index)
        course = robot.course
        robot.close()
        for each in course.obstacles:
            shape = (
                Disc((each.x_m, each.y_m), each.radius_m, color="0.6")
                if isinstance(each, Circle)
                else Outline(each.corners_m, color="0.6")
            )
            axes.add_patch(shape)
        for driver, colour in COLOURS.items():
            axes.plot(*found[driver][index].path_m.T, color=colour, linewidth=1.2, label=driver)
        axes.plot(course.start.x_m, course.start.y_m, "ko", markersize=4)
        axes.plot(course.goal_x_m, course.goal_y_m, "k*", markersize=8)
        axes.set(xlim=(0.0, SIDE_M), ylim=(0.0, SIDE_M), aspect="equal", xticks=[], yticks=[])
        axes.set_title(f"world {seed + index}", fontsize=8)
    for axes in places.flat[shown:]:
        axes.set_visible(False)
    places.flat[0].legend(fontsize=7, loc="upper right")
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main() -> None:
    """Measure and print, or draw, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=100, help="number (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="of the first world (default: 0)")
    parser.add_argument("--robot", default="course", help="course or room (default: course)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--figure", type=Path, help="also draw the first courses there")
    arguments = parser.parse_args()
    if arguments.worlds < 1 or arguments.robot not in ("course", "room"):
        parser.error("it needs a world at least, and a course or a room")
    found = trips(arguments.worlds, arguments.seed, arguments.robot)
    scores = _scores(found)
    if arguments.json:
        print(json.dumps(scores))
    else:
        print(table(rows(scores)), table(energy_rows(found["ours"])), sep="\n\n")
    if arguments.figure and arguments.robot == "course":
        draw(found, arguments.seed, arguments.figure)


if __name__ == "__main__":
    main()
