"""Inertial measurements as spikes at fixed steps of each axis."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.encoder import check_later
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import Shape, SpikeBatch

AXES = (
    "angular_velocity.x",
    "angular_velocity.y",
    "angular_velocity.z",
    "linear_acceleration.x",
    "linear_acceleration.y",
    "linear_acceleration.z",
)
# One sample of an axis this many steps from zero comes from a broken sensor or wrong units;
# encoding it would cost as many spikes.
MOST_STEPS = 10_000


class ImuSample(NamedTuple):
    """Hold one measurement: angular_velocity float[3] rad/s, linear_acceleration float[3] m/s2."""

    angular_velocity: npt.ArrayLike
    linear_acceleration: npt.ArrayLike


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class ImuParameters:
    """Parameters of the step-forward code."""

    step_angular_rad_s: Annotated[
        float, Field(ge=1e-4, le=100.0, description="angular velocity per spike [rad/s]")
    ] = 0.05
    step_linear_m_s2: Annotated[
        float, Field(ge=1e-4, le=1000.0, description="linear acceleration per spike [m/s2]")
    ] = 0.2


class ImuEncoder:
    """Code each axis by spikes up and down, one per step that it has moved.

    The base of each axis follows the spikes alone, so adding up the steps rebuilds the signal
    within one step. Step-forward code of Kasabov et al., "Evolving spatio-temporal data machines
    based on the NeuCube neuromorphic framework", Neural Networks 78, 2016.
    """

    _previous_ns: int | None

    def __init__(self, parameters: ImuParameters) -> None:
        """Start without a base."""
        self.parameters = parameters
        self.reset()

    @property
    def shape(self) -> Shape:
        """(2, 6): polarity 1 = up; angular velocity x, y, z, then linear acceleration x, y, z."""
        return (2, len(AXES))

    def encode(self, sample: ImuSample, stamp_ns: int) -> SpikeBatch:
        """Return the steps since the previous sample, at linearly interpolated times.

        Ordered by time, then address. The first sample sets the base and gives none.
        Raises SensorError if a value is not finite or absurdly far off, or if time does not
        advance.
        """
        check_later("imu", stamp_ns, self._previous_ns)
        step = np.repeat((self.parameters.step_angular_rad_s, self.parameters.step_linear_m_s2), 3)
        value = _values(sample, step)
        if self._previous_ns is None:
            self._base = value
            events = SpikeBatch.empty(self.shape)
        else:
            events = self._steps(value, step, self._previous_ns, stamp_ns)
        self._previous = value
        self._previous_ns = stamp_ns
        return events

    def complete_ns(self, stamp_ns: int) -> int:
        """Return `stamp_ns`: later samples give later steps."""
        return stamp_ns

    def reset(self) -> None:
        """Forget all samples."""
        self._previous_ns = None
        self._previous = np.zeros(len(AXES))
        self._base = np.zeros(len(AXES))

    def _steps(
        self,
        value: npt.NDArray[np.float64],
        step: npt.NDArray[np.float64],
        previous_ns: int,
        stamp_ns: int,
    ) -> SpikeBatch:
        change = value - self._base
        counts = np.floor(np.abs(change) / step).astype(np.int64)
        signed = np.copysign(step, change)
        axis = np.repeat(np.arange(counts.size), counts)
        # Number of each step within its own axis, from 1.
        number = 1 + np.arange(axis.size) - np.repeat(np.cumsum(counts) - counts, counts)
        level = self._base[axis] + number * signed[axis]
        rise = (value - self._previous)[axis]
        # A smaller step set at run time can leave levels that were passed before this interval.
        ahead = (level - self._previous[axis]) * np.sign(signed[axis])
        fraction = np.where(ahead > 0.0, ahead / np.maximum(np.abs(rise), 1e-300), 0.0)
        offset_ns = np.rint(np.minimum(fraction, 1.0) * (stamp_ns - previous_ns)).astype(np.int64)
        address = axis + len(AXES) * (change > 0.0)[axis]
        order = np.lexsort((address, offset_ns))
        self._base = self._base + counts * signed
        return SpikeBatch(
            self.shape, address[order].astype(np.uint32), previous_ns + offset_ns[order]
        )


def _values(sample: ImuSample, step: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    angular = np.asarray(sample.angular_velocity, np.float64)
    linear = np.asarray(sample.linear_acceleration, np.float64)
    if angular.shape != (3,) or linear.shape != (3,):
        raise SensorError(
            f"imu sample has angular_velocity of shape {angular.shape} and linear_acceleration of"
            f" shape {linear.shape}; both need three axes"
        )
    value = np.concatenate((angular, linear))
    for axis in np.flatnonzero(~np.isfinite(value)):
        raise SensorError(f"imu {AXES[axis]} is {value[axis]}; the driver must send finite values")
    for axis in np.flatnonzero(np.abs(value) > MOST_STEPS * step):
        raise SensorError(
            f"imu {AXES[axis]} is {value[axis]:g}, over {MOST_STEPS} steps of {step[axis]:g};"
            " check the driver's units or raise the step"
        )
    return value
