"""VFH+ on scans that are made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neuromorphic_ros.simulation.readings import LidarScan, Velocity2D
from neuromorphic_ros.simulation.vector_field_histogram import (
    SECTORS,
    VfhParameters,
    VfhState,
    at_rest,
    steer_to,
)

PARAMETERS = VfhParameters(window_m=1.0, radius_m=0.26, low=1.0, high=2.0)


def scan(*things: tuple[float, float, float]) -> LidarScan:
    """Return a scan of things from one bearing to another [degrees] at a distance [m]."""
    ranges = np.full(360, np.inf, np.float32)
    for first, last, range_m in things:
        ranges[first_beam(first) : first_beam(last)] = range_m
    return LidarScan(ranges, -math.pi, 2.0 * math.pi / 360, 0.1, 8.0)


def first_beam(bearing_deg: float) -> int:
    return round(bearing_deg) + 180


def steered(
    seen: LidarScan, bearing_deg: float = 0.0, state: VfhState | None = None
) -> tuple[VfhState, Velocity2D]:
    return steer_to(PARAMETERS, state or at_rest(0.0), seen, math.radians(bearing_deg), 0.0)


@pytest.mark.parametrize("bearing_deg", [-170, -30, 2, 60])
def test_in_the_open_it_turns_to_the_goal(bearing_deg: float) -> None:
    state, velocity = steered(scan(), bearing_deg)
    assert state.chosen == math.floor((bearing_deg + 180) / 5)
    assert math.copysign(1.0, velocity.angular_rad_s) == math.copysign(1.0, bearing_deg)
    assert abs(velocity.angular_rad_s) <= PARAMETERS.angular_rad_s
    assert (velocity.linear_m_s > 0.0) == (abs(bearing_deg) < 57)


@pytest.mark.parametrize("side", [-1, 1])
def test_it_passes_an_obstacle_on_the_shorter_side(side: int) -> None:
    first, last = sorted((side * 10, -side * 30))
    _, velocity = steered(scan((first, last, 0.6)))
    assert velocity.angular_rad_s * side > 0.0


def test_what_is_farther_than_the_window_does_not_count() -> None:
    assert steered(scan((-180, 180, 1.1)))[1] == steered(scan())[1]


def test_what_is_nearer_than_the_lidar_tells_is_near() -> None:
    blocked = steered(scan((-10, 10, -math.inf)))[0].blocked
    assert blocked[SECTORS // 2]


def test_without_a_free_heading_it_looks_around() -> None:
    state, velocity = steered(scan((-180, 180, 0.3)))
    assert state.blocked.all()
    assert velocity.linear_m_s == 0.0
    assert velocity.angular_rad_s > 0.0


def test_a_blocked_sector_gets_free_below_the_low_threshold_only() -> None:
    faint = scan((-1, 1, 0.5))
    assert not steered(faint)[0].blocked.any()
    full = VfhState(np.ones(SECTORS, np.bool_), SECTORS // 2, 0.0)
    kept = steered(faint, state=full)[0].blocked
    assert kept[SECTORS // 2]
    assert not kept[0]


def test_what_is_remembered_turns_with_the_robot() -> None:
    seen = scan((-1, 1, 0.5))
    before = steered(scan((-10, 10, 0.5)))[0]
    turned_rad = math.radians(20.0)
    after, _ = steer_to(PARAMETERS, before, seen, 0.0, turned_rad)
    expected = np.roll(before.blocked, -4)
    assert after.heading_rad == pytest.approx(turned_rad)
    assert not after.blocked[~expected].any()
