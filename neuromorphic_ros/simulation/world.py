"""A walled room with obstacles, drawn from a seed and described in MJCF."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.engine import load_mujoco
from neuromorphic_ros.simulation.readings import Pose2D

mujoco = load_mujoco()

ROOM_LENGTH_M = 8.0
ROOM_WIDTH_M = 6.0
START = Pose2D(-3.0, 0.0, 0.0)
BALL_RADIUS_M = 0.25

_WALL_HEIGHT_M = 1.2
_WALL_THICKNESS_M = 0.1
_START_CLEARANCE_M = 1.0
_PASSAGE_M = 0.75
_GOAL_CLEARANCE_M = 0.7
_GOAL_DISTANCE_M = 4.0
# A layout may fill up early; then another one is drawn rather than ever more candidates.
_LAYOUTS = 20
_DRAWS_PER_LAYOUT = 2000

_BALL_LANE_X_M = 0.5
_BALL_SWING_M = 1.6
_BALL_PERIOD_S = 24.0

# Contacts take the larger condim of the two geoms: 1 on the floor and the caster lets the caster
# slide freely while the wheels, with 4, grip. Ellipsoids roll on one point each; the edges of
# cylinders would rattle in the accelerometer. The camera's fovy makes 90 degrees of 4:3 width.
_ROOM_MJCF = """
<mujoco model="room">
  <option timestep="0.002" integrator="implicitfast" cone="elliptic" impratio="10"/>
  <visual>
    <global offwidth="640" offheight="480"/>
    <quality shadowsize="0" offsamples="0"/>
    <headlight ambient="0.45 0.45 0.45" diffuse="0.5 0.5 0.5" specular="0 0 0"/>
    <map znear="0.005"/>
  </visual>
  <asset>
    <texture name="sky" type="skybox" builtin="gradient" width="64" height="384"
             rgb1="0.75 0.75 0.75" rgb2="0.9 0.9 0.9"/>
    <texture name="tiles" type="2d" builtin="checker" width="128" height="128"
             rgb1="0.35 0.35 0.35" rgb2="0.55 0.55 0.55"/>
    <texture name="panels" type="cube" builtin="checker" width="128" height="128"
             rgb1="0.55 0.55 0.55" rgb2="0.8 0.8 0.8"/>
    <texture name="squares" type="cube" builtin="checker" width="128" height="128"
             rgb1="0.1 0.1 0.1" rgb2="0.95 0.95 0.95"/>
    <material name="floor" texture="tiles" texrepeat="1 1" texuniform="true" reflectance="0"/>
    <material name="wall" texture="panels" texrepeat="2 2" texuniform="true"/>
    <material name="obstacle" texture="squares" texrepeat="4 4" texuniform="true"/>
  </asset>
  <worldbody>
    <geom name="floor" type="plane" size="5 4 0.1" material="floor" condim="1"/>
    <body name="ball" mocap="true"/>
    <body name="base_link">
      <freejoint/>
      <geom type="cylinder" size="0.17 0.05" pos="0 0 0.08" mass="0.5" group="3"/>
      <geom type="box" size="0.08 0.08 0.03" pos="-0.03 0 0.08" mass="2" group="3"/>
      <geom type="sphere" size="0.02" pos="-0.13 0 0.02" mass="0.05" condim="1" group="3"/>
      <site name="base_scan" pos="0 0 0.2"/>
      <site name="imu_link" pos="0 0 0.05"/>
      <camera name="camera_link" pos="0.12 0 0.2" xyaxes="0 -1 0 0 0 1" fovy="73.7398"/>
      <body name="left_wheel" pos="0 0.12 0.05">
        <joint name="left_axle" axis="0 1 0" damping="0.001" armature="0.002"/>
        <geom type="ellipsoid" size="0.05 0.012 0.05" mass="0.15"
              condim="4" friction="1 0.005 0.0001" group="3"/>
      </body>
      <body name="right_wheel" pos="0 -0.12 0.05">
        <joint name="right_axle" axis="0 1 0" damping="0.001" armature="0.002"/>
        <geom type="ellipsoid" size="0.05 0.012 0.05" mass="0.15"
              condim="4" friction="1 0.005 0.0001" group="3"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <velocity name="left_motor" joint="left_axle" kv="0.3"
              ctrlrange="-20 20" forcerange="-0.2 0.2"/>
    <velocity name="right_motor" joint="right_axle" kv="0.3"
              ctrlrange="-20 20" forcerange="-0.2 0.2"/>
  </actuator>
  <sensor>
    <gyro name="gyro" site="imu_link"/>
    <accelerometer name="accelerometer" site="imu_link"/>
    <velocimeter name="velocity" site="imu_link"/>
  </sensor>
</mujoco>
"""


class Obstacle(NamedTuple):
    """Place one upright obstacle; `radius_m` is half the side of a box."""

    kind: Literal["cylinder", "box"]
    x_m: float
    y_m: float
    heading_rad: float
    radius_m: float
    height_m: float

    @property
    def reach_m(self) -> float:
        """Radius of the circle around it."""
        return self.radius_m * (math.sqrt(2.0) if self.kind == "box" else 1.0)


class BallPose(NamedTuple):
    """Place the rolling ball: position in metres and a unit quaternion (w, x, y, z)."""

    position_m: tuple[float, float, float]
    orientation: tuple[float, float, float, float]


def place_obstacles(generator: np.random.Generator, count: int) -> tuple[Obstacle, ...]:
    """Draw `count` obstacles that leave the start, the ball's lane and passages between them free.

    Raises BackendError if they do not fit.
    """
    for _ in range(_LAYOUTS):
        placed: list[Obstacle] = []
        for _ in range(_DRAWS_PER_LAYOUT):
            if len(placed) == count:
                return tuple(placed)
            candidate = _draw_obstacle(generator)
            if _is_free(candidate, placed):
                placed.append(candidate)
    raise BackendError(
        f"{count} obstacles do not fit a room of {ROOM_LENGTH_M:g} x {ROOM_WIDTH_M:g} m; "
        "ask for fewer"
    )


def free_pose(
    generator: np.random.Generator, obstacles: tuple[Obstacle, ...], time_s: float, free_m: float
) -> Pose2D:
    """Draw a pose without wall, obstacle or ball within `free_m`.

    Raises BackendError if there is none.
    """
    ball_x_m, ball_y_m, _ = ball_pose(time_s).position_m
    for _ in range(_DRAWS_PER_LAYOUT):
        x_m = generator.uniform(-0.5, 0.5) * ROOM_LENGTH_M
        y_m = generator.uniform(-0.5, 0.5) * ROOM_WIDTH_M
        gap_m = min(
            ROOM_LENGTH_M / 2 - abs(x_m),
            ROOM_WIDTH_M / 2 - abs(y_m),
            math.hypot(x_m - ball_x_m, y_m - ball_y_m) - BALL_RADIUS_M,
            *(math.hypot(x_m - one.x_m, y_m - one.y_m) - one.reach_m for one in obstacles),
        )
        if gap_m >= free_m:
            return Pose2D(x_m, y_m, generator.uniform(-math.pi, math.pi))
    raise BackendError(f"no place in the room is free within {free_m:g} m; ask for less")


def draw_goal(seed: int, obstacles: tuple[Obstacle, ...]) -> tuple[float, float]:
    """Draw a place to go to [m], 4 m from the start at least and 0.7 m from anything that stands.

    Out of the way of the ball too. Raises BackendError if there is none.
    """
    generator = np.random.default_rng((seed, 1))
    for _ in range(_DRAWS_PER_LAYOUT):
        x_m, y_m, _ = free_pose(generator, obstacles, 0.0, _GOAL_CLEARANCE_M)
        off_lane_m = math.hypot(x_m - _BALL_LANE_X_M, max(abs(y_m) - _BALL_SWING_M, 0.0))
        far = math.hypot(x_m - START.x_m, y_m - START.y_m) >= _GOAL_DISTANCE_M
        if far and off_lane_m >= BALL_RADIUS_M + _GOAL_CLEARANCE_M:
            return x_m, y_m
    raise BackendError(f"no place is free {_GOAL_DISTANCE_M:g} m from the start")


def ball_pose(time_s: float) -> BallPose:
    """Return where the ball is that rolls to and fro across the room."""
    y_m = _BALL_SWING_M * math.cos(2.0 * math.pi * time_s / _BALL_PERIOD_S)
    half_roll_rad = -0.5 * y_m / BALL_RADIUS_M
    return BallPose(
        (_BALL_LANE_X_M, y_m, BALL_RADIUS_M),
        (math.cos(half_roll_rad), math.sin(half_roll_rad), 0.0, 0.0),
    )


def build_world(obstacles: tuple[Obstacle, ...]) -> Any:
    """Compile the room, the ball, the robot at `START` and `obstacles` to a mujoco.MjModel."""
    spec = mujoco.MjSpec.from_string(_ROOM_MJCF)
    spec.body("ball").add_geom(
        type=mujoco.mjtGeom.mjGEOM_SPHERE, size=(BALL_RADIUS_M, 0.0, 0.0), material="obstacle"
    )
    robot = spec.body("base_link")
    robot.pos = (START.x_m, START.y_m, 0.0)
    robot.quat = _turned(START.heading_rad)
    _add_walls(spec)
    for obstacle in obstacles:
        _add_obstacle(spec, obstacle)
    return spec.compile()


def _draw_obstacle(generator: np.random.Generator) -> Obstacle:
    return Obstacle(
        kind="box" if generator.random() < 0.5 else "cylinder",
        x_m=generator.uniform(-0.5, 0.5) * ROOM_LENGTH_M,
        y_m=generator.uniform(-0.5, 0.5) * ROOM_WIDTH_M,
        heading_rad=generator.uniform(0.0, math.pi / 2.0),
        radius_m=generator.uniform(0.12, 0.25),
        height_m=generator.uniform(0.4, 0.8),
    )


def _is_free(candidate: Obstacle, others: list[Obstacle]) -> bool:
    x_m, y_m, reach_m = candidate.x_m, candidate.y_m, candidate.reach_m
    to_wall_m = min(ROOM_LENGTH_M / 2 - abs(x_m), ROOM_WIDTH_M / 2 - abs(y_m))
    to_start_m = math.hypot(x_m - START.x_m, y_m - START.y_m)
    to_lane_m = math.hypot(x_m - _BALL_LANE_X_M, max(abs(y_m) - _BALL_SWING_M, 0.0))
    return (
        to_wall_m >= reach_m + _PASSAGE_M
        and to_start_m >= reach_m + _START_CLEARANCE_M
        and to_lane_m >= reach_m + BALL_RADIUS_M + _PASSAGE_M
        and all(
            math.hypot(x_m - other.x_m, y_m - other.y_m) >= reach_m + other.reach_m + _PASSAGE_M
            for other in others
        )
    )


def _add_walls(spec: Any) -> None:
    thick_m, half_height_m = _WALL_THICKNESS_M / 2, _WALL_HEIGHT_M / 2
    away_x_m, away_y_m = ROOM_LENGTH_M / 2 + thick_m, ROOM_WIDTH_M / 2 + thick_m
    sides = (
        ((away_x_m, 0.0), (thick_m, away_y_m)),
        ((-away_x_m, 0.0), (thick_m, away_y_m)),
        ((0.0, away_y_m), (away_x_m, thick_m)),
        ((0.0, -away_y_m), (away_x_m, thick_m)),
    )
    for (x_m, y_m), (half_x_m, half_y_m) in sides:
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=(x_m, y_m, half_height_m),
            size=(half_x_m, half_y_m, half_height_m),
            material="wall",
        )


def _add_obstacle(spec: Any, obstacle: Obstacle) -> None:
    half_height_m = obstacle.height_m / 2
    if obstacle.kind == "box":
        shape = mujoco.mjtGeom.mjGEOM_BOX
        size = (obstacle.radius_m, obstacle.radius_m, half_height_m)
    else:
        shape = mujoco.mjtGeom.mjGEOM_CYLINDER
        size = (obstacle.radius_m, half_height_m, 0.0)
    spec.worldbody.add_geom(
        type=shape,
        pos=(obstacle.x_m, obstacle.y_m, half_height_m),
        quat=_turned(obstacle.heading_rad),
        size=size,
        material="obstacle",
    )


def _turned(heading_rad: float) -> tuple[float, float, float, float]:
    return (math.cos(heading_rad / 2), 0.0, 0.0, math.sin(heading_rad / 2))
