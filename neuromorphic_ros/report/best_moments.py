"""The instants of a stream of pictures and events that show most, in bounded memory."""

from __future__ import annotations

import cv2
import numpy as np

from neuromorphic_ros.report.events import MOMENTS, Moment
from neuromorphic_ros.spikes import SpikeBatch

CELLS = (16, 12)
_STRETCHES = 4 * MOMENTS


class BestMoments:
    """Keep the most telling moment of each stretch; stretches grow with the stream."""

    def __init__(self) -> None:
        """Start with none; start_ns: time of the first moment."""
        self.start_ns = 0
        self._kept: list[tuple[float, Moment]] = []
        self._stretch = 1
        self._seen = 0

    def add(self, moment: Moment) -> None:
        """See the next moment."""
        if not self._seen:
            self.start_ns = moment.stamp_ns
        place = self._seen // self._stretch
        self._seen += 1
        telling = _telling(moment.events)
        if place == len(self._kept):
            self._kept.append((telling, _detached(moment)))
        elif telling > self._kept[place][0]:
            self._kept[place] = telling, _detached(moment)
        if len(self._kept) == _STRETCHES and self._seen == _STRETCHES * self._stretch:
            self._kept = [_better(self._kept[i : i + 2]) for i in range(0, _STRETCHES, 2)]
            self._stretch *= 2

    def chosen(self) -> list[Moment]:
        """Return up to MOMENTS of them, spread over the stream."""
        parts = np.array_split(np.arange(len(self._kept)), MOMENTS)
        return [_better([self._kept[i] for i in part])[1] for part in parts if part.size]


def _better(moments: list[tuple[float, Moment]]) -> tuple[float, Moment]:
    return max(moments, key=lambda kept: kept[0])


def _detached(moment: Moment) -> Moment:
    # Spikes may be views of much larger arrays.
    events = moment.events
    copy = SpikeBatch(events.shape, events.address.copy(), events.time_ns.copy())
    return moment._replace(events=copy)


def _telling(events: SpikeBatch) -> float:
    """Return how unevenly pixels with events are spread: low for noise and for cuts of a scene."""
    _, height, width = events.shape
    active = np.zeros(height * width, np.float32)
    active[events.address % active.size] = 1.0
    cells = cv2.resize(active.reshape(height, width), CELLS, interpolation=cv2.INTER_AREA)
    return float(np.std(cells))
