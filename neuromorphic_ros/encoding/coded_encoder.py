"""What encoders that turn a sample into a vector and the vector into spikes have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, Protocol, TypeVar

from neuromorphic_ros.encoding.encoder import Sample, check_later
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import Shape, SpikeBatch

Parameters = TypeVar("Parameters")


class Code(Protocol):
    """What a code of vectors remembers; each has an `encode` for what it needs."""

    @property
    def shape(self) -> Shape:
        """Extents of the population that the spikes address."""
        ...

    def complete_ns(self, stamp_ns: int) -> int:
        """Return the time before which no sample after the one of `stamp_ns` spikes."""
        ...

    def reset(self) -> None:
        """Forget all samples, as after construction."""
        ...


class CodedEncoder(ABC, Generic[Sample, Parameters]):
    """Encode samples by a code, with parameters that may change unless they shape the input.

    sensor: its name in messages. fixed: the parameters that cannot change.
    """

    sensor: ClassVar[str]
    fixed: ClassVar[tuple[str, ...]] = ()

    _previous_ns: int | None
    _clipped: int

    def __init__(self, parameters: Parameters, code: Code) -> None:
        """Start without samples."""
        self._parameters = parameters
        self._code = code
        self.reset()

    @property
    def parameters(self) -> Parameters:
        """Parameters of the encoder; new ones hold from the next sample on.

        Raises SensorError if one changes that shapes the input of the network.
        """
        return self._parameters

    @parameters.setter
    def parameters(self, parameters: Parameters) -> None:
        for name in self.fixed:
            old, new = getattr(self._parameters, name), getattr(parameters, name)
            if new != old:
                raise SensorError(
                    f"{name} cannot change from {old} to {new} at run time; make a new encoder"
                )
        self._parameters = parameters

    @property
    def shape(self) -> Shape:
        """Extents of the population, those of the code."""
        return self._code.shape

    @property
    def counters(self) -> Mapping[str, int]:
        """How many values were outside the declared ranges since the last reset."""
        return {"clipped": self._clipped}

    def encode(self, sample: Sample, stamp_ns: int) -> SpikeBatch:
        """Return the spikes of a sample.

        Raises SensorError if the sample cannot be used or time does not advance; the state is then
        as before.
        """
        check_later(self.sensor, stamp_ns, self._previous_ns)
        spikes = self._encoded(sample, stamp_ns)
        self._previous_ns = stamp_ns
        return spikes

    def complete_ns(self, stamp_ns: int) -> int:
        """Return the time before which no sample after the one of `stamp_ns` spikes."""
        return self._code.complete_ns(stamp_ns)

    def reset(self) -> None:
        """Forget all samples."""
        self._code.reset()
        self._previous_ns = None
        self._clipped = 0

    @abstractmethod
    def _encoded(self, sample: Sample, stamp_ns: int) -> SpikeBatch:
        """Return the spikes of a sample later than the previous one."""
