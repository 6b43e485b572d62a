"""A reference driver: steer towards the freer side, as a network might learn to."""

from __future__ import annotations

import math

import numpy as np

from neuromorphic_ros.simulation.readings import LidarScan, Velocity2D

MAX_LINEAR_M_S = 0.5
MAX_ANGULAR_RAD_S = 1.5

_BODY_RADIUS_M = 0.34
_STOP_M = 0.15
_HORIZON_M = 2.5
_TURN_GAIN_S = 1.6
_HEADINGS_RAD = np.radians(np.arange(-120.0, 121.0, 3.0))
_PREFERENCE = 0.5 + 0.5 * np.cos(_HEADINGS_RAD)


def steer(scan: LidarScan) -> Velocity2D:
    """Choose a velocity that drives straight where there is room and turns where there is more.

    The distance that the robot's disc can travel is computed for every heading; the best one, with
    a preference for straight on, sets the turning rate, and the room ahead sets the speed.
    Within `MAX_LINEAR_M_S` and `MAX_ANGULAR_RAD_S`. The same scan always gives the same velocity.
    """
    seen = np.isfinite(scan.ranges)
    range_m = scan.ranges[seen].astype(np.float64)
    bearing_rad = scan.angles_rad[seen][:, None] - _HEADINGS_RAD
    along_m = range_m[:, None] * np.cos(bearing_rad)
    across_m = range_m[:, None] * np.sin(bearing_rad)
    in_the_way = (np.abs(across_m) < _BODY_RADIUS_M) & (along_m > 0.0)
    reach_m = np.sqrt(np.maximum(_BODY_RADIUS_M**2 - across_m**2, 0.0))
    travel_m = np.where(in_the_way, along_m - reach_m, _HORIZON_M)
    free_m = np.clip(travel_m.min(axis=0, initial=_HORIZON_M), 0.0, _HORIZON_M)

    heading_rad = float(_HEADINGS_RAD[np.argmax(free_m * _PREFERENCE)])
    ahead_m = float(free_m[_HEADINGS_RAD.size // 2])
    speed = min(max(ahead_m - _STOP_M, 0.0), 1.0) * max(math.cos(heading_rad), 0.0)
    turn_rad_s = _TURN_GAIN_S * heading_rad
    return Velocity2D(
        MAX_LINEAR_M_S * speed, min(max(turn_rad_s, -MAX_ANGULAR_RAD_S), MAX_ANGULAR_RAD_S)
    )
