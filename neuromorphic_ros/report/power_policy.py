"""What the governor decides: by situation, and over a made-up run. All of it is asked of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from neuromorphic_ros.power.governor import (
    SECOND_NS,
    Decision,
    GovernorParameters,
    GovernorState,
    Situation,
    step,
)
from neuromorphic_ros.power.power_mode import PowerLevel
from neuromorphic_ros.power.quality import Quality
from neuromorphic_ros.power.sleep import SleepParameters

MODE_WORDS = {
    PowerLevel.LOW: "smallest",
    PowerLevel.MEDIUM: "middle",
    PowerLevel.HIGH: "largest",
}
# Of the made-up run: the share of the work at each quality. Networks differ.
WORK = {Quality.LOW: 0.35, Quality.MEDIUM: 0.6, Quality.HIGH: 1.0}
STEPS = 3000
SHORTEST_S = 300.0
# When the robot of the made-up run has nothing to do, and when it hangs on a charger, as shares.
IDLE = ((0.28, 0.32), (0.70, 0.73), (0.96, 0.99))
CHARGER = (0.84, 0.94)


class Policy(NamedTuple):
    """What decides: the thresholds and times of the governor and of sleep."""

    governor: GovernorParameters = GovernorParameters()
    sleep: SleepParameters = SleepParameters()


class Case(NamedTuple):
    """A situation in words, and what is decided in it."""

    words: str
    decision: Decision


class Moment(NamedTuple):
    """A step of the made-up run.

    held: whether the dwell keeps everything from getting better. limited: whether the load limits.
    """

    at_s: float
    situation: Situation
    decision: Decision
    held: bool
    limited: bool


def decide(policy: Policy, *situations: Situation) -> Decision:
    """Return the last decision of a new governor that sees situations, each after its dwell."""
    state, decision = GovernorState(), None
    for number, situation in enumerate(situations):
        now_ns = round(number * (policy.governor.min_dwell_s + 1) * SECOND_NS)
        state, decision = step(policy.governor, state, situation, now_ns, policy.sleep)
    assert decision
    return decision


def cases(policy: Policy) -> Iterator[Case]:
    """Yield one situation for each rule."""
    low, medium = policy.governor.battery_low, policy.governor.battery_medium
    full, empty = Situation(battery=1.0), Situation(battery=low / 2)
    hot_c = policy.governor.throttle_c + 5
    load = 1.1 * policy.governor.load_high
    idle_s = policy.sleep.after_s or 3600.0
    for words, situation in (
        ("nothing known", Situation()),
        ("battery full", full),
        (f"battery at {(low + medium) / 2:.0%}", Situation(battery=(low + medium) / 2)),
        (f"battery at {low / 2:.0%}", empty),
        (f"battery at {low / 2:.0%}, on a charger", empty._replace(charging=True)),
        (f"{hot_c:g} degC", full._replace(temperature_c=hot_c)),
        (f"{hot_c:g} degC, on a charger", full._replace(temperature_c=hot_c, charging=True)),
        (f"ticks take {load:.0%} of the time", full._replace(load=load)),
        (f"nothing to do for {idle_s:g} s", full._replace(idle_s=idle_s, pending=False)),
    ):
        yield Case(words, decide(policy, situation))


def duration_s(policy: Policy) -> float:
    """Length of the made-up run, in which every wait of the policy has room [s]."""
    governor = policy.governor
    return max(
        SHORTEST_S, 10 * governor.retry_s, 40 * governor.min_dwell_s, 75 * policy.sleep.after_s
    )


def made_up_run(policy: Policy) -> list[Moment]:
    """Ask the governor all along a run in which everything happens that it looks at.

    The battery drains, jittering, and is charged; the board gets hot and cools; for a while there
    is too much work; and three times nothing to do. Less quality is less work.
    """
    state, decision, moments = GovernorState(), decide(policy, Situation()), []
    dwell_ns = policy.governor.min_dwell_s * SECOND_NS
    length_s = duration_s(policy)
    for number in range(STEPS):
        at_s = number / STEPS * length_s
        now_ns = round(at_s * SECOND_NS)
        situation = _situation(policy, at_s, length_s, decision.quality)
        state, decision = step(policy.governor, state, situation, now_ns, policy.sleep)
        held = state.changed_ns is not None and now_ns - state.changed_ns < dwell_ns
        moments.append(Moment(at_s, situation, decision, held, state.load_limit < Quality.HIGH))
    return moments


def changes(moments: list[Moment]) -> list[Moment]:
    """Return the moments at which something else was decided than before, the first one too."""
    later = (after for before, after in itertools.pairwise(moments) if before[2] != after[2])
    return [*moments[:1], *later]


def _situation(policy: Policy, at_s: float, length_s: float, quality: Quality) -> Situation:
    governor, share = policy.governor, at_s / length_s
    low, medium, width = (
        governor.battery_low,
        governor.battery_medium,
        governor.battery_hysteresis,
    )
    jitter = 0.3 * math.sin(2 * math.pi * 80 * share)
    battery = np.interp(
        share,
        (0.0, 0.60, 0.79, 0.84, 0.94, 1.0),
        (medium + 0.12, medium + 0.5 * width, low, 0.7 * low, medium + 0.7 * width, medium),
    )
    hot_c, width_c = governor.throttle_c, governor.throttle_hysteresis_c
    celsius = np.interp(
        share,
        (0.0, 0.38, 0.45, 0.50, 0.56, 0.62, 1.0),
        (
            hot_c - 25,
            hot_c - 20,
            hot_c + 6,
            hot_c - 0.5 * width_c,
            hot_c - 0.5 * width_c,
            hot_c - 2 * width_c - 2,
            hot_c - 25,
        ),
    )
    # One try too early is part of it.
    busy = 0.05 * length_s <= at_s < 0.05 * length_s + 1.5 * governor.retry_s
    since = next((share - start for start, end in IDLE if start <= share < end), None)
    load = (1.3 if busy else 0.5) * governor.load_high * WORK[quality]
    return Situation(
        battery=float(min(max(battery + jitter * width, 0.0), 1.0)),
        charging=CHARGER[0] <= share < CHARGER[1],
        temperature_c=float(celsius + jitter * width_c),
        load=load if since is None else 0.0,
        idle_s=0.0 if since is None else since * length_s,
        pending=since is None,
    )
