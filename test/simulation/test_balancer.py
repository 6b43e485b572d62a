from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import BackendError

pytest.importorskip("mujoco", reason="needs pip install 'neuromorphic_ros[simulation]'")

from neuromorphic_ros.simulation.balancer import (
    DELAY_NS,
    GYRO_BIAS_RAD_S,
    PUSH_NS,
    PUSH_PERIOD_NS,
    START_TILT_RAD,
    TILT_BIAS_RAD,
    WHEEL_RADIUS_M,
    Balancer,
)
from neuromorphic_ros.simulation.plant import TICK_NS
from neuromorphic_ros.simulation.readings import ACCELEROMETER_NOISE_M_S2, GYRO_NOISE_RAD_S

SECOND_NS = 1_000_000_000

Sensed = dict[str, list[Mapping[str, Any]]]


def run(
    robot: Balancer, duration_ns: int, speed_m_s: Callable[[Balancer], float] = lambda robot: 0.0
) -> Sensed:
    """Return the messages by topic, commanding a speed every 10 ms."""
    sensed: Sensed = {"/imu": [], "/joint_states": []}
    for elapsed_ns in range(0, duration_ns, TICK_NS):
        robot.step(elapsed_ns)
        for sample in robot.sense(elapsed_ns):
            sensed[sample.topic].append(sample.fields)
        robot.command(speed_m_s(robot), 0.0)
    return sensed


class Feedback:
    """Balance by the true tilt."""

    def __init__(self) -> None:
        self.speed_m_s = self.before_rad = 0.0

    def __call__(self, robot: Balancer) -> float:
        rate_rad_s = (robot.tilt_rad - self.before_rad) * SECOND_NS / TICK_NS
        self.before_rad = robot.tilt_rad
        self.speed_m_s += (20.0 * robot.tilt_rad + 2.0 * rate_rad_s) * TICK_NS / SECOND_NS
        return self.speed_m_s


def forward_m_s2(sensed: Sensed) -> np.ndarray[Any, Any]:
    return np.array([each["linear_acceleration"]["x"] for each in sensed["/imu"]])


def test_a_hand_holds_it_until_it_is_commanded() -> None:
    robot = Balancer(0)
    tilt_rad = robot.tilt_rad
    run(robot, SECOND_NS)
    assert not robot.released
    assert robot.tilt_rad == tilt_rad
    assert 0.0 < abs(tilt_rad) < START_TILT_RAD
    robot.command(0.0, 0.1)
    assert robot.released


def test_it_falls_unless_it_balances_and_then_lies_still() -> None:
    robot = Balancer(0)
    run(robot, 2 * SECOND_NS, lambda robot: 1e-6)
    assert robot.in_collision
    tilt_rad = robot.tilt_rad
    robot.step(4 * SECOND_NS)
    assert (robot.in_collision, robot.tilt_rad) == (True, tilt_rad)


def test_a_feedback_of_its_tilt_keeps_it_upright_until_it_is_pushed() -> None:
    robot = Balancer(1, push_n_s=0.0)
    run(robot, 10 * SECOND_NS, Feedback())
    assert not robot.in_collision
    assert abs(robot.tilt_rad) < math.radians(1.0)


@pytest.mark.parametrize("seed", [1, 2])
def test_pushes_tilt_it_as_hard_as_they_are(seed: int) -> None:
    robot = Balancer(seed, push_n_s=0.2)
    robot.command(1e-6, 0.0)
    start_ns, impulse_n_s = robot.push
    assert start_ns == PUSH_PERIOD_NS
    assert 0.1 <= abs(impulse_n_s) <= 0.2
    feedback = Feedback()
    rates = []
    for elapsed_ns in range(0, start_ns + 2 * PUSH_NS, TICK_NS):
        robot.step(elapsed_ns)
        (reading, *_) = robot.sense(elapsed_ns)
        rates.append(reading.fields["angular_velocity"]["y"])
        robot.command(feedback(robot), 0.0)
    # About the axle of a body whose wheels are held by their motors.
    inertia = 1.0 * 0.1**2 + 1.0 / 12.0 * (0.06**2 + 0.2**2)
    assert rates[-1] - rates[start_ns // TICK_NS] == pytest.approx(
        impulse_n_s * 0.12 / inertia, rel=0.35
    )
    assert robot.push.start_ns == start_ns + PUSH_PERIOD_NS


def test_the_accelerometer_feels_gravity_along_a_board_that_is_not_level() -> None:
    tilts = []
    for seed in range(8):
        robot = Balancer(seed)
        told = forward_m_s2(run(robot, SECOND_NS))
        assert told.std() == pytest.approx(ACCELEROMETER_NOISE_M_S2, rel=0.3)
        tilts.append(math.asin(-told.mean() / 9.81) - robot.tilt_rad)
    assert np.abs(tilts).max() < TILT_BIAS_RAD + 2e-3
    assert np.std(tilts) > 0.2 * TILT_BIAS_RAD


def test_the_gyroscope_has_noise_and_a_bias() -> None:
    biases = []
    for seed in range(8):
        told = [each["angular_velocity"]["y"] for each in run(Balancer(seed), SECOND_NS)["/imu"]]
        assert np.std(told) == pytest.approx(GYRO_NOISE_RAD_S, rel=0.3)
        biases.append(np.mean(told))
    assert 0.2 * GYRO_BIAS_RAD_S < np.std(biases) < GYRO_BIAS_RAD_S


def test_a_command_turns_the_wheels_late_and_as_fast_as_it_says() -> None:
    robot = Balancer(0)
    sensed = run(robot, SECOND_NS // 4, lambda robot: 0.2)["/joint_states"]
    speed = np.array([each["velocity"][0] for each in sensed])
    assert np.all(np.abs(speed[: DELAY_NS // (2 * TICK_NS)]) < 0.01)
    assert speed[-1] == pytest.approx(0.2 / WHEEL_RADIUS_M, rel=0.1)
    assert sensed[0]["name"] == ["left_wheel", "right_wheel"]
    assert robot.travel_m > 0.02


def test_it_turns_on_the_spot() -> None:
    robot = Balancer(0, push_n_s=0.0)
    feedback = Feedback()
    for elapsed_ns in range(0, SECOND_NS, TICK_NS):
        robot.step(elapsed_ns)
        robot.command(feedback(robot), 1.0)
    left, right = robot.sense(SECOND_NS)[1].fields["velocity"]
    assert right - left == pytest.approx(1.0 * 0.16 / WHEEL_RADIUS_M, rel=0.1)
    assert robot.sense(SECOND_NS)[0].fields["angular_velocity"]["z"] == pytest.approx(1.0, abs=0.15)


def test_a_seed_below_zero_is_refused() -> None:
    with pytest.raises(BackendError, match="seed -1"):
        Balancer(-1)
