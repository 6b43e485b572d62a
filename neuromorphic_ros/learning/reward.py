"""What a driving robot measures, as reward: obstacles that come near or go, and collisions."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT

MAX_GAP_S = 1.0


@dataclass(frozen=True, config=STRICT)
class DrivingReward:
    """How good it is to drive free, to lose an obstacle, and to hit one."""

    far_m: Annotated[
        float, Field(ge=0.1, le=100, description="Nearest return from which on nothing is near [m]")
    ] = 1.25
    touch_m: Annotated[
        float, Field(ge=0, le=10, description="Nearest return that is a collision too [m]")
    ] = 0.0
    max_speed_m_s: Annotated[
        float, Field(ge=0.01, le=10, description="Speed beyond which returns jump [m/s]")
    ] = 0.5
    recede_per_m: Annotated[
        float, Field(ge=0, le=100, description="Reward when the nearest return recedes [1/m]")
    ] = 6.0
    drive_per_m: Annotated[
        float, Field(ge=0, le=100, description="Reward for the way with nothing near [1/m]")
    ] = 0.1
    collision: Annotated[
        float, Field(ge=0, le=1, description="Punishment at every observation of a collision")
    ] = 1.0
    tau_usual_s: Annotated[
        float, Field(ge=0.1, le=1e4, description="Time constant of what is usual [s]")
    ] = 10.0


class Observation(NamedTuple):
    """What a robot measures at a time.

    nearest_m: nearest return of the lidar ahead, inf without any. speed_m_s: as commanded.
    contact: of a bumper.
    """

    stamp_ns: int
    nearest_m: float
    speed_m_s: float
    contact: bool = False


class RewardState(NamedTuple):
    """usual_per_s: mean reward while something is near. nearest_m: the last; none: not to compare.

    stamp_ns: of the last observation; none: there is none yet.
    """

    usual_per_s: float = 0.0
    nearest_m: float | None = None
    stamp_ns: int | None = None


def step(
    parameters: DrivingReward, state: RewardState, seen: Observation
) -> tuple[RewardState, float]:
    """Return the reward of an observation, -1 to 1, beside what is usual.

    A collision is punished. Else, with something near, the reward is how far the nearest return
    receded since the last observation, but no farther than the robot can drive. Of both, what is
    usual is taken off: reward-modulated STDP needs rewards without a mean (Fremaux, Sprekeler &
    Gerstner, J. Neuroscience 30, 13326, 2010). With nothing near, driving is rewarded.
    After a collision nothing is compared, as the robot may have been moved, nor after more than
    MAX_GAP_S, when time goes back or with a nearest return that is NaN: the reward is then 0.
    """
    p = parameters
    hit = seen.contact or seen.nearest_m < p.touch_m
    known = not (hit or math.isnan(seen.nearest_m))
    nearest_m = min(seen.nearest_m, p.far_m) if known else None
    next_state = RewardState(state.usual_per_s, nearest_m, seen.stamp_ns)
    elapsed_s = math.inf if state.stamp_ns is None else (seen.stamp_ns - state.stamp_ns) / 1e9
    if not 0.0 < elapsed_s <= MAX_GAP_S:
        return next_state, -p.collision if hit else 0.0
    if hit:
        reward = -p.collision
    elif nearest_m is None or state.nearest_m is None:
        return next_state, 0.0
    elif nearest_m == state.nearest_m == p.far_m:
        return next_state, _within(p.drive_per_m * max(seen.speed_m_s, 0.0) * elapsed_s, 1.0)
    else:
        moved_m = _within(nearest_m - state.nearest_m, p.max_speed_m_s * elapsed_s)
        reward = p.recede_per_m * moved_m
    share = math.exp(-elapsed_s / p.tau_usual_s)
    usual_per_s = share * state.usual_per_s + (1.0 - share) * reward / elapsed_s
    beside = reward - state.usual_per_s * elapsed_s
    return next_state._replace(usual_per_s=usual_per_s), _within(beside, 1.0)


def _within(value: float, bound: float) -> float:
    return min(max(value, -bound), bound)
