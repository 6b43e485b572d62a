from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.pipeline.closed_loop import Moment, drive
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Decision, Pipeline
from neuromorphic_ros.pipeline.tuning import tune
from neuromorphic_ros.simulation.sensor_sample import START_NS
from neuromorphic_ros.snn.streaming import StreamingNetwork

TOPICS = {"imu": "/imu", "joints": "/joint_states"}
S = 1_000_000_000
IMU_NS, JOINTS_NS = S // 100, S // 50
FORWARD, BACK = 0, 3


def pipeline(variant: str = "") -> Pipeline:
    return Pipeline(StreamingNetwork(find_network("balancer", variant)))


def held(
    tilt_rad: float, seconds: float = 3.0, position_rad: float = 0.0, rate_rad_s: float = 0.0
) -> list[Decision]:
    """Return what follows while a hand holds the robot, at a tilt or as it swings forward."""
    running, decisions = pipeline(), []
    for index in range(round(seconds * S / IMU_NS)):
        now_ns = START_NS + index * IMU_NS
        header = {"stamp": now_ns, "frame_id": "imu_link"}
        gravity = {"x": -9.81 * math.sin(tilt_rad), "z": 9.81 * math.cos(tilt_rad)}
        imu = {
            "header": header,
            "angular_velocity": {"y": rate_rad_s},
            "linear_acceleration": gravity,
        }
        running.receive("imu", to_message("sensor_msgs/msg/Imu", imu), now_ns)
        if index % (JOINTS_NS // IMU_NS) == 0:
            joints = {
                "header": header,
                "name": ["left_wheel", "right_wheel"],
                "position": [position_rad] * 2,
                "velocity": [0.0, 0.0],
            }
            running.receive("joints", to_message("sensor_msgs/msg/JointState", joints), now_ns)
        decisions += running.advance(now_ns)
    return decisions


def rate_hz(decisions: list[Decision], population: str, address: int) -> float:
    """Return how often a neuron fired in the last half second."""
    last = decisions[-50:]
    fired = sum(np.sum(each.step.spikes[population].address == address) for each in last)
    return float(fired) * S / (last[-1].step.stop_ns - last[0].step.start_ns)


def speed(decision: Decision) -> float:
    assert decision.command
    assert decision.command.velocity
    return decision.command.velocity.linear_m_s


@pytest.mark.parametrize("tilt_rad", [-0.15, -0.05, 0.03, 0.1])
def test_the_rate_of_tilt_neurons_is_the_tilt_that_gravity_tells(tilt_rad: float) -> None:
    decisions = held(tilt_rad, 5.0)
    lean, other = (0, 1) if tilt_rad > 0.0 else (1, 0)
    assert rate_hz(decisions, "tilt", lean) == pytest.approx(1000 * abs(tilt_rad) / 0.2, rel=0.1)
    assert rate_hz(decisions, "tilt", other) == 0.0


def test_tilt_follows_the_gyroscope_at_once() -> None:
    # 0.5 rad/s for 0.2 s, while gravity still points down.
    decisions = held(0.0, 0.2, rate_rad_s=0.5)
    last = decisions[-3:]
    fired = sum(np.sum(each.step.spikes["tilt"].address == 0) for each in last)
    ticks = (last[-1].step.stop_ns - last[0].step.start_ns) / 1e6
    assert fired / ticks == pytest.approx(0.1 / 0.2, rel=0.25)


@pytest.mark.parametrize(
    "state", [{"tilt_rad": 0.05}, {"tilt_rad": 0.0, "position_rad": 12.0}], ids=str
)
def test_wheels_go_to_where_it_leans_or_has_rolled(state: dict[str, float]) -> None:
    forward = speed(held(**state)[-1])
    back = speed(held(**{name: -value for name, value in state.items()})[-1])
    assert forward > 0.1
    assert back == pytest.approx(-forward, rel=0.1)


def test_it_stands_when_it_is_level_and_at_its_place() -> None:
    # Nothing but gravity along the body, and nothing to do.
    assert all(each.command is None or speed(each) == 0.0 for each in held(0.0, 0.5))


@pytest.fixture
def balancer() -> Iterator[Any]:
    """Return the simulated robot, pushed by up to 0.15 N s."""
    pytest.importorskip("mujoco", reason="needs pip install 'neuromorphic_ros[simulation]'")
    from neuromorphic_ros.simulation.balancer import Balancer

    robot = Balancer(2003)
    yield robot
    robot.close()


@pytest.mark.parametrize("variant", ["", "medium", "low"])
def test_it_balances_through_a_push(balancer: Any, variant: str) -> None:
    tilts, travel_m = [], 0.0
    for _ in drive(pipeline(variant), balancer, TOPICS, 8 * S):
        tilts.append(balancer.tilt_rad)
        travel_m = max(travel_m, balancer.travel_m)
    assert balancer.released
    assert not balancer.in_collision
    assert np.abs(tilts).max() < math.radians(10.0)
    assert travel_m < 1.0


def test_without_its_wheels_it_is_given_no_command(balancer: Any) -> None:
    moments: list[Moment] = list(drive(pipeline(), balancer, {"imu": "/imu"}, S))
    commands = [each.command for moment in moments for each in moment.decisions]
    assert commands
    assert not any(each and each.velocity and any(each.velocity) for each in commands)
    assert not balancer.released


def test_its_gain_is_tuned_while_it_runs(balancer: Any) -> None:
    running = pipeline()
    tune(running.tunables, {"drive.linear_gain_m_s": 0.5})
    for _ in drive(running, balancer, TOPICS, 3 * S):
        pass
    assert balancer.in_collision, "a sixth of the gain does not hold it"
