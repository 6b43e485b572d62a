"""A picture made of events alone."""

from __future__ import annotations

import math

import numpy as np

from neuromorphic_ros.encoding.image import Grey
from neuromorphic_ros.spikes import Shape, SpikeBatch

DECAY_S = 0.2
GREY = 128.0
GREY_PER_EVENT = 24.0


class AccumulatedPicture:
    """Sum ON and OFF events per pixel, leaking: the picture without what stays the same.

    The high-pass filter of Scheerlinck, Barnes and Mahony, "Continuous-time Intensity Estimation
    Using Event Cameras", ACCV 2018, with the events of a window taken as of its end.
    """

    def __init__(self, shape: Shape) -> None:
        """Start with grey, for events of shape (2, height, width)."""
        self._sum = np.zeros(shape[1:], np.float32)

    def add(self, events: SpikeBatch, window_ns: int) -> Grey:
        """Return the picture after a window with these events, uint8[height, width]."""
        off, on = events.counts()
        self._sum *= math.exp(-window_ns / (DECAY_S * 1e9))
        self._sum += on - off
        return np.clip(GREY + GREY_PER_EVENT * self._sum, 0.0, 255.0).astype(np.uint8)
