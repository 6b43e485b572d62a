"""Let the adaptive avoider learn in the simulator, beside itself frozen and the one tuned by hand.

Each seed is another room with other noise and other urges, the same for all three.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from behaviour import laser_scan
from reporting import Row, table
from scipy import stats

from neuromorphic_ros.encoding.scan import Scan, sector_distances
from neuromorphic_ros.learning.reward import DrivingReward, Observation, RewardState, step
from neuromorphic_ros.pipeline.core import CoreParameters
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.online_learning import LearningParameters
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.simulation.sensor_sample import START_NS
from neuromorphic_ros.simulation.wheeled_robot import WheeledRobot
from neuromorphic_ros.simulation.world import free_pose
from neuromorphic_ros.snn.streaming import REWARD, StreamingNetwork

DRIVERS = {
    "learning": ("adaptive_avoider", True),
    "frozen": ("adaptive_avoider", False),
    "tuned by hand": ("obstacle_avoider", False),
}
COLOURS = {"learning": "tab:red", "frozen": "0.5", "tuned by hand": "tab:blue"}
PLASTIC = "near -> motor[1:3]"
GROUPS, LEVELS_M = ("right", "ahead", "left"), np.linspace(1.85, 0.2, 12)
VIEW_RAD = 1.2
SCAN_NS, MINUTE_NS = 100_000_000, 60_000_000_000
# Where a robot is put after a collision, so much is free around it.
FREE_M = 0.7
COMPARED_MINUTES = 3
CELL_M = 0.5

Floats = npt.NDArray[Any]


class Course(NamedTuple):
    """One drive: collisions in each minute, path [m], weights before and after, and its speed.

    per_minute: int64[minutes]. path_m: float64 (scans, 2). distance_m: driven, not carried.
    before, after: float32 (36, 2), empty if nothing learns.
    """

    per_minute: npt.NDArray[np.int64]
    path_m: Floats
    distance_m: float
    before: Floats
    after: Floats
    times_real_time: float


def drive(driver: str, seed: int, minutes: int) -> Course:
    """Drive the simulated robot; after a collision it is put somewhere free and goes on."""
    name, learns = DRIVERS[driver]
    network = StreamingNetwork(dataclasses.replace(find_network(name), seed=seed))
    pipeline = Pipeline(network)
    plastic = pipeline.core.learning
    if plastic:
        plastic.parameters = LearningParameters(freeze=not learns)
    # The robot is commanded once per scan: decisions in between would be lost.
    pipeline.core.parameters = CoreParameters(control_period_ms=SCAN_NS / 1e6)
    robot = WheeledRobot(seed, camera=False)
    places = np.random.default_rng((seed, 1))
    before = network.weights(PLASTIC) if plastic else np.empty(0)
    rule, state = DrivingReward(), RewardState()
    speed_m_s = distance_m = 0.0
    hits = np.zeros(minutes, np.int64)
    path_m = []
    begun_s = time.perf_counter()
    for elapsed_ns in range(0, minutes * MINUTE_NS, SCAN_NS):
        robot.step(elapsed_ns)
        now_ns, scan = START_NS + elapsed_ns, Scan(*robot.scan())
        path_m.append(robot.pose()[:2])
        distance_m += abs(robot.velocity().linear_m_s) * SCAN_NS * 1e-9
        if learns:
            nearest_m = float(sector_distances(scan, 1, -VIEW_RAD, VIEW_RAD)[0])
            seen = Observation(now_ns, nearest_m, speed_m_s, robot.bumped)
            state, reward = step(rule, state, seen)
            pipeline.core.modulate(REWARD, reward, now_ns)
        if robot.bumped:
            hits[elapsed_ns // MINUTE_NS] += 1
            robot.place(free_pose(places, robot.obstacles, elapsed_ns * 1e-9, FREE_M))
            scan = Scan(*robot.scan())
        pipeline.receive("scan", laser_scan(scan, now_ns).content, now_ns)
        for decision in pipeline.advance(now_ns):
            if decision.command and decision.command.velocity:
                robot.command(*decision.command.velocity)
                speed_m_s = decision.command.velocity.linear_m_s
    after = network.weights(PLASTIC) if plastic else before
    faster = 60.0 * minutes / (time.perf_counter() - begun_s)
    return Course(hits, np.array(path_m), distance_m, before, after, faster)


def courses(seeds: int, minutes: int, jobs: int) -> dict[str, list[Course]]:
    """Return the courses of all drivers, by driver and in the order of seeds."""
    work = [(driver, seed) for seed in range(seeds) for driver in DRIVERS]
    run = partial(drive, minutes=minutes)
    if jobs == 1:
        found = [run(*each) for each in work]
    else:
        with ProcessPoolExecutor(jobs) as pool:
            found = list(pool.map(run, *zip(*work, strict=True)))
    return {driver: found[index :: len(DRIVERS)] for index, driver in enumerate(DRIVERS)}


def per_minute(driven: Sequence[Course]) -> Floats:
    """Return collisions per minute, int64 (seeds, minutes)."""
    return np.array([course.per_minute for course in driven])


def first_and_last(driven: Sequence[Course]) -> tuple[Floats, Floats]:
    """Return collisions per minute in the first and the last minutes, float64[seeds] each."""
    hits = per_minute(driven)
    minutes = min(COMPARED_MINUTES, hits.shape[1] // 2)
    return hits[:, :minutes].mean(axis=1), hits[:, -minutes:].mean(axis=1)


def cells(course: Course) -> int:
    """Return how many squares of CELL_M it came through in the last minutes: does it circle?"""
    minutes = min(COMPARED_MINUTES, course.per_minute.size // 2)
    last_m = course.path_m[-minutes * (MINUTE_NS // SCAN_NS) :]
    return len(np.unique(np.floor(last_m / CELL_M), axis=0))


def fewer(low: Floats, high: Floats) -> float:
    """Return the p-value of Wilcoxon's signed-rank test that the first of each pair is lower."""
    if np.array_equal(low, high):
        return 1.0
    return float(stats.wilcoxon(low, high, alternative="less").pvalue)


def rows(found: dict[str, list[Course]]) -> list[Row]:
    """Return what the drivers did: mean and standard deviation over seeds, and p-values."""
    _, frozen = first_and_last(found["frozen"])
    made = []
    for driver, driven in found.items():
        first, last = first_and_last(driven)
        made.append(
            {
                "driver": driver,
                "seeds": len(driven),
                "minutes": len(driven[0].per_minute),
                "first_per_min": float(first.mean()),
                "first_sd": float(first.std(ddof=1)) if first.size > 1 else 0.0,
                "last_per_min": float(last.mean()),
                "last_sd": float(last.std(ddof=1)) if last.size > 1 else 0.0,
                "p_fewer_than_first": fewer(last, first),
                "p_fewer_than_frozen": fewer(last, frozen),
                "cells_last": float(np.mean([cells(each) for each in driven])),
                "distance_m_per_min": float(
                    np.mean([each.distance_m / each.per_minute.size for each in driven])
                ),
                "times_real_time": float(np.mean([each.times_real_time for each in driven])),
            }
        )
    return made


def turning(weights: Floats) -> Floats:
    """Return the mean weight of each group to each turn, (right, ahead, left) x (left, right)."""
    means: Floats = weights.reshape(3, 12, 2).mean(axis=1)
    return means


def weight_rows(learning: Sequence[Course]) -> list[Row]:
    """Return the mean weights of each seed after learning, 1000 times."""
    return [
        {"seed": seed}
        | {
            f"{group} -> {turn}": float(1e3 * turning(course.after)[place, side])
            for place, group in enumerate(GROUPS)
            for side, turn in enumerate(("left", "right"))
        }
        for seed, course in enumerate(learning)
    ]


def draw(found: dict[str, list[Course]], path: Path) -> None:
    """Draw collisions over time, and the weights of the first seed before and after."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(9.0, 3.4), layout="constrained")
    curve, *groups = figure.subplots(1, 4, width_ratios=(3, 1, 1, 1))
    for driver, driven in found.items():
        hits = per_minute(driven)
        minute, mean, spread = np.arange(hits.shape[1]) + 0.5, hits.mean(axis=0), hits.std(axis=0)
        curve.plot(minute, mean, color=COLOURS[driver], label=driver)
        curve.fill_between(
            minute, np.maximum(mean - spread, 0.0), mean + spread, color=COLOURS[driver], alpha=0.2
        )
    curve.set(xlabel="time [min]", ylabel="collisions per minute", xlim=(0, hits.shape[1]))
    curve.set_title(f"mean and standard deviation of {len(driven)} seeds", fontsize=9)
    curve.legend(fontsize=8)
    course = found["learning"][0]
    before, after = course.before.reshape(3, 12, 2), course.after.reshape(3, 12, 2)
    for place, (axes, group) in enumerate(zip(groups, GROUPS, strict=True)):
        axes.plot(LEVELS_M, before[place, :, 0], "--", color="0.5", label="both, before")
        axes.plot(LEVELS_M, after[place, :, 0], color="tab:purple", label="left, after")
        axes.plot(LEVELS_M, after[place, :, 1], color="tab:green", label="right, after")
        axes.set_title(f"something {group}", fontsize=9)
        axes.set(xlabel="within [m]", ylim=(-0.04, 0.13))
        axes.tick_params(labelleft=place == 0)
    groups[0].set_ylabel("weight to a turn, seed 0")
    groups[-1].legend(fontsize=7)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Measure and print, or draw, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="number of rooms (default: 10)")
    parser.add_argument("--minutes", type=int, default=12, help="simulated (default: 12)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--figure", type=Path, help="also draw a figure there")
    arguments = parser.parse_args()
    if arguments.seeds < 1 or arguments.minutes < 2 or arguments.jobs < 1:
        parser.error("it needs a seed, 2 minutes and a process at least")
    found = courses(arguments.seeds, arguments.minutes, arguments.jobs)
    if arguments.json:
        print(json.dumps(rows(found)))
    else:
        print(table(rows(found)), table(weight_rows(found["learning"])), sep="\n\n")
    if arguments.figure:
        draw(found, arguments.figure)


if __name__ == "__main__":
    main()
