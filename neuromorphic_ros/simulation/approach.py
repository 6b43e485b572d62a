"""A wheeled robot with a camera before something that it is about to hit, or to pass."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.ray_camera import RayCamera, Room, Thing
from neuromorphic_ros.simulation.readings import Pose2D, Velocity2D
from neuromorphic_ros.simulation.sensor_sample import START_NS, SensorSample, image, odometry
from neuromorphic_ros.simulation.texture import draw_texture

CAMERA_WIDTH, CAMERA_HEIGHT = 96, 72
CAMERA_FIELD_RAD = math.radians(75.0)
BODY_RADIUS_M = 0.17

_CAMERA_AHEAD_M, _CAMERA_ABOVE_M = 0.12, 0.2
_CAMERA_PERIOD_NS = 40_000_000
_ODOMETRY_PERIOD_NS = 100_000_000
_STEP_NS = 2_000_000
_MOTOR_TAU_S = 0.05
_PIXEL_NOISE_DN = 1.0


class Scene(NamedTuple):
    """What is in front of the robot; thing: none if it is the wall. light_dn: grey level of white.

    start: where the robot is at first, on its way along x.
    """

    room: Room
    thing: Thing | None
    light_dn: float
    start: Pose2D


class Approach:
    """Drive a robot along x towards a wall, a ball or a box, all drawn from `seed`.

    Distance, offset, size, patterns and light are drawn too. Its wheels follow commands with a
    delay of 50 ms. It needs neither a physics engine nor graphics: `RayCamera` draws the pictures.
    Raises BackendError if the seed is negative, or the clearance is negative or not finite.
    """

    def __init__(self, seed: int, *, camera: bool = True, clearance_m: float | None = None) -> None:
        """clearance_m: how far the robot would pass by the thing; none: it would hit it."""
        if seed < 0:
            raise BackendError(f"seed {seed} must not be negative")
        if clearance_m is not None and not 0.0 <= clearance_m < math.inf:
            raise BackendError(f"clearance {clearance_m} m must not be negative, and finite")
        scene, noise = np.random.SeedSequence(seed).spawn(2)
        self.scene = draw_scene(np.random.default_rng(scene), clearance_m)
        self._noise = np.random.default_rng(noise)
        self._camera = (
            RayCamera(CAMERA_WIDTH, CAMERA_HEIGHT, CAMERA_FIELD_RAD, _CAMERA_ABOVE_M)
            if camera
            else None
        )
        self._pose = self.scene.start
        self._velocity = self._wanted = Velocity2D(0.0, 0.0)
        self._time_ns = 0
        self._collided = False

    @property
    def in_collision(self) -> bool:
        """Whether it touched the thing or a wall during the last `step`."""
        return self._collided

    @property
    def pose(self) -> Pose2D:
        """Where the middle of its axle is."""
        return self._pose

    @property
    def velocity(self) -> Velocity2D:
        """How it moves."""
        return self._velocity

    @property
    def gap_m(self) -> float:
        """How far it could drive straight along x before it touches something."""
        x_m, y_m, _ = self._pose
        room, thing = self.scene.room, self.scene.thing
        gap_m = room.front_m - x_m - BODY_RADIUS_M
        if thing is None:
            return gap_m
        aside_m = abs(thing.y_m - y_m)
        if thing.shape == "box":
            aside_m = max(aside_m - thing.radius_m, 0.0)
        reach_m = BODY_RADIUS_M + (thing.radius_m if thing.shape == "ball" else 0.0)
        if aside_m >= reach_m:
            return gap_m
        touches_m = math.sqrt(reach_m**2 - aside_m**2)
        if thing.shape == "box":
            touches_m += thing.radius_m
        return min(gap_m, thing.x_m - touches_m - x_m)

    def command(self, linear_m_s: float, angular_rad_s: float) -> None:
        """Set the velocity that it follows from now on; positive turns left.

        Raises BackendError if a value is not finite.
        """
        if not (math.isfinite(linear_m_s) and math.isfinite(angular_rad_s)):
            raise BackendError(f"command ({linear_m_s}, {angular_rad_s}) must be finite")
        self._wanted = Velocity2D(linear_m_s, angular_rad_s)

    def step(self, until_ns: int) -> None:
        """Advance to the first step at or after `until_ns`; what it hits stops it."""
        self._collided = False
        step_s = _STEP_NS * 1e-9
        share = -math.expm1(-step_s / _MOTOR_TAU_S)
        while self._time_ns < until_ns:
            linear_m_s, angular_rad_s = (
                now + share * (wanted - now)
                for now, wanted in zip(self._velocity, self._wanted, strict=True)
            )
            x_m, y_m, heading_rad = self._pose
            turned_rad = heading_rad + angular_rad_s * step_s
            moved = Pose2D(
                x_m + linear_m_s * step_s * math.cos(turned_rad),
                y_m + linear_m_s * step_s * math.sin(turned_rad),
                turned_rad,
            )
            if touches(self.scene, moved):
                self._collided = True
                moved, linear_m_s = Pose2D(x_m, y_m, turned_rad), 0.0
            self._pose, self._velocity = moved, Velocity2D(linear_m_s, angular_rad_s)
            self._time_ns += _STEP_NS

    def sense(self, elapsed_ns: int) -> list[SensorSample]:
        """Read the sensors that are due: /odom, the truth, at 10 Hz, /camera/image_raw at 25 Hz."""
        stamp_ns = START_NS + elapsed_ns
        samples = []
        if elapsed_ns % _ODOMETRY_PERIOD_NS == 0:
            samples.append(odometry(stamp_ns, self._pose, self._velocity))
        if self._camera and elapsed_ns % _CAMERA_PERIOD_NS == 0:
            samples.append(image(stamp_ns, self._look(self._camera)))
        return samples

    def close(self) -> None:
        """Do nothing: it holds nothing."""

    def _look(self, camera: RayCamera) -> npt.NDArray[np.uint8]:
        x_m, y_m, heading_rad = self._pose
        eye = Pose2D(
            x_m + _CAMERA_AHEAD_M * math.cos(heading_rad),
            y_m + _CAMERA_AHEAD_M * math.sin(heading_rad),
            heading_rad,
        )
        seen = self.scene.light_dn * camera.render(eye, self.scene.room, self.scene.thing)
        seen += self._noise.normal(0.0, _PIXEL_NOISE_DN, seen.shape)
        return np.asarray(np.rint(seen).clip(0, 255), np.uint8)


def draw_scene(generator: np.random.Generator, clearance_m: float | None) -> Scene:
    """Draw what the robot is about to hit, or to pass by at a distance."""
    textures = [draw_texture(generator) for _ in range(4)]
    kinds = ("wall", "ball", "box") if clearance_m is None else ("ball", "box")
    kind = kinds[generator.integers(len(kinds))]
    distance_m = generator.uniform(1.5, 3.0)
    radius_m = generator.uniform(0.2, 0.35)
    offset_m = generator.uniform(-0.1, 0.1)
    if clearance_m is not None:
        offset_m = math.copysign(BODY_RADIUS_M + radius_m + clearance_m, offset_m)
    # The thing, or the wall, begins at x = 0.
    behind_m = 0.0 if kind == "wall" else 2.0 * radius_m + generator.uniform(1.0, 3.0)
    room = Room(behind_m, -4.0, abs(offset_m) + generator.uniform(1.5, 2.5), 2.4, *textures[:3])
    thing = None
    if kind == "ball":
        thing = Thing("ball", radius_m, 0.0, radius_m, radius_m, textures[3])
    elif kind == "box":
        thing = Thing("box", radius_m, 0.0, radius_m, radius_m, textures[3])
    start = Pose2D(-distance_m - BODY_RADIUS_M, offset_m, 0.0)
    return Scene(room, thing, generator.uniform(100.0, 250.0), start)


def touches(scene: Scene, pose: Pose2D) -> bool:
    """Tell whether the robot's round body touches the thing or a wall."""
    x_m, y_m, _ = pose
    room, thing = scene.room, scene.thing
    to_wall_m = min(room.front_m - x_m, x_m - room.back_m, room.half_width_m - abs(y_m))
    if to_wall_m < BODY_RADIUS_M:
        return True
    if thing is None:
        return False
    along_m, across_m = abs(x_m - thing.x_m), abs(y_m - thing.y_m)
    if thing.shape == "box":
        along_m, across_m = (max(far - thing.radius_m, 0.0) for far in (along_m, across_m))
        return math.hypot(along_m, across_m) < BODY_RADIUS_M
    return math.hypot(along_m, across_m) < BODY_RADIUS_M + thing.radius_m
