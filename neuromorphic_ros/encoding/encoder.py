"""What every encoder offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar, runtime_checkable

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import Shape, SpikeBatch

Sample = TypeVar("Sample", contravariant=True)


class Encoder(Protocol[Sample]):
    """Turn the samples of one sensor into spikes, deterministically for a given seed."""

    @property
    def shape(self) -> Shape:
        """Extents of the population that the spikes address."""
        ...

    def encode(self, sample: Sample, stamp_ns: int) -> SpikeBatch:
        """Encode one sample taken at `stamp_ns`.

        Raises SensorError if the sample cannot be used; the state is then as before the call.
        """
        ...

    def complete_ns(self, stamp_ns: int) -> int:
        """Return the time before which no sample after the one of `stamp_ns` spikes."""
        ...

    def reset(self) -> None:
        """Forget all samples, as after construction."""
        ...


@runtime_checkable
class Counting(Protocol):
    """What an encoder offers that has something to tell of its samples."""

    @property
    def counters(self) -> Mapping[str, float]:
        """Numbers by name, since the last reset: samples skipped, values clipped, rates."""
        ...


def check_later(sample: str, stamp_ns: int, previous_ns: int | None) -> None:
    """Raise SensorError unless a sample is later than the previous one, if there is one."""
    if previous_ns is not None and stamp_ns <= previous_ns:
        raise SensorError(
            f"{sample} stamp {stamp_ns} ns is not after the previous {previous_ns} ns; call reset()"
            " if the clock was set back"
        )
