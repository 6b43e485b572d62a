"""The avoider for analog hardware steers, slows down and stops, and so it does in PyNN."""

from __future__ import annotations

import math

import behaviour
import numpy as np
import pytest

from neuromorphic_ros.backends.brainscales.brainscales import compile_brainscales
from neuromorphic_ros.backends.brainscales.fit import examine
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.encoding.scan import Scan
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.simulation.sensor_sample import START_NS

S = 1_000_000_000
ANGLES_RAD = np.radians(np.arange(-120, 121))
VARIANTS = ("analog_avoider", "analog_avoider@medium", "analog_avoider@low")


def room(right_m: float, ahead_m: float, left_m: float) -> Scan:
    """Return three arcs around the robot; the one ahead reaches into both sides."""
    sides = [ANGLES_RAD < -behaviour.AHEAD_RAD, ANGLES_RAD > behaviour.AHEAD_RAD]
    ranges = np.select(sides, [right_m, left_m], ahead_m).astype(np.float32)
    return Scan(ranges, ANGLES_RAD[0], np.radians(1.0), 0.05, 10.0)


def shown(scans: list[Scan]) -> list[behaviour.Message]:
    return [
        behaviour.laser_scan(scan, START_NS + index * S // 10) for index, scan in enumerate(scans)
    ]


def last_command(scan: Scan, network: str = VARIANTS[0]) -> tuple[float, float]:
    """Return the velocity after two seconds in front of a scan."""
    messages = shown([scan] * 20)
    commands = behaviour.drive_by(messages, network).at(np.array([messages[-1].stamp_ns]))
    return float(commands.linear_m_s[0]), float(commands.angular_rad_s[0])


@pytest.mark.parametrize("network", VARIANTS)
def test_turns_to_the_freer_side(network: str) -> None:
    _, from_left = last_command(room(3, 3, 0.8), network)
    _, from_right = last_command(room(0.8, 3, 3), network)
    assert from_left < -0.1
    assert from_right > 0.1


@pytest.mark.parametrize("network", VARIANTS)
def test_speed_falls_as_the_way_ahead_gets_shorter(network: str) -> None:
    speeds = [last_command(room(4, ahead_m, 4), network)[0] for ahead_m in (4.0, 1.2, 0.4)]
    assert speeds[0] > speeds[1] > speeds[2]
    assert speeds[0] > 0.35
    assert speeds[2] < 0.15


def test_a_wall_straight_ahead_is_turned_away_from() -> None:
    _, turn_rad_s = last_command(room(0.4, 0.38, 0.4))
    assert turn_rad_s > 0.3


def test_free_space_is_driven_straight() -> None:
    speed_m_s, turn_rad_s = last_command(room(9, 9, 9))
    assert speed_m_s > 0.35
    assert turn_rad_s == 0.0


@pytest.mark.parametrize("value", [math.nan, 0.0])
def test_scans_without_a_valid_return_move_nothing(value: float) -> None:
    commands = behaviour.drive_by(shown([room(value, value, value)] * 10), VARIANTS[0])
    assert not np.any(commands.linear_m_s)
    assert not np.any(commands.angular_rad_s)


def test_motion_ends_with_the_scans() -> None:
    messages = shown([room(4, 4, 4)] * 20)
    commands = behaviour.drive_by(messages, VARIANTS[0])
    assert commands.at(np.array([messages[-1].stamp_ns])).linear_m_s > 0.3
    late = commands.after(messages[-1].stamp_ns + S // 2 + 120_000_000)
    assert late.stamp_ns.size > 0
    assert not np.any(late.linear_m_s)


@pytest.mark.parametrize("network", [*VARIANTS, "analog_robot", "analog_robot@low"])
def test_the_chip_holds_it_without_saturation(network: str) -> None:
    fit = examine(find_network(network))
    assert fit.fits
    assert fit.weight_error < 0.05
    assert not fit.details["saturated"]


def test_commands_in_pynn_are_those_in_float() -> None:
    pytest.importorskip("nest", reason="PyNN is not installed")
    messages = shown([room(3, 3, 0.8)] * 5 + [room(0.8, 1.5, 3)] * 5)
    pipeline = Pipeline(compile_brainscales(find_network(VARIANTS[0]), Options()))
    found = [
        (decision.command.stamp_ns, *decision.command.velocity)
        for decision in behaviour.run(pipeline, "scan", messages)
        if decision.command and decision.command.velocity
    ]
    expected = behaviour.drive_by(messages, VARIANTS[0])
    assert [stamp for stamp, _, _ in found] == expected.stamp_ns.tolist()
    off = np.array([velocity for _, *velocity in found]) - np.stack(expected[1:], axis=1)
    assert np.sqrt(np.mean(off**2, axis=0)) == pytest.approx([0, 0], abs=0.05)
    assert np.abs(expected.angular_rad_s).max() > 0.3
