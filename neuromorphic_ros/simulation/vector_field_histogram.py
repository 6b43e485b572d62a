"""VFH+, a classical way to a goal around obstacles, to compare with.

Ulrich & Borenstein, "VFH+: Reliable obstacle avoidance for fast mobile robots", ICRA 1998. Each
scan is the active window, in place of a histogram grid; and as the robot turns on the spot, no
heading is masked for its turning circle.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.simulation.readings import LidarScan, Velocity2D

SECTORS = 72

_SECTOR_RAD = 2.0 * math.pi / SECTORS
_MIDDLES_RAD = (np.arange(SECTORS) + 0.5) * _SECTOR_RAD - math.pi
_AHEAD = SECTORS // 2

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, config=STRICT)
class VfhParameters:
    """Parameters of VFH+; weights, wide valley and resolution are those of the paper."""

    window_m: Annotated[float, Field(gt=0, le=100, description="farthest return that counts [m]")]
    radius_m: Annotated[float, Field(gt=0, le=10, description="robot and safety distance [m]")]
    low: Annotated[float, Field(ge=0, description="density below which a sector gets free [1]")]
    high: Annotated[float, Field(ge=0, description="density above which it gets blocked [1]")]
    to_goal: Annotated[float, Field(ge=0, description="cost of turning off the goal [1]")] = 5.0
    to_ahead: Annotated[float, Field(ge=0, description="cost of turning [1]")] = 2.0
    to_last: Annotated[float, Field(ge=0, description="cost of choosing anew [1]")] = 2.0
    wide: Annotated[int, Field(ge=2, description="sectors of a wide valley [1]")] = 16
    linear_m_s: Annotated[float, Field(ge=0, description="speed straight on [m/s]")] = 0.5
    angular_rad_s: Annotated[float, Field(ge=0, description="fastest turn [rad/s]")] = 1.5
    turn_gain_s: Annotated[float, Field(ge=0, description="turn per angle off [1/s]")] = 2.0


class VfhState(NamedTuple):
    """What is remembered of the last scan, in sectors around the robot as it stood then.

    blocked: bool[SECTORS]. chosen: sector. heading_rad: of the robot.
    """

    blocked: Mask
    chosen: int
    heading_rad: float


def at_rest(heading_rad: float) -> VfhState:
    """Return the state before the first scan."""
    return VfhState(np.zeros(SECTORS, np.bool_), _AHEAD, heading_rad)


def steer_to(
    parameters: VfhParameters,
    state: VfhState,
    scan: LidarScan,
    bearing_rad: float,
    heading_rad: float,
) -> tuple[VfhState, Velocity2D]:
    """Choose the velocity towards a goal.

    bearing_rad: of the goal, seen from the robot, positive to the left. heading_rad: of the robot.
    If no heading is free it turns on the spot, to look again.
    """
    p = parameters
    turned = round((heading_rad - state.heading_rad) / _SECTOR_RAD)
    density = _density(p, scan)
    before = np.roll(state.blocked, -turned)
    blocked = (density > p.high) | (before & (density >= p.low))
    last = (state.chosen - turned) % SECTORS
    # Rounding must not add up.
    anchor_rad = state.heading_rad + turned * _SECTOR_RAD
    goal = math.floor(bearing_rad / _SECTOR_RAD + SECTORS / 2) % SECTORS
    candidates = _candidates(blocked, goal, p.wide)
    if not candidates:
        return VfhState(blocked, last, anchor_rad), Velocity2D(0.0, p.angular_rad_s / 3.0)
    costs = [
        p.to_goal * _apart(each, goal)
        + p.to_ahead * _apart(each, _AHEAD)
        + p.to_last * _apart(each, last)
        for each in candidates
    ]
    chosen = candidates[int(np.argmin(costs))]
    off_rad = float(_MIDDLES_RAD[chosen])
    turn_rad_s = max(-p.angular_rad_s, min(p.angular_rad_s, p.turn_gain_s * off_rad))
    velocity = Velocity2D(p.linear_m_s * max(0.0, 1.0 - abs(off_rad)), turn_rad_s)
    return VfhState(blocked, chosen, anchor_rad), velocity


def _density(p: VfhParameters, scan: LidarScan) -> npt.NDArray[np.float64]:
    """Return the polar histogram of obstacles, each enlarged by the robot, float64[SECTORS]."""
    # -inf is nearer than the lidar can tell.
    ranges = np.where(np.isneginf(scan.ranges), scan.range_min, scan.ranges).astype(np.float64)
    near = ranges <= p.window_m
    range_m, angle_rad = ranges[near], scan.angles_rad[near]
    magnitude = 1.0 - (range_m / p.window_m) ** 2
    enlarged_rad = np.arcsin(np.minimum(p.radius_m / np.maximum(range_m, 1e-9), 1.0))
    off_rad = np.abs((_MIDDLES_RAD[:, None] - angle_rad + math.pi) % (2.0 * math.pi) - math.pi)
    density: npt.NDArray[np.float64] = (off_rad <= enlarged_rad) @ magnitude
    return density


def _candidates(blocked: Mask, goal: int, wide: int) -> list[int]:
    """Return the sectors to choose from: of a narrow valley its middle, of a wide one its edges.

    And the goal's, if it lies between them.
    """
    if not blocked.any():
        return [goal]
    first = int(np.argmax(blocked))
    free = ~np.roll(blocked, -first)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], free, [False])).astype(np.int8)))
    found = []
    for begin, end in edges.reshape(-1, 2):
        last = int(end) - 1
        if end - begin <= wide:
            found.append((int(begin) + last) // 2)
            continue
        right, left = int(begin) + wide // 2, last - wide // 2
        found += [right, left]
        ahead = (goal - first) % SECTORS
        if right <= ahead <= left:
            found.append(ahead)
    return [(each + first) % SECTORS for each in found]


def _apart(one: int, other: int) -> int:
    return abs((one - other + SECTORS // 2) % SECTORS - SECTORS // 2)
