from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from neuromorphic_ros.errors import BackendError

pytest.importorskip("mujoco", reason="needs pip install 'neuromorphic_ros[simulation]'")

from neuromorphic_ros.simulation.world import (
    BALL_RADIUS_M,
    ROOM_LENGTH_M,
    ROOM_WIDTH_M,
    START,
    ball_pose,
    build_world,
    draw_goal,
    free_pose,
    place_obstacles,
)


@pytest.mark.parametrize("seed", range(20))
def test_obstacles_stand_inside_the_room_and_leave_passages(seed: int) -> None:
    obstacles = place_obstacles(np.random.default_rng(seed), 10)

    assert len(obstacles) == 10
    for obstacle in obstacles:
        assert abs(obstacle.x_m) + obstacle.reach_m < ROOM_LENGTH_M / 2
        assert abs(obstacle.y_m) + obstacle.reach_m < ROOM_WIDTH_M / 2
        assert math.hypot(obstacle.x_m - START.x_m, obstacle.y_m - START.y_m) > 1.0
    for one, other in combinations(obstacles, 2):
        gap_m = math.hypot(one.x_m - other.x_m, one.y_m - other.y_m) - one.reach_m - other.reach_m
        assert gap_m >= 0.75


def test_a_seed_is_a_room() -> None:
    rooms = [place_obstacles(np.random.default_rng(seed), 10) for seed in (3, 3, 4)]

    assert rooms[0] == rooms[1]
    assert rooms[0] != rooms[2]


def test_too_many_obstacles_are_refused() -> None:
    with pytest.raises(BackendError, match="200 obstacles do not fit"):
        place_obstacles(np.random.default_rng(0), 200)


def test_a_free_pose_is_far_from_everything() -> None:
    generator = np.random.default_rng(0)
    obstacles = place_obstacles(generator, 10)
    poses = [free_pose(generator, obstacles, 7.0, 0.7) for _ in range(100)]

    ball_x_m, ball_y_m, _ = ball_pose(7.0).position_m
    for x_m, y_m, _ in poses:
        assert abs(x_m) <= ROOM_LENGTH_M / 2 - 0.7
        assert abs(y_m) <= ROOM_WIDTH_M / 2 - 0.7
        assert math.hypot(x_m - ball_x_m, y_m - ball_y_m) >= BALL_RADIUS_M + 0.7
        for obstacle in obstacles:
            gap_m = math.hypot(x_m - obstacle.x_m, y_m - obstacle.y_m) - obstacle.reach_m
            assert gap_m >= 0.7
    assert np.std(poses, axis=0) == pytest.approx([2.0, 1.4, 1.8], rel=0.3)


def test_without_room_there_is_no_free_pose() -> None:
    with pytest.raises(BackendError, match="no place in the room is free within 4 m"):
        free_pose(np.random.default_rng(0), (), 0.0, 4.0)


@pytest.mark.parametrize("seed", range(10))
def test_a_goal_is_far_from_the_start_and_out_of_every_way(seed: int) -> None:
    obstacles = place_obstacles(np.random.default_rng(seed), 10)
    x_m, y_m = draw_goal(seed, obstacles)

    assert (x_m, y_m) == draw_goal(seed, obstacles)
    assert math.hypot(x_m - START.x_m, y_m - START.y_m) >= 4.0
    for obstacle in obstacles:
        assert math.hypot(x_m - obstacle.x_m, y_m - obstacle.y_m) >= obstacle.reach_m + 0.7
    for time_s in np.arange(0.0, 24.0, 0.5):
        ball_x_m, ball_y_m, _ = ball_pose(time_s).position_m
        assert math.hypot(x_m - ball_x_m, y_m - ball_y_m) >= BALL_RADIUS_M + 0.7


def test_the_ball_never_meets_an_obstacle() -> None:
    obstacles = place_obstacles(np.random.default_rng(0), 10)

    for time_s in np.arange(0.0, 30.0, 0.25):
        x_m, y_m, _ = ball_pose(time_s).position_m
        for obstacle in obstacles:
            distance_m = math.hypot(x_m - obstacle.x_m, y_m - obstacle.y_m)
            assert distance_m > BALL_RADIUS_M + obstacle.reach_m


def test_the_ball_rolls_without_slipping() -> None:
    before, after = ball_pose(5.0), ball_pose(5.01)
    travel_m = after.position_m[1] - before.position_m[1]
    roll_rad = 2.0 * (
        math.atan2(*after.orientation[1::-1]) - math.atan2(*before.orientation[1::-1])
    )

    assert roll_rad == pytest.approx(-travel_m / BALL_RADIUS_M)


def test_every_obstacle_is_in_the_model() -> None:
    empty = build_world(())
    furnished = build_world(place_obstacles(np.random.default_rng(0), 7))

    assert furnished.ngeom - empty.ngeom == 7
