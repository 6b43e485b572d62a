"""Inertial measurements as spikes: by steps, rates or receptive fields of each axis."""

from __future__ import annotations

from typing import Annotated, ClassVar, NamedTuple, TypeVar

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

AXES = tuple(
    f"{quantity}.{axis}"
    for quantity in ("angular_velocity", "linear_acceleration", "magnetic_field")
    for axis in "xyz"
)
# One sample of an axis this many steps from zero comes from a broken sensor or wrong units;
# encoding it would cost as many spikes.
MOST_STEPS = 10_000
# Standard gravity, 3rd General Conference on Weights and Measures, 1901.
GRAVITY_M_S2 = 9.80665
# That of tf2 for quaternions of unit length.
_LENGTH_TOLERANCE = 0.01


class ImuSample(NamedTuple):
    """Hold one measurement in the frame of the sensor, float[3] each.

    angular_velocity: rad/s. linear_acceleration: m/s2, with gravity (REP 145: +g along the axis
    that points up at rest). magnetic_field: T. orientation: float[4], quaternion x, y, z, w that
    turns the sensor's frame into one with z up. None: unknown.
    """

    angular_velocity: npt.ArrayLike
    linear_acceleration: npt.ArrayLike
    magnetic_field: npt.ArrayLike | None = None
    orientation: npt.ArrayLike | None = None


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class AxesParameters:
    """Which axes are encoded."""

    axes: Annotated[
        int,
        Field(
            ge=6,
            le=9,
            multiple_of=3,
            description="6: angular velocity, linear acceleration; 9: and magnetic field [1]",
        ),
    ] = 6
    remove_gravity: Annotated[
        bool,
        Field(description="subtract gravity by the orientation that the message has [true|false]"),
    ] = False


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class ImuDeltaParameters(AxesParameters):
    """Parameters of the step-forward code."""

    step_angular_rad_s: Annotated[
        float, Field(ge=1e-4, le=100.0, description="angular velocity per spike [rad/s]")
    ] = 0.05
    step_linear_m_s2: Annotated[
        float, Field(ge=1e-4, le=1000.0, description="linear acceleration per spike [m/s2]")
    ] = 0.2
    step_magnetic_t: Annotated[
        float, Field(ge=1e-9, le=1.0, description="magnetic field per spike [T]")
    ] = 1e-6


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class _RangeParameters(AxesParameters):
    """Ranges of the axes, from minus to plus the value."""

    range_angular_rad_s: Annotated[
        float, Field(ge=1e-3, le=1000.0, description="largest angular velocity [rad/s]")
    ] = 5.0
    range_linear_m_s2: Annotated[
        float, Field(ge=1e-3, le=10_000.0, description="largest linear acceleration [m/s2]")
    ] = 20.0
    range_magnetic_t: Annotated[
        float, Field(ge=1e-7, le=10.0, description="largest magnetic field [T]")
    ] = 1e-4


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class ImuRateParameters(RateParameters, _RangeParameters):
    """Parameters of the rate code."""

    hold_ms: HoldMs = 10.0


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class ImuPopulationParameters(PopulationParameters, _RangeParameters):
    """Parameters of the population code."""

    hold_ms: HoldMs = 10.0


Parameters = TypeVar("Parameters", bound=AxesParameters)
Ranged = TypeVar("Ranged", bound=_RangeParameters)


class _ImuEncoder(CodedEncoder[ImuSample, Parameters]):
    """Encode the axes in the order of AXES.

    Raises SensorError if a value is missing or not finite, or if gravity is to be removed and the
    orientation is unknown.
    """

    sensor = "imu"
    fixed: ClassVar[tuple[str, ...]] = ("axes",)

    def _values(self, sample: ImuSample) -> npt.NDArray[np.float64]:
        p = self.parameters
        given = [sample.angular_velocity, sample.linear_acceleration]
        if p.axes == 9:
            if sample.magnetic_field is None:
                raise SensorError("imu sample has no magnetic field, which 9 axes need")
            given.append(sample.magnetic_field)
        vectors = [np.asarray(vector, np.float64) for vector in given]
        for name, vector in zip(AXES[::3], vectors, strict=False):
            if vector.shape != (3,):
                raise SensorError(
                    f"imu {name.removesuffix('.x')} has shape {vector.shape}; it needs three axes"
                )
        value = np.concatenate(vectors)
        for axis in np.flatnonzero(~np.isfinite(value)):
            raise SensorError(
                f"imu {AXES[axis]} is {value[axis]}; the driver must send finite values"
            )
        if p.remove_gravity:
            value[3:6] -= GRAVITY_M_S2 * up(sample.orientation)
        return value


class _RangedImuEncoder(_ImuEncoder[Ranged]):
    """Encode the axes within declared ranges; values outside are clipped and counted."""

    def _ranges(self) -> npt.NDArray[np.float64]:
        p = self.parameters
        ranges = (p.range_angular_rad_s, p.range_linear_m_s2, p.range_magnetic_t)
        return np.repeat(ranges, 3)[: p.axes]


class ImuDeltaEncoder(_ImuEncoder[ImuDeltaParameters]):
    """Code each axis by spikes up and down, one per step that it has moved.

    Addresses: (2, axes), polarity 1 = up. Raises SensorError also if a value is absurdly far off.
    """

    _code: DeltaCode

    def __init__(self, parameters: ImuDeltaParameters) -> None:
        """Start without a base."""
        super().__init__(parameters, DeltaCode(parameters.axes))

    def _encoded(self, sample: ImuSample, stamp_ns: int) -> SpikeBatch:
        p = self.parameters
        value = self._values(sample)
        steps = (p.step_angular_rad_s, p.step_linear_m_s2, p.step_magnetic_t)
        step = np.repeat(steps, 3)[: p.axes]
        for axis in np.flatnonzero(np.abs(value) > MOST_STEPS * step):
            raise SensorError(
                f"imu {AXES[axis]} is {value[axis]:g}, over {MOST_STEPS} steps of {step[axis]:g};"
                " check the driver's units or raise the step"
            )
        return self._code.encode(value, step, stamp_ns)


class ImuRateEncoder(_RangedImuEncoder[ImuRateParameters]):
    """Code the amount of each axis as a rate, full at the end of its range.

    Addresses: (2, axes), polarity 1 = positive: one of the two is silent.
    """

    _code: RateCode

    def __init__(self, parameters: ImuRateParameters, seed: Seed = 0) -> None:
        """Start without samples; seed: of Poisson spikes."""
        super().__init__(parameters, RateCode((2, parameters.axes), seed))

    def _encoded(self, sample: ImuSample, stamp_ns: int) -> SpikeBatch:
        value = self._values(sample)
        amount = relative(np.abs(value), 0.0, self._ranges())
        level = np.where([value < 0.0, value > 0.0], amount.values, 0.0)
        self._clipped += amount.clipped
        return self._code.encode(level, stamp_ns, self.parameters)


class ImuPopulationEncoder(_RangedImuEncoder[ImuPopulationParameters]):
    """Code each axis by receptive fields over its range; addresses: (axes, fields)."""

    fixed = ("axes", "fields")
    _code: PopulationCode

    def __init__(self, parameters: ImuPopulationParameters, seed: Seed = 0) -> None:
        """Start without samples; seed: of Poisson spikes."""
        code = PopulationCode(parameters.axes, parameters.fields, seed)
        super().__init__(parameters, code)

    def _encoded(self, sample: ImuSample, stamp_ns: int) -> SpikeBatch:
        ranges = self._ranges()
        position = relative(self._values(sample), -ranges, ranges)
        self._clipped += position.clipped
        return self._code.encode(position.values, stamp_ns, self.parameters)


def up(orientation: npt.ArrayLike | None) -> npt.NDArray[np.float64]:
    """Return the unit vector that points up in the sensor's frame, float64[3].

    orientation: as of ImuSample. Raises SensorError if it is unknown or no rotation.
    """
    if orientation is None:
        raise SensorError(
            "imu message has no orientation (orientation_covariance[0] is -1), so gravity cannot be"
            " removed; use the output of an orientation filter or set remove_gravity to false"
        )
    x, y, z, w = quaternion = np.asarray(orientation, np.float64)
    length = float(np.linalg.norm(quaternion))
    if not abs(length - 1.0) <= _LENGTH_TOLERANCE:
        raise SensorError(
            f"imu orientation ({x:g}, {y:g}, {z:g}, {w:g}) has length {length:g}, not 1, so gravity"
            " cannot be removed; correct the driver or set remove_gravity to false"
        )
    third_row = np.array((x * z - w * y, y * z + w * x, 0.5 * length**2 - x * x - y * y))
    return 2.0 * third_row / length**2
