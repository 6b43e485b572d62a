"""A camera in a room with one thing in it, by casting a ray through every pixel."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.simulation.readings import Pose2D
from neuromorphic_ros.simulation.texture import Metres, Texture

# Rays per pixel along each side: their mean is what a pixel sees.
_RAYS = 2
_NEAREST_M = 1e-3


class Room(NamedTuple):
    """An empty room: back_m <= x <= front_m, -half_width_m <= y <= half_width_m, from the floor up.

    walls, floor, ceiling: what they look like.
    """

    front_m: float
    back_m: float
    half_width_m: float
    height_m: float
    walls: Texture
    floor: Texture
    ceiling: Texture


class Thing(NamedTuple):
    """A ball, or a box with sides along the room's; radius_m is half the side of a box.

    height_m: of its middle.
    """

    shape: Literal["ball", "box"]
    x_m: float
    y_m: float
    height_m: float
    radius_m: float
    texture: Texture


class RayCamera:
    """A pinhole camera that looks ahead, at a height above the floor."""

    def __init__(self, width: int, height: int, field_rad: float, above_m: float) -> None:
        """field_rad: its horizontal field of view."""
        self._size = (height * _RAYS, width * _RAYS)
        self._focal_px = 0.5 * width * _RAYS / math.tan(0.5 * field_rad)
        rows, columns = (np.arange(size) + 0.5 - 0.5 * size for size in self._size)
        self._across, self._up = np.meshgrid(-columns / self._focal_px, -rows / self._focal_px)
        self._above_m = above_m

    def render(self, pose: Pose2D, room: Room, thing: Thing | None) -> npt.NDArray[np.float32]:
        """Return the reflectance that each pixel sees, float32[height, width] from 0 to 1."""
        cosine, sine = math.cos(pose.heading_rad), math.sin(pose.heading_rad)
        # A ray comes 1 m farther ahead per step: the number of steps is the depth.
        ray = np.stack((cosine - sine * self._across, sine + cosine * self._across, self._up))
        eye = np.array((pose.x_m, pose.y_m, self._above_m))
        depth_m, seen = self._room(eye, ray, room)
        if thing is not None:
            ball = thing.shape == "ball"
            thing_m = _ball_depth(eye, ray, thing) if ball else _box_depth(eye, ray, thing)
            nearer = thing_m < depth_m
            place_m = eye[:, None] + ray[:, nearer] * thing_m[nearer]
            u_m, v_m = _on_ball(place_m, thing) if ball else _on_box(place_m)
            seen[nearer] = thing.texture.sample(u_m, v_m, thing_m[nearer] / self._focal_px)
        height, width = (size // _RAYS for size in self._size)
        return np.asarray(
            cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA), np.float32
        )

    def _room(self, eye: Metres, ray: Metres, room: Room) -> tuple[Metres, npt.NDArray[np.float32]]:
        low = np.array((room.back_m, -room.half_width_m, 0.0))
        high = np.array((room.front_m, room.half_width_m, room.height_m))
        ahead = np.where(ray > 0, high[:, None, None], low[:, None, None]) - eye[:, None, None]
        reached = np.divide(ahead, ray, out=np.full(ray.shape, np.inf), where=ray != 0.0)
        axis = reached.argmin(axis=0)
        depth_m: Metres = reached.min(axis=0)
        x_m, y_m, z_m = eye[:, None, None] + ray * depth_m
        pixel_m = depth_m / self._focal_px
        seen = np.empty(depth_m.shape, np.float32)
        for surface, texture, u_m, v_m in (
            (axis == 0, room.walls, y_m, z_m),
            (axis == 1, room.walls, x_m, z_m),
            ((axis == 2) & (ray[2] < 0), room.floor, x_m, y_m),
            ((axis == 2) & (ray[2] > 0), room.ceiling, x_m, y_m),
        ):
            seen[surface] = texture.sample(u_m[surface], v_m[surface], pixel_m[surface])
        return depth_m, seen


def _ball_depth(eye: Metres, ray: Metres, ball: Thing) -> Metres:
    """Return the depth at which each ray meets a ball, inf where it does not."""
    away = eye - (ball.x_m, ball.y_m, ball.height_m)
    square = (ray**2).sum(axis=0)
    half = np.tensordot(away, ray, 1)
    discriminant = half**2 - square * (away @ away - ball.radius_m**2)
    meets = discriminant > 0.0
    depth_m = np.full(square.shape, np.inf)
    depth_m[meets] = (-half[meets] - np.sqrt(discriminant[meets])) / square[meets]
    return np.where(depth_m > _NEAREST_M, depth_m, np.inf)


def _on_ball(place_m: Metres, ball: Thing) -> tuple[Metres, Metres]:
    """Return where places are on a ball, along its equator and along its meridians [m]."""
    x_m, y_m, z_m = place_m - np.array([[ball.x_m], [ball.y_m], [ball.height_m]])
    around_rad = np.arctan2(y_m, -x_m)
    up_rad = np.arcsin(np.clip(z_m / ball.radius_m, -1.0, 1.0))
    return ball.radius_m * around_rad, ball.radius_m * up_rad


def _box_depth(eye: Metres, ray: Metres, box: Thing) -> Metres:
    """Return the depth at which each ray meets a box, inf where it does not (slab method)."""
    middle = np.array((box.x_m, box.y_m, box.height_m)) - eye
    step = 1.0 / np.where(ray == 0.0, np.finfo(float).tiny, ray)
    centre, reach = middle[:, None, None] * step, box.radius_m * np.abs(step)
    depth_m, leaves_m = (centre - reach).max(axis=0), (centre + reach).min(axis=0)
    return np.where((depth_m < leaves_m) & (depth_m > _NEAREST_M), depth_m, np.inf)


def _on_box(place_m: Metres) -> tuple[Metres, Metres]:
    """Return where places are around an upright box, and how high [m]."""
    x_m, y_m, z_m = place_m
    return x_m + y_m, z_m
