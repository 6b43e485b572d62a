"""The safety of motion: when a command must be zero, and when there must be none."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.decoding.velocity import STANDSTILL, Velocity
from neuromorphic_ros.parameters import STRICT


@dataclass(frozen=True, config=STRICT)
class GuardParameters:
    """Times after which motion stops and commands end.

    The defaults are diff_drive_controller's command timeout and Nav2's stop_pub_timeout.
    """

    input_timeout_s: Annotated[
        float, Field(ge=0.01, le=60, description="Age of the input at which motion stops [s]")
    ] = 0.5
    zero_hold_s: Annotated[
        float, Field(ge=0, le=60, description="Time for which zero is published after a stop [s]")
    ] = 1.0
    max_deadline_misses: Annotated[
        int, Field(ge=1, le=1000, description="Late steps in a row at which motion stops")
    ] = 5


class GuardState(NamedTuple):
    """stopped_ns: when the present stop began; none while moving is allowed."""

    stopped_ns: int | None = None


class GuardDecision(NamedTuple):
    """velocity: to publish; none: publish nothing. reason: why motion is stopped, else empty."""

    velocity: Velocity | None
    reason: str


def guard(
    parameters: GuardParameters,
    state: GuardState,
    now_ns: int,
    wanted: Velocity,
    input_stamp_ns: int | None,
    fault: str = "",
) -> tuple[GuardState, GuardDecision]:
    """Decide what may be published at `now_ns`.

    input_stamp_ns: stamp of the oldest of the newest samples that `wanted` depends on; none: at
    least one sensor has sent nothing. A stamp that is ahead of the clock by more than
    input_timeout_s stops motion too: by it a dead sensor would seem alive. fault: what else forbids
    motion, in words.
    """
    reason = fault or _unfit(parameters, now_ns, wanted, input_stamp_ns)
    if not reason:
        return GuardState(), GuardDecision(wanted, "")
    stopped_ns = now_ns if state.stopped_ns is None else state.stopped_ns
    held = now_ns - stopped_ns <= parameters.zero_hold_s * 1e9
    return GuardState(stopped_ns), GuardDecision(STANDSTILL if held else None, reason)


def stale(input_timeout_s: float, now_ns: int, input_stamp_ns: int | None) -> str:
    """Return why input does not tell what is now, in words; empty: it does."""
    if input_stamp_ns is None:
        return "no input yet"
    age_s = (now_ns - input_stamp_ns) / 1e9
    if age_s > input_timeout_s:
        return f"input is {age_s:.2f} s old, older than input_timeout_s {input_timeout_s}"
    if age_s < -input_timeout_s:
        return (
            f"input is stamped {-age_s:.2f} s ahead of the clock, "
            f"more than input_timeout_s {input_timeout_s}"
        )
    return ""


def _unfit(
    parameters: GuardParameters, now_ns: int, wanted: Velocity, input_stamp_ns: int | None
) -> str:
    if reason := stale(parameters.input_timeout_s, now_ns, input_stamp_ns):
        return reason
    return "" if wanted.is_finite else f"command {tuple(wanted)} is not finite"
