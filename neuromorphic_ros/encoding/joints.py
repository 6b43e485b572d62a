"""The state of a joint as spikes: position and velocity by rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.coded_encoder import CodedEncoder
from neuromorphic_ros.encoding.rate import HoldMs, RateCode, RateParameters, Seed
from neuromorphic_ros.encoding.value_range import relative
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import SpikeBatch

QUANTITIES = ("position", "velocity")
Range = Annotated[float, Field(ge=1e-6, le=1e6)]


class JointSample(NamedTuple):
    """Hold the state of joints as sensor_msgs/JointState does.

    names: of the joints. position: float[names] in rad or m. velocity: float[names] in rad/s or
    m/s.
    """

    names: Sequence[str]
    position: npt.ArrayLike
    velocity: npt.ArrayLike


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT, kw_only=True)
class JointRateParameters(RateParameters):
    """Which joint is encoded, within ranges from minus to plus the value."""

    joint: Annotated[str, Field(min_length=1, description="name of the joint")]
    range_position: Annotated[
        Range, Field(description="largest position [rad], of a prismatic joint [m]")
    ]
    range_velocity: Annotated[
        Range, Field(description="largest velocity [rad/s], of a prismatic joint [m/s]")
    ]
    hold_ms: HoldMs = 20.0


class JointRateEncoder(CodedEncoder[JointSample, JointRateParameters]):
    """Code the amounts of position and velocity as rates, full at the end of their ranges.

    Addresses: (2, 2), polarity 1 = positive: one of the two is silent; then position, velocity.
    Raises SensorError if the joint is not in a message or a value is missing or not finite.
    """

    sensor = "joints"
    fixed: ClassVar[tuple[str, ...]] = ("joint",)
    _code: RateCode

    def __init__(self, parameters: JointRateParameters, seed: Seed = 0) -> None:
        """Start without samples; seed: of Poisson spikes."""
        super().__init__(parameters, RateCode((2, len(QUANTITIES)), seed))

    def _encoded(self, sample: JointSample, stamp_ns: int) -> SpikeBatch:
        p = self.parameters
        value = self._values(sample)
        amount = relative(np.abs(value), 0.0, np.array((p.range_position, p.range_velocity)))
        level = np.where([value < 0.0, value > 0.0], amount.values, 0.0)
        self._clipped += amount.clipped
        return self._code.encode(level, stamp_ns, p)

    def _values(self, sample: JointSample) -> npt.NDArray[np.float64]:
        joint, names = self.parameters.joint, list(sample.names)
        if joint not in names:
            raise SensorError(
                f"joint '{joint}' is not in the message, which has {', '.join(names) or 'none'}"
            )
        vectors = [np.asarray(each, np.float64) for each in (sample.position, sample.velocity)]
        for quantity, vector in zip(QUANTITIES, vectors, strict=True):
            if vector.shape != (len(names),):
                raise SensorError(
                    f"{quantity} of joints has shape {vector.shape}; the driver must send one for "
                    f"each of {len(names)} names"
                )
        value = np.array([vector[names.index(joint)] for vector in vectors])
        for index in np.flatnonzero(~np.isfinite(value)):
            raise SensorError(
                f"{QUANTITIES[index]} of joint '{joint}' is {value[index]}; the driver must send "
                "finite values"
            )
        return value
