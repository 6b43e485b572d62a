"""Rate code: the level of each address as the rate of its spikes."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.trains import numbered
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import Addresses, Shape, SpikeBatch, TimesNs

Spiking = Literal["regular", "poisson"]
HoldMs = Annotated[
    float, Field(ge=0.1, le=60_000.0, description="how long one sample drives the spikes [ms]")
]
# What numpy.random.default_rng takes.
Seed = int | tuple[int, ...]

_GOLDEN_RATIO = (1.0 + math.sqrt(5.0)) / 2.0
_LONG_AGO_NS = -(2**63)


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class RateParameters:
    """Parameters of the rate code."""

    max_rate_hz: Annotated[
        float, Field(ge=0.1, le=10_000.0, description="rate at full response [Hz]")
    ] = 200.0
    hold_ms: HoldMs = 100.0
    spiking: Annotated[
        Spiking, Field(description="how spikes of one rate are spaced [regular|poisson]")
    ] = "regular"


class SpikeGenerator:
    """Drive addresses by spikes of given rates.

    Regular spikes keep their phase from one call to the next. Poisson spikes have a number drawn
    from the Poisson distribution and uniform times, which is the exact process for a rate that is
    constant within a call.
    """

    _phase: npt.NDArray[np.float64]
    _generator: np.random.Generator

    def __init__(self, size: int, seed: Seed) -> None:
        """size: number of addresses; seed: of the Poisson process."""
        self._size = size
        self._seed = seed
        self.reset()

    def drive(
        self, rate_hz: npt.NDArray[np.float64], start_ns: int, stop_ns: int, spiking: Spiking
    ) -> tuple[Addresses, TimesNs]:
        """Return addresses and times of the spikes from `start_ns` to `stop_ns`, ordered by time.

        rate_hz: float64[size], finite and not negative.
        """
        per_ns = rate_hz * 1e-9
        if spiking == "poisson":
            counts = self._generator.poisson(per_ns * (stop_ns - start_ns))
            address = np.repeat(np.arange(counts.size), counts)
            offset_ns = self._generator.integers(0, max(stop_ns - start_ns, 1), address.size)
        else:
            phase = self._phase + per_ns * (stop_ns - start_ns)
            counts = np.floor(phase).astype(np.int64)
            address, number = numbered(counts)
            due_ns = np.rint((number - self._phase[address]) / per_ns[address]).astype(np.int64)
            offset_ns = np.minimum(due_ns, stop_ns - start_ns)
            self._phase = phase - counts
        order = np.argsort(offset_ns, kind="stable")
        return address[order].astype(np.uint32), start_ns + offset_ns[order]

    def reset(self) -> None:
        """Spread the phases and begin the random numbers again."""
        # Multiples of the golden ratio keep any number of addresses from spiking in step.
        self._phase = np.mod(_GOLDEN_RATIO * np.arange(1, self._size + 1, dtype=np.float64), 1.0)
        self._generator = np.random.default_rng(self._seed)


class RateCode:
    """Drive addresses by samples of their levels.

    A sample drives its spikes for `hold_ms`; the next one takes over where they end, so that rates
    neither add up nor stutter when samples come early. Without samples the spikes stop. Set
    `hold_ms` to the period of the sensor.
    """

    _driven_until_ns: int

    def __init__(self, shape: Shape, seed: Seed) -> None:
        """shape: of the population; seed: of the Poisson process."""
        self.shape = shape
        self._generator = SpikeGenerator(math.prod(shape), seed)
        self.reset()

    def encode(
        self, level: npt.NDArray[np.float64], stamp_ns: int, parameters: RateParameters
    ) -> SpikeBatch:
        """Return the spikes from the end of the last sample's, or `stamp_ns`, to its own end.

        level: float64 of the code's shape, 0 (silent) to 1 (full rate).
        """
        start_ns = max(stamp_ns, self._driven_until_ns)
        stop_ns = max(stamp_ns + round(parameters.hold_ms * 1e6), start_ns)
        address, time_ns = self._generator.drive(
            level.ravel() * parameters.max_rate_hz, start_ns, stop_ns, parameters.spiking
        )
        self._driven_until_ns = stop_ns
        return SpikeBatch(self.shape, address, time_ns)

    def complete_ns(self, stamp_ns: int) -> int:
        """Return the end of the sample's spikes: those of the next one follow them."""
        return max(stamp_ns, self._driven_until_ns)

    def reset(self) -> None:
        """Forget all samples."""
        self._generator.reset()
        self._driven_until_ns = _LONG_AGO_NS
