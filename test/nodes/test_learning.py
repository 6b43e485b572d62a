"""Networks that learn in a node: rewards in, weights kept whatever happens to the process."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness import NodeProcess, Robot, eventually, robot_domain

from neuromorphic_ros.snn.learned_weights import load_learned

pytestmark = pytest.mark.ros

SCAN = "sensor_msgs/msg/LaserScan"
LEVEL = "std_msgs/msg/Float32"
NAME = "scan -> motor"
NETWORK = """\
name: learner
dt_ms: 1.0
inputs:
  - name: scan
    sensor: scan
    encoder: scan_rate
    shape: [4]
    parameters: {sectors: 4, near_m: 1.0, far_m: 5.0, max_rate_hz: 500.0, hold_ms: 100.0}
populations:
  - {name: motor, shape: [3]}
projections:
  - {pre: scan, post: motor, weights: 0.7, plasticity: RULE}
readouts:
  - {name: cmd_vel, decoder: differential_drive, population: motor}
"""
# Weights only grow, so that it shows if something begins anew.
PAIRS = "{type: pair_stdp, learning_rate: 5.0e-7, depression: 0.0}"
REWARDED = "{type: reward_stdp, learning_rate: 0.05}"


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as robot:
        publisher = robot.listener.publisher("scan", SCAN)
        robot.listener.repeat(
            publisher,
            lambda: robot.listener.message(
                SCAN,
                {
                    "header": {"stamp": robot.listener.now_ns, "frame_id": "laser"},
                    "angle_min": -3.0,
                    "angle_increment": 2.0,
                    "range_min": 0.1,
                    "range_max": 30.0,
                    "ranges": np.ones(4, np.float32),
                },
            ),
            10.0,
        )
        yield robot


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "learned.safetensors"


def started(robot: Robot, path: Path, rule: str = PAIRS, **parameters: object) -> NodeProcess:
    network = path.with_name("learner.yaml")
    network.write_text(NETWORK.replace("RULE", rule))
    given = {"network": network, "learned_weights": path, "checkpoint_s": 1.0, **parameters}
    return robot.start("pipeline", given)


def weights(path: Path) -> Any:
    return load_learned(path).weights[NAME]


def changed(path: Path, before: Any) -> Any:
    """Wait until other weights than before are kept, and return them."""
    eventually(lambda: not np.array_equal(weights(path), before), "other weights")
    return weights(path)


def test_killed_again_and_again_it_goes_on_from_the_last_whole_file(
    robot: Robot, path: Path
) -> None:
    process = started(robot, path)
    learned = changed(path, np.full((4, 3), 0.7, np.float32))
    for _ in range(3):
        process.signal(signal.SIGKILL)
        process.wait()
        kept = weights(path)
        process = started(robot, path)
        learned = changed(path, kept)
        assert np.all(learned >= kept)
        assert np.any(learned > kept)


@pytest.mark.parametrize("end", ["SIGTERM", "deactivate"])
def test_an_end_keeps_what_was_learned_since_the_last_time(
    robot: Robot, path: Path, end: str
) -> None:
    process = started(robot, path, checkpoint_s=3600.0)
    robot.listener.reports("pipeline: learning", "learning at 1 times the rates")
    rates = robot.listener.collect("rates", "neuromorphic_ros/msg/PopulationRates")
    eventually(lambda: len(rates) > 2, "seconds in which it learns")
    before = weights(path)
    if end == "SIGTERM":
        process.signal(signal.SIGTERM)
        assert process.wait() == 0
    else:
        assert robot.listener.transition("pipeline", "deactivate")
    assert np.all(weights(path) > before)


def test_it_is_frozen_and_goes_on_by_a_parameter(robot: Robot, path: Path) -> None:
    started(robot, path)
    changed(path, np.full((4, 3), 0.7, np.float32))
    assert robot.listener.set_parameters("pipeline", learning__freeze=True) == [""]
    robot.listener.reports("pipeline: learning", "frozen")
    assert robot.listener.transition("pipeline", "deactivate")
    before = weights(path)
    assert robot.listener.transition("pipeline", "activate")
    rates = robot.listener.collect("rates", "neuromorphic_ros/msg/PopulationRates")
    eventually(lambda: len(rates) > 2, "seconds in which it would learn")
    assert np.array_equal(weights(path), before)
    assert robot.listener.set_parameters("pipeline", learning__freeze=False) == [""]
    changed(path, before)


def test_weights_that_drift_too_far_stop_learning_and_are_reported(
    robot: Robot, path: Path
) -> None:
    started(robot, path, **{"learning.max_drift": 0.01})
    robot.listener.reports("pipeline: learning", f"{NAME} has drifted beyond learning.max_drift")
    assert robot.listener.set_parameters("pipeline", learning__max_drift=1.5) != [""]


def test_rewards_teach_and_nonsense_is_named(robot: Robot, path: Path) -> None:
    started(robot, path, REWARDED)
    publisher = robot.listener.publisher("reward", LEVEL)
    level = 2.0

    def reward() -> Any:
        return robot.listener.message(LEVEL, {"data": level})

    robot.listener.repeat(publisher, reward, 20.0)
    robot.listener.reports("pipeline: reward", "reward 2.0 is outside of -1..1")
    level = float("nan")
    robot.listener.reports("pipeline: reward", "reward nan is outside of -1..1")
    assert np.all(weights(path) == np.float32(0.7))
    level = -0.5
    robot.listener.reports("pipeline: reward", "receiving")
    changed(path, np.full((4, 3), 0.7, np.float32))


def test_weights_of_another_network_are_refused_and_stay(robot: Robot, path: Path) -> None:
    process = started(robot, path)
    robot.stop(process)
    before = path.read_bytes()
    network = path.with_name("other.yaml")
    five = NETWORK.replace("sectors: 4", "sectors: 5").replace("shape: [4]", "shape: [5]")
    network.write_text(five.replace("RULE", PAIRS))
    robot.start("pipeline", {"network": network, "learned_weights": path}, until="unconfigured")
    robot.listener.reports("pipeline: lifecycle", "name another file, or remove it to learn anew")
    assert path.read_bytes() == before


def test_a_core_of_its_own_process_learns_too(robot: Robot, path: Path) -> None:
    network = path.with_name("learner.yaml")
    network.write_text(NETWORK.replace("RULE", PAIRS))
    given = {"network": network, "learned_weights": path, "checkpoint_s": 1.0}
    robot.start("spiking_core", given)
    robot.start("scan_encoder", {"network": network})
    changed(path, np.full((4, 3), 0.7, np.float32))
    robot.listener.reports("spiking_core: learned weights", f"kept in {path}")
