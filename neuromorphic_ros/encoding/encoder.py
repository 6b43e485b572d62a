"""What every encoder offers."""

from __future__ import annotations

from typing import Protocol, TypeVar

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

        No later call returns a spike before this call's `stamp_ns`.
        Raises SensorError if the sample cannot be used; the state is then as before the call.
        """
        ...

    def reset(self) -> None:
        """Forget all samples, as after construction."""
        ...
