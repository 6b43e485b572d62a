"""What a robot can afford: a state machine from battery, temperature and load to mode and quality.

Worse conditions act at once. Better ones act beyond a hysteresis and after a dwell, so that no
value at the edge of a threshold makes it flap.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.power.power_mode import PowerLevel
from neuromorphic_ros.power.quality import Quality
from neuromorphic_ros.power.sleep import SleepParameters, is_asleep


@dataclass(frozen=True, config=STRICT)
class GovernorParameters:
    """Thresholds and times of the governor."""

    battery_low: Annotated[
        float, Field(ge=0, le=1, description="Charge below which all is lowest [1]")
    ] = 0.2
    battery_medium: Annotated[
        float, Field(ge=0, le=1, description="Charge below which all is medium [1]")
    ] = 0.5
    battery_hysteresis: Annotated[
        float, Field(ge=0, le=0.5, description="Charge above a threshold at which it ends [1]")
    ] = 0.05
    throttle_c: Annotated[
        float, Field(ge=0, le=150, description="Temperature above which all is lowest [degC]")
    ] = 70.0
    throttle_hysteresis_c: Annotated[
        float, Field(ge=0, le=50, description="How far it must cool below that [degC]")
    ] = 5.0
    load_high: Annotated[
        float, Field(ge=0.01, le=1, description="Share of time that ticks may take [1]")
    ] = 0.8
    retry_s: Annotated[
        float,
        Field(ge=1, le=3600, description="First pause before a load is tried again, doubled [s]"),
    ] = 30.0
    min_dwell_s: Annotated[
        float, Field(ge=0, le=3600, description="Least time before anything gets better [s]")
    ] = 5.0
    memory_s: Annotated[
        float,
        Field(ge=0, le=3600, description="How long a value that is no longer known counts [s]"),
    ] = 60.0

    def __post_init__(self) -> None:
        if self.battery_low > self.battery_medium:
            raise ValueError(
                f"battery_medium {self.battery_medium} must not be below battery_low "
                f"{self.battery_low}"
            )


class Situation(NamedTuple):
    """What is known; NaN: not known.

    battery: charge, 0 to 1. load: share of time that the ticks of the network take. idle_s: time
    since the last spike. pending: whether input waits.
    """

    battery: float = math.nan
    charging: bool = False
    temperature_c: float = math.nan
    load: float = math.nan
    idle_s: float = 0.0
    pending: bool = True


NOTHING_LIMITS = "nothing limits"


class GovernorState(NamedTuple):
    """What the governor remembers; times are those given to `step`, none: not yet.

    battery, temperature_c, load: last known values, since battery_ns and temperature_ns.
    supply: level that the battery allows. load_limit: quality that the load allows since load_ns,
    to be raised after pause_s.
    """

    level: PowerLevel = PowerLevel.HIGH
    quality: Quality = Quality.HIGH
    throttled: bool = False
    supply: PowerLevel = PowerLevel.HIGH
    battery: float = math.nan
    battery_ns: int = 0
    temperature_c: float = math.nan
    temperature_ns: int = 0
    load_limit: Quality = Quality.HIGH
    load_ns: int = 0
    pause_s: float = 0.0
    changed_ns: int | None = None
    reason: str = NOTHING_LIMITS


class Decision(NamedTuple):
    """What the robot is to do. reason: why mode or quality are what they are."""

    level: PowerLevel
    quality: Quality
    asleep: bool
    throttled: bool
    reason: str


MAX_PAUSE_S = 3600.0
SECOND_NS = 1_000_000_000
DEFAULT_SLEEP = SleepParameters()


def step(
    parameters: GovernorParameters,
    state: GovernorState,
    situation: Situation,
    now_ns: int,
    sleep: SleepParameters = DEFAULT_SLEEP,
) -> tuple[GovernorState, Decision]:
    """Decide at `now_ns`; a time before that of the last step begins every wait anew.

    Throttled, level and quality are lowest. Else the battery limits both, and the load the quality.
    """
    state = _remembered(parameters, _not_ahead(state, now_ns), situation, now_ns)
    supply = PowerLevel.HIGH if situation.charging else _supply(parameters, state)
    throttled = _is_hot(parameters, state)
    state = _loaded(parameters, state, situation, now_ns)._replace(supply=supply)
    level = PowerLevel.LOW if throttled else supply
    quality = Quality.LOW if throttled else min(Quality(int(supply)), state.load_limit)

    dwelt = (
        state.changed_ns is None or now_ns - state.changed_ns >= parameters.min_dwell_s * SECOND_NS
    )
    if not dwelt:
        level, quality = min(level, state.level), min(quality, state.quality)
        throttled = throttled or state.throttled
    if (level, quality, throttled) != (state.level, state.quality, state.throttled):
        state = state._replace(
            level=level,
            quality=quality,
            throttled=throttled,
            changed_ns=now_ns,
            reason=_reason(parameters, state, situation, throttled=throttled),
        )
    asleep = is_asleep(sleep, situation.idle_s, situation.pending)
    return state, Decision(state.level, state.quality, asleep, state.throttled, state.reason)


def _not_ahead(state: GovernorState, now_ns: int) -> GovernorState:
    """Forget times that have not come yet, as after a clock is set back."""
    return state._replace(
        battery_ns=min(state.battery_ns, now_ns),
        temperature_ns=min(state.temperature_ns, now_ns),
        load_ns=min(state.load_ns, now_ns),
        changed_ns=None if state.changed_ns is None else min(state.changed_ns, now_ns),
    )


def _remembered(
    parameters: GovernorParameters, state: GovernorState, situation: Situation, now_ns: int
) -> GovernorState:
    """Take what is known, and keep what is no longer known for a while."""
    memory_ns = parameters.memory_s * SECOND_NS
    if not math.isnan(situation.battery):
        state = state._replace(battery=situation.battery, battery_ns=now_ns)
    elif now_ns - state.battery_ns > memory_ns:
        state = state._replace(battery=math.nan)
    if not math.isnan(situation.temperature_c):
        state = state._replace(temperature_c=situation.temperature_c, temperature_ns=now_ns)
    elif now_ns - state.temperature_ns > memory_ns:
        state = state._replace(temperature_c=math.nan)
    return state


def _supply(parameters: GovernorParameters, state: GovernorState) -> PowerLevel:
    def below(threshold: float, level: PowerLevel) -> bool:
        hysteresis = parameters.battery_hysteresis if state.supply <= level else 0.0
        # A full battery must be able to end every limit.
        return state.battery < min(threshold + hysteresis, 1.0)

    if below(parameters.battery_low, PowerLevel.LOW):
        return PowerLevel.LOW
    return (
        PowerLevel.MEDIUM
        if below(parameters.battery_medium, PowerLevel.MEDIUM)
        else PowerLevel.HIGH
    )


def _is_hot(parameters: GovernorParameters, state: GovernorState) -> bool:
    hysteresis_c = parameters.throttle_hysteresis_c if state.throttled else 0.0
    return state.temperature_c > parameters.throttle_c - hysteresis_c


def _loaded(
    parameters: GovernorParameters, state: GovernorState, situation: Situation, now_ns: int
) -> GovernorState:
    """Lower what the load allows while it is too high, and raise it after a pause.

    Less work is less load, which says nothing of what more work would be: so that is tried, and
    after every failure later.
    """
    since_s = (now_ns - state.load_ns) / SECOND_NS
    settled = since_s >= parameters.min_dwell_s or not state.pause_s
    if situation.load > parameters.load_high and settled and state.load_limit > Quality.LOW:
        # Counts as a failure only if it comes soon after a try.
        again = since_s < 2 * state.pause_s
        pause_s = min(2 * state.pause_s, MAX_PAUSE_S) if again else parameters.retry_s
        return state._replace(
            load_limit=Quality(state.load_limit - 1), load_ns=now_ns, pause_s=pause_s
        )
    if state.load_limit < Quality.HIGH and since_s >= state.pause_s:
        return state._replace(load_limit=Quality(state.load_limit + 1), load_ns=now_ns)
    return state


def _reason(
    parameters: GovernorParameters,
    state: GovernorState,
    situation: Situation,
    *,
    throttled: bool,
) -> str:
    if throttled:
        return f"{state.temperature_c:.1f} degC, throttled above {parameters.throttle_c:g} degC"
    reasons = []
    if state.supply < PowerLevel.HIGH:
        limit = (
            parameters.battery_low if state.supply == PowerLevel.LOW else parameters.battery_medium
        )
        reasons.append(f"battery at {state.battery:.0%}, limited below {limit:.0%}")
    if state.load_limit < Quality.HIGH:
        reasons.append(
            f"ticks took more than {parameters.load_high:.0%} of the time, tried again after "
            f"{state.pause_s:g} s"
        )
    if reasons:
        return "; ".join(reasons)
    return "charging" if situation.charging else NOTHING_LIMITS
