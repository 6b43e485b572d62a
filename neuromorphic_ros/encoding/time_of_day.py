"""The time at which a sensor told something, as spikes: what is usual depends on it."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.coded_encoder import CodedEncoder
from neuromorphic_ros.encoding.population import PopulationParameters
from neuromorphic_ros.encoding.rate import HoldMs, RateCode, Seed
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import SpikeBatch

Values = npt.NDArray[np.float64]


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT, kw_only=True)
class TimeOfDayParameters(PopulationParameters):
    """Parameters of the code of the time in a day, or in another period."""

    hold_ms: HoldMs = 1000.0
    period_h: Annotated[
        float, Field(ge=0.01, le=1e4, description="after which it is the same time again [h]")
    ] = 24.0
    offset_h: Annotated[
        float, Field(ge=-24, le=24, description="of the local time, ahead of that of stamps [h]")
    ] = 0.0


def responses(phase: float, fields: int, width: float) -> Values:
    """Return the response of every receptive field to a phase, float64[fields], 0 to 1.

    phase: 0 to 1, where it is 0 again. width: standard deviation of the Gaussian fields, in
    distances between centres, which are spread evenly over the circle, the first at 0.
    """
    apart = np.abs(phase * fields - np.arange(fields))
    nearer = np.minimum(apart, fields - apart)
    return np.asarray(np.exp(-0.5 * (nearer / width) ** 2))


class TimeOfDayEncoder(CodedEncoder[Values, TimeOfDayParameters]):
    """Code the stamps of samples, whatever these are; addresses: (fields,)."""

    sensor = "clock"
    fixed = ("fields",)
    _code: RateCode

    def __init__(self, parameters: TimeOfDayParameters, seed: Seed = 0) -> None:
        """Start without samples; seed: of Poisson spikes."""
        super().__init__(parameters, RateCode((parameters.fields,), seed))

    def _encoded(self, sample: Values, stamp_ns: int) -> SpikeBatch:
        p = self.parameters
        local_ns = stamp_ns + round(p.offset_h * 3.6e12)
        period_ns = round(p.period_h * 3.6e12)
        phase = local_ns % period_ns / period_ns
        return self._code.encode(responses(phase, p.fields, p.width), stamp_ns, p)
