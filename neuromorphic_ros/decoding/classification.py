"""Spikes of a population with a row of neurons for each class to the class that fired most."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.decoding.detection import Box, ClassNames, Detections, names_of
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import Shape, SpikeBatch, merge


@dataclass(frozen=True, config=STRICT)
class Classification:
    """Name what is seen by the class whose neurons fired most in the last `window_ms`.

    Windows end `period_ms` apart, and overlap if that is shorter than they are.
    """

    class_names: ClassNames
    window_ms: Annotated[
        float, Field(ge=1, le=10_000, description="Time over which spikes are counted [ms]")
    ] = 200.0
    period_ms: Annotated[
        float, Field(ge=1, le=10_000, description="Time from one answer to the next [ms]")
    ] = 50.0
    min_spikes: Annotated[
        int, Field(ge=1, le=100_000, description="Spikes of a class that make it a detection")
    ] = 5

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return names_of(self.class_names)

    def check_shape(self, shape: Shape) -> None:
        """Raise NetworkError unless spikes of a shape can be decoded: (classes, ...)."""
        if shape[0] != len(self.classes):
            raise NetworkError(
                f"class_names '{self.class_names}' are {len(self.classes)}, but a population of "
                f"{shape} has {shape[0]} rows; give one name for each"
            )


class ClassDetector:
    """Classify in sliding windows, whose ends are aligned to multiples of period_ms."""

    def __init__(self, parameters: Classification) -> None:
        """Start without spikes."""
        self.parameters = parameters
        self.reset()

    def reset(self) -> None:
        """Forget the spikes of the present windows."""
        self._pending: SpikeBatch | None = None

    def decode(self, spikes: SpikeBatch, start_ns: int, stop_ns: int) -> list[Detections]:
        """Return the detections of every window that ends in (start_ns, stop_ns].

        Raises NetworkError as `Classification.check_shape` does.
        """
        self.parameters.check_shape(spikes.shape)
        pending = spikes if self._pending is None else merge([self._pending, spikes])
        window_ns = round(self.parameters.window_ms * 1e6)
        period_ns = round(self.parameters.period_ms * 1e6)
        ends = range((start_ns // period_ns + 1) * period_ns, stop_ns + 1, period_ns)
        found = []
        for end_ns in ends:
            window = pending.between(end_ns - window_ns, end_ns)
            found.append(Detections(end_ns, strongest(self.parameters, window.counts())))
        self._pending = pending.between(stop_ns - window_ns, stop_ns)
        return found


def strongest(parameters: Classification, counts: npt.NDArray[np.int64]) -> tuple[Box, ...]:
    """Return the class with most spikes, of equal ones the first; nothing if these are too few.

    counts: int64[classes, ...], spikes per neuron in the window. The box is all that is seen, the
    score the share of the spikes that are of the class.
    """
    votes = counts.reshape(len(counts), -1).sum(axis=1)
    best = int(votes.argmax())
    if votes[best] < parameters.min_spikes:
        return ()
    return (Box(parameters.classes[best], float(votes[best] / votes.sum()), 0.5, 0.5, 1.0, 1.0),)
