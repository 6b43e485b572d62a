"""A walled room with circles and polygons between a start and a goal, drawn from a seed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.readings import Pose2D

SIDE_M = 8.0
CIRCLES = 6
POLYGONS = 4
WALLS = 3

_WALL_THICKNESS_M = 0.15
# Between the robot's middle and anything on the way that is known to exist: 0.15 m beside a body
# of 0.2 m.
_CLEARANCE_M = 0.35
_CELL_M = 0.05
_PLACE_CLEARANCE_M = 0.6
_LEAST_DISTANCE_M = 5.0
_DRAWS = 1000

Mask = npt.NDArray[np.bool_]
Metres = npt.NDArray[np.float64]


class Circle(NamedTuple):
    """An upright cylinder, seen from above."""

    x_m: float
    y_m: float
    radius_m: float


class Polygon(NamedTuple):
    """An upright prism, seen from above; its corners, (x, y) each, run counter-clockwise."""

    corners_m: tuple[tuple[float, float], ...]


Obstacle = Circle | Polygon


class Course(NamedTuple):
    """The room from (0, 0) to (SIDE_M, SIDE_M), where a robot begins and where it is to go."""

    obstacles: tuple[Obstacle, ...]
    start: Pose2D
    goal_x_m: float
    goal_y_m: float


def draw_course(generator: np.random.Generator) -> Course:
    """Draw obstacles, which may touch and make pockets, and two places that a way connects.

    All of the way is 0.35 m wide to both sides. Start and goal are 5 m apart at least and the
    heading at the start is any. The same state of the generator gives the same course.
    Raises BackendError if none is found.
    """
    for _ in range(_DRAWS):
        obstacles = tuple(_draw_obstacles(generator))
        gap_m = _gap_m(obstacles)
        region, _ = ndimage.label(gap_m >= _CLEARANCE_M)
        places = np.argwhere(gap_m >= _PLACE_CLEARANCE_M)
        if len(places) < 2:
            continue
        start, goal = places[generator.integers(len(places), size=2)]
        far = math.dist(start, goal) * _CELL_M >= _LEAST_DISTANCE_M
        if far and region[tuple(start)] == region[tuple(goal)]:
            (start_x_m, start_y_m), (goal_x_m, goal_y_m) = _middle_m(start), _middle_m(goal)
            pose = Pose2D(start_x_m, start_y_m, generator.uniform(-math.pi, math.pi))
            return Course(obstacles, pose, goal_x_m, goal_y_m)
    raise BackendError(f"no course in {_DRAWS} draws has a way from a start to a goal")


def _draw_obstacles(generator: np.random.Generator) -> Iterator[Obstacle]:
    for _ in range(CIRCLES):
        x_m, y_m = generator.uniform(0.0, SIDE_M, 2)
        yield Circle(float(x_m), float(y_m), float(generator.uniform(0.15, 0.5)))
    for _ in range(POLYGONS):
        around = np.sort(generator.uniform(0.0, 2.0 * math.pi, generator.integers(3, 7)))
        corners = np.stack((np.cos(around), np.sin(around)), axis=1)
        yield _polygon(corners * generator.uniform(0.3, 0.7) + generator.uniform(0.0, SIDE_M, 2))
    for _ in range(WALLS):
        half_m = np.array((generator.uniform(0.6, 1.2), _WALL_THICKNESS_M / 2.0))
        corners = np.array(((-1, -1), (1, -1), (1, 1), (-1, 1))) * half_m
        turned_rad = generator.uniform(0.0, math.pi)
        cosine, sine = math.cos(turned_rad), math.sin(turned_rad)
        turned = corners @ np.array(((cosine, sine), (-sine, cosine)))
        yield _polygon(turned + generator.uniform(0.0, SIDE_M, 2))


def _polygon(corners_m: Metres) -> Polygon:
    return Polygon(tuple((float(x_m), float(y_m)) for x_m, y_m in corners_m))


def _middle_m(cell: npt.NDArray[np.int64]) -> tuple[float, float]:
    column, row = (float(index) for index in cell)
    return (column + 0.5) * _CELL_M, (row + 0.5) * _CELL_M


def _gap_m(obstacles: tuple[Obstacle, ...]) -> Metres:
    """Return how far each cell's middle is from anything, float64[x, y]; 0 inside of it."""
    middle_m = (np.arange(round(SIDE_M / _CELL_M)) + 0.5) * _CELL_M
    x_m, y_m = np.meshgrid(middle_m, middle_m, indexing="ij")
    gap_m: Metres = np.minimum.reduce((x_m, SIDE_M - x_m, y_m, SIDE_M - y_m))
    for obstacle in obstacles:
        if isinstance(obstacle, Circle):
            to_middle_m = np.hypot(x_m - obstacle.x_m, y_m - obstacle.y_m)
            gap_m = np.minimum(gap_m, to_middle_m - obstacle.radius_m)
        else:
            gap_m = np.minimum(gap_m, _polygon_gap_m(obstacle, x_m, y_m))
    clipped_m: Metres = np.maximum(gap_m, 0.0)
    return clipped_m


def _polygon_gap_m(polygon: Polygon, x_m: Metres, y_m: Metres) -> Metres:
    inside = np.ones(x_m.shape, np.bool_)
    gap_m = np.full(x_m.shape, math.inf)
    corners = polygon.corners_m
    for (from_x, from_y), (to_x, to_y) in zip(corners, corners[1:] + corners[:1], strict=True):
        along_x, along_y = to_x - from_x, to_y - from_y
        off_x, off_y = x_m - from_x, y_m - from_y
        share = (off_x * along_x + off_y * along_y) / (along_x**2 + along_y**2)
        share = np.clip(share, 0.0, 1.0)
        gap_m = np.minimum(gap_m, np.hypot(off_x - share * along_x, off_y - share * along_y))
        inside &= along_x * off_y - along_y * off_x >= 0.0
    return np.where(inside, 0.0, gap_m)
