"""The navigator: where it turns for what it sees and where it is to go."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.decoding.velocity import Velocity
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.snn.streaming import StreamingNetwork

MS = 1_000_000
START_NS = 1_000 * MS
Things = Mapping[tuple[int, int], float]


class Drive:
    """A robot that stands and sees, and what the navigator would have it do."""

    def __init__(self, variant: str = "") -> None:
        self._pipeline = Pipeline(StreamingNetwork(find_network("navigator", variant)))
        self._clock_ns = START_NS
        self.velocity = Velocity(math.nan, math.nan)
        self.spikes: dict[str, int] = {}

    def told(self, bearing_deg: float, distance_m: float = 5.0) -> Drive:
        """Get a goal."""
        at = {
            "x": distance_m * math.cos(math.radians(bearing_deg)),
            "y": distance_m * math.sin(math.radians(bearing_deg)),
        }
        fields = {"header": self._header(), "pose": {"position": at}}
        message = to_message("geometry_msgs/msg/PoseStamped", fields)
        self._pipeline.receive("goal", message, self._clock_ns)
        self._clock_ns += 10 * MS
        return self

    def sees(self, things: Things, scans: int = 5, odometry_ms: Sequence[int] = (0,)) -> Drive:
        """Take scans of things: from one bearing to another [degrees], at a distance [m].

        odometry_ms: when odometry comes after each scan.
        """
        for _ in range(scans):
            for after_ms in odometry_ms:
                fields = {"header": self._header(after_ms)}
                fields |= {"pose": {"pose": {"orientation": {"w": 1.0}}}}
                message = to_message("nav_msgs/msg/Odometry", fields)
                self._pipeline.receive("odom", message, self._clock_ns + after_ms * MS)
            self._pipeline.receive("scan", self._scan(things), self._clock_ns)
            self._wait(100)
        return self

    def waits(self, ms: int) -> Drive:
        """Get nothing for a time."""
        self._wait(ms)
        return self

    def _wait(self, ms: int) -> None:
        self._clock_ns += ms * MS
        for decision in self._pipeline.advance(self._clock_ns):
            for name, batch in decision.step.spikes.items():
                self.spikes[name] = self.spikes.get(name, 0) + len(batch)
            if decision.command and decision.command.velocity:
                self.velocity = decision.command.velocity

    def _header(self, after_ms: int = 0) -> dict[str, Any]:
        return {"stamp": self._clock_ns + after_ms * MS, "frame_id": "odom"}

    def _scan(self, things: Things) -> Any:
        ranges = np.full(360, 8.0, np.float32)
        for (first, last), range_m in things.items():
            ranges[first + 180 : last + 180] = range_m
        fields = {
            "header": self._header(),
            "angle_min": -math.pi + math.radians(0.5),
            "angle_increment": math.radians(1.0),
            "range_min": 0.1,
            "range_max": 9.0,
            "ranges": ranges,
        }
        return to_message("sensor_msgs/msg/LaserScan", fields)


@pytest.mark.parametrize("variant", ["", "medium", "low"])
@pytest.mark.parametrize("bearing_deg", [-175, -90, -25, -5, 5, 25, 90, 175])
def test_in_the_open_it_turns_to_the_goal(variant: str, bearing_deg: int) -> None:
    linear_m_s, angular_rad_s = Drive(variant).told(bearing_deg).sees({}).velocity
    wanted_rad_s = max(-1.5, min(1.5, 2.0 * math.radians(bearing_deg)))
    assert angular_rad_s == pytest.approx(wanted_rad_s, abs=0.08)
    assert linear_m_s == pytest.approx(0.5 * max(0, 1 - abs(math.radians(bearing_deg))), abs=0.03)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("variant", ["", "low"])
def test_it_passes_an_obstacle_on_the_shorter_side(variant: str, side: int) -> None:
    first, last = sorted((side * 20, -side * 40))
    velocity = Drive(variant).told(5 * side).sees({(first, last): 0.7}).velocity
    assert velocity.angular_rad_s * side > 0.5


def test_it_keeps_the_side_that_it_has_taken() -> None:
    wide, shifted = {(-30, 20): 0.7}, {(-20, 40): 0.7}
    assert Drive().told(5).sees(shifted).velocity.angular_rad_s < -0.5
    assert Drive().told(5).sees(wide).sees(shifted).velocity.angular_rad_s > 0.5


def test_it_leaves_a_side_on_which_it_is_trapped() -> None:
    drive, things = Drive().told(5).sees({(-30, 20): 0.7}), {(-20, 40): 0.7}
    assert drive.sees(things, scans=110).velocity.angular_rad_s > 0.5
    assert drive.sees(things, scans=100).velocity.angular_rad_s < -0.5


@pytest.mark.parametrize(("range_m", "half_deg"), [(0.8, 10), (0.6, 20), (0.45, 30), (0.32, 50)])
def test_the_nearer_something_is_the_more_headings_it_blocks(range_m: float, half_deg: int) -> None:
    clear = half_deg + 25
    for side in (-1, 1):
        first, last = sorted((side * clear, side * (clear + 8)))
        assert Drive().told(5).sees({(first, last): range_m}).spikes["straight"] == 5
        first, last = sorted((side * (half_deg - 4), side * half_deg))
        assert Drive().told(side * 5).sees({(first, last): range_m}).spikes["straight"] == 0


def test_what_is_far_is_not_in_the_way() -> None:
    assert Drive().told(5).sees({(-30, 30): 0.95}).spikes["straight"] == 5


def test_surrounded_it_stands() -> None:
    drive = Drive().told(5).sees({}).sees({(-180, 180): 0.5}, scans=6)
    assert drive.velocity.linear_m_s == pytest.approx(0.0, abs=0.01)
    assert drive.velocity.angular_rad_s == pytest.approx(0.0, abs=0.01)


def test_a_gap_behind_is_found_by_the_wave() -> None:
    drive = Drive().told(5).sees({(-180, 110): 0.8, (150, 180): 0.8})
    assert drive.velocity.angular_rad_s > 1.0
    assert drive.velocity.linear_m_s == pytest.approx(0.0, abs=0.01)


def test_a_goal_that_is_reached_stops_it() -> None:
    drive = Drive().told(5, 0.25).sees({})
    assert drive.velocity == pytest.approx((0.0, 0.0), abs=0.01)


def test_it_waits_for_a_goal() -> None:
    drive = Drive().sees({}, odometry_ms=())
    assert drive.velocity == (0.0, 0.0)
    assert drive.spikes.get("motor", 0) == 0


def test_without_odometry_it_stands_soon() -> None:
    drive = Drive().told(5).sees({})
    assert drive.velocity.linear_m_s > 0.4
    assert drive.sees({}, 8, odometry_ms=()).velocity.linear_m_s == pytest.approx(0.0, abs=0.01)


def test_without_scans_it_stands_soon() -> None:
    drive = Drive().told(5).sees({}).waits(1000)
    assert drive.velocity.linear_m_s == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("late_ms", range(20))
def test_it_decides_whenever_odometry_comes(late_ms: int) -> None:
    drive = Drive().told(5)
    for _ in range(3):
        drive.sees({}, scans=1, odometry_ms=range(late_ms, 100, 20))
    assert drive.velocity.linear_m_s > 0.4
    assert drive.spikes["aim"] == drive.spikes["straight"] == 3
