"""Spikes of a population to a level of alert: normal, warning, critical."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.decoding.duty import Duties, filtered
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import Shape, SpikeBatch

Rate = Annotated[float, Field(ge=0.0, le=10_000.0)]


class Level(IntEnum):
    """The levels of Alert.msg."""

    NORMAL = 0
    WARNING = 1
    CRITICAL = 2


@dataclass(frozen=True, config=STRICT)
class AlertParameters:
    """Compare the rate of the most active condition with two thresholds.

    A population has a row of neurons for each condition. The score is the mean rate of a row,
    low-pass filtered; that of the highest one counts.
    """

    warning_hz: Annotated[Rate, Field(description="Rate of a row from which on to warn [Hz]")] = 5.0
    critical_hz: Annotated[
        Rate, Field(description="Rate of a row from which on it is critical [Hz]")
    ] = 20.0
    hysteresis: Annotated[
        float,
        Field(ge=0, le=1, description="How far below its threshold a level ends, as a share of it"),
    ] = 0.2
    min_duration_ms: Annotated[
        float,
        Field(ge=0, le=3.6e6, description="How long a level must be due before it is taken [ms]"),
    ] = 100.0
    tau_ms: Annotated[
        float, Field(ge=1, le=3.6e6, description="Time constant of the filter [ms]")
    ] = 200.0
    conditions: Annotated[
        str,
        Field(
            pattern=r"^\s*[^,\s][^,]*(,\s*[^,\s][^,]*)*$",
            description="What is wrong, in words for each row, or for all; by commas",
        ),
    ] = "anomaly"

    def __post_init__(self) -> None:
        if self.critical_hz < self.warning_hz:
            raise ValueError(
                f"critical_hz {self.critical_hz:g} must not be below warning_hz {self.warning_hz:g}"
            )

    @property
    def rows(self) -> tuple[str, ...]:
        """The words for each row."""
        return tuple(words.strip() for words in self.conditions.split(","))

    def check_rows(self, shape: Shape) -> None:
        """Raise NetworkError unless there are words for each row of a population, or for all."""
        if len(self.rows) not in (1, shape[0]):
            raise NetworkError(
                f"conditions '{self.conditions}' are {len(self.rows)}, but a population of {shape} "
                f"has {shape[0]} rows; give words for each, or for all"
            )


class AlertState(NamedTuple):
    """What is known at a time.

    duty: filtered spikes, float64[neurons]. crossed_ns: for warning and critical, since when
    the score asks for the other side of the threshold; none: it does not. reached: which of both
    are in force.
    """

    duty: Duties
    score_hz: float = 0.0
    condition: str = ""
    reached: tuple[bool, bool] = (False, False)
    crossed_ns: tuple[int | None, int | None] = (None, None)

    @property
    def level(self) -> Level:
        """The level in force."""
        return Level(sum(self.reached))


def start(neurons: int) -> AlertState:
    """Return the state before any spike."""
    return AlertState(np.zeros(neurons))


def step(
    parameters: AlertParameters,
    state: AlertState,
    spikes: SpikeBatch,
    start_ns: int,
    stop_ns: int,
    dt_ns: int,
) -> AlertState:
    """Return the state at `stop_ns`, given all spikes since that of `start_ns`; dt_ns: tick."""
    duty = filtered(state.duty, spikes, start_ns, stop_ns, dt_ns, parameters.tau_ms)
    rates_hz = duty.reshape(len(parameters.rows), -1).mean(axis=1) * 1e9 / dt_ns
    row = int(rates_hz.argmax())
    score_hz = float(rates_hz[row])
    reached, crossed_ns = list(state.reached), list(state.crossed_ns)
    for level, threshold in enumerate((parameters.warning_hz, parameters.critical_hz)):
        falls = score_hz < threshold * (1.0 - parameters.hysteresis)
        if not (falls if reached[level] else score_hz >= threshold):
            crossed_ns[level] = None
            continue
        since_ns = crossed_ns[level]
        crossed_ns[level] = since_ns = stop_ns if since_ns is None else since_ns
        if stop_ns - since_ns >= parameters.min_duration_ms * 1e6:
            reached[level], crossed_ns[level] = not reached[level], None
    return AlertState(
        duty,
        score_hz,
        parameters.rows[row],
        (reached[0], reached[1]),
        (crossed_ns[0], crossed_ns[1]),
    )
