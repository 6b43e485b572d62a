"""Courses: rooms with a way through."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation import course
from neuromorphic_ros.simulation.course import (
    CIRCLES,
    POLYGONS,
    SIDE_M,
    WALLS,
    Circle,
    Course,
    Polygon,
    clearance_m,
    draw_course,
)


def drawn(seed: int) -> Course:
    return draw_course(np.random.default_rng(seed))


def test_the_seed_makes_the_course() -> None:
    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


@pytest.mark.parametrize("seed", range(5))
def test_start_and_goal_are_free_and_far_from_each_other(seed: int) -> None:
    made = drawn(seed)
    ends = ((made.start.x_m, made.start.y_m), (made.goal_x_m, made.goal_y_m))
    assert math.dist(*ends) >= 5.0 - 1e-9
    for x_m, y_m in ends:
        assert 0.6 <= min(x_m, y_m) <= max(x_m, y_m) <= SIDE_M - 0.6
        for circle in made.obstacles:
            if isinstance(circle, Circle):
                assert math.dist((x_m, y_m), circle[:2]) >= circle.radius_m + 0.6 - 1e-9


def test_corners_run_counter_clockwise() -> None:
    made = drawn(3)
    polygons = [each for each in made.obstacles if isinstance(each, Polygon)]
    assert len(polygons) == POLYGONS + WALLS
    assert len(made.obstacles) == CIRCLES + POLYGONS + WALLS
    for polygon in polygons:
        x, y = np.array(polygon.corners_m).T
        assert np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) > 0.0


def test_the_gap_to_a_polygon_is_that_to_its_nearest_edge() -> None:
    square = Polygon(((3.0, 3.0), (5.0, 3.0), (5.0, 5.0), (3.0, 5.0)))
    gap_m = clearance_m((square,))
    middle_m = (np.arange(gap_m.shape[0]) + 0.5) * SIDE_M / gap_m.shape[0]

    def at(x_m: float, y_m: float) -> float:
        return float(gap_m[np.abs(middle_m - x_m).argmin(), np.abs(middle_m - y_m).argmin()])

    assert at(4.0, 4.0) == 0.0
    assert at(5.525, 4.0) == pytest.approx(0.525)
    assert at(5.525, 5.725) == pytest.approx(math.hypot(0.525, 0.725))
    assert at(0.025, 4.0) == pytest.approx(0.025)


def test_a_room_without_a_way_is_not_a_course(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "_LEAST_DISTANCE_M", 20.0)
    monkeypatch.setattr(course, "_DRAWS", 3)
    with pytest.raises(BackendError, match="no course in 3 draws"):
        drawn(0)
