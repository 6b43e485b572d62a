"""Slow scalars of the surroundings as spikes: temperature, humidity, pressure, light, distance."""

from __future__ import annotations

import math
from typing import Annotated, TypeVar

import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.coded_encoder import CodedEncoder
from neuromorphic_ros.encoding.delta import DeltaCode
from neuromorphic_ros.encoding.population import PopulationCode, PopulationParameters
from neuromorphic_ros.encoding.rate import HoldMs, RateCode, RateParameters, Seed
from neuromorphic_ros.encoding.value_range import relative
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import SpikeBatch

Values = npt.NDArray[np.float64]


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT, kw_only=True)
class EnvironmentParameters:
    """The range of the values."""

    low: Annotated[
        float, Field(ge=-1e12, le=1e12, description="lowest value [unit of the message]")
    ]
    high: Annotated[
        float, Field(ge=-1e12, le=1e12, description="highest value [unit of the message]")
    ]

    def __post_init__(self) -> None:
        if self.high <= self.low:
            raise ValueError(f"high {self.high} must be above low {self.low}")


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT, kw_only=True)
class EnvironmentRateParameters(RateParameters, EnvironmentParameters):
    """Parameters of the rate code, which is silent at low and full at high."""

    hold_ms: HoldMs = 1000.0


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT, kw_only=True)
class EnvironmentPopulationParameters(PopulationParameters, EnvironmentParameters):
    """Parameters of the population code."""

    hold_ms: HoldMs = 1000.0


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT, kw_only=True)
class EnvironmentDeltaParameters(EnvironmentParameters):
    """Parameters of the step-forward code."""

    steps: Annotated[
        int, Field(ge=1, le=10_000, description="number of steps from low to high [1]")
    ] = 100


Parameters = TypeVar("Parameters", bound=EnvironmentParameters)


class _EnvironmentEncoder(CodedEncoder[Values, Parameters]):
    """Encode float64[channels] within a declared range; values outside are clipped and counted."""

    sensor = "environment"

    def _relative(self, sample: Values) -> Values:
        """Return the positions in the range, 0 to 1; raises SensorError if channels are missing."""
        if sample.shape != (self._channels,):
            raise SensorError(
                f"environment sample has {sample.size} values; the input takes {self._channels}"
            )
        position = relative(sample, self.parameters.low, self.parameters.high)
        self._clipped += position.clipped
        return position.values

    @property
    def _channels(self) -> int:
        return self.shape[0]


class EnvironmentRateEncoder(_EnvironmentEncoder[EnvironmentRateParameters]):
    """Code each channel as a rate; addresses: (channels,)."""

    _code: RateCode

    def __init__(
        self, parameters: EnvironmentRateParameters, channels: int = 1, seed: Seed = 0
    ) -> None:
        """Start without samples; seed: of Poisson spikes."""
        super().__init__(parameters, RateCode((channels,), seed))

    def _encoded(self, sample: Values, stamp_ns: int) -> SpikeBatch:
        return self._code.encode(self._relative(sample), stamp_ns, self.parameters)


class EnvironmentPopulationEncoder(_EnvironmentEncoder[EnvironmentPopulationParameters]):
    """Code each channel by receptive fields over the range; addresses: (channels, fields)."""

    fixed = ("fields",)
    _code: PopulationCode

    def __init__(
        self, parameters: EnvironmentPopulationParameters, channels: int = 1, seed: Seed = 0
    ) -> None:
        """Start without samples; seed: of Poisson spikes."""
        super().__init__(parameters, PopulationCode(channels, parameters.fields, seed))

    def _encoded(self, sample: Values, stamp_ns: int) -> SpikeBatch:
        return self._code.encode(self._relative(sample), stamp_ns, self.parameters)


class EnvironmentDeltaEncoder(_EnvironmentEncoder[EnvironmentDeltaParameters]):
    """Code each channel by spikes up and down; addresses: (2, channels), polarity 1 = up.

    All spikes of a sample come at its stamp: before it, a slow sensor's ticks have long been run.
    """

    _code: DeltaCode

    def __init__(self, parameters: EnvironmentDeltaParameters, channels: int = 1) -> None:
        """Start without a base."""
        super().__init__(parameters, DeltaCode(channels))

    @property
    def _channels(self) -> int:
        return self.shape[1]

    def _encoded(self, sample: Values, stamp_ns: int) -> SpikeBatch:
        p = self.parameters
        step = (p.high - p.low) / p.steps
        value = p.low + self._relative(sample) * (p.high - p.low)
        spikes = self._code.encode(value, np.full(self._channels, step), stamp_ns)
        return SpikeBatch(spikes.shape, spikes.address, np.full_like(spikes.time_ns, stamp_ns))


def finite(name: str, values: npt.ArrayLike) -> Values:
    """Return one or more values of a message as float64[n]; name: of the sensor.

    Raises SensorError if one is not finite.
    """
    array = np.atleast_1d(np.asarray(values, np.float64))
    for index in np.flatnonzero(~np.isfinite(array)):
        raise SensorError(
            f"{name} value {index} is {array[index]}; the driver must send finite values"
        )
    return array


def distance(range_m: float, min_range_m: float, max_range_m: float) -> Values:
    """Return the distance of a sensor_msgs/Range, float64[1] in m.

    By REP 117, -inf means closer and +inf farther than the sensor can tell; they are returned as
    they are, also for sensors of fixed range (min_range = max_range), which tell nothing else.
    Raises SensorError if the distance is nan or outside the sensor's limits, which Range.msg says
    to discard.
    """
    if math.isinf(range_m) or min_range_m <= range_m <= max_range_m:
        return np.array([range_m])
    raise SensorError(
        f"range is {range_m:g} m, outside min_range {min_range_m:g} m and max_range"
        f" {max_range_m:g} m; the driver must send -inf for too close and inf for nothing seen"
    )
