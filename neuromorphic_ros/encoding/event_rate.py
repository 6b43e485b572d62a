"""Control of the event rate: a ceiling that is held by higher thresholds, never by dropped events.

Event cameras are controlled so by their biases, in fixed steps: Delbruck, Graca and Paluch,
"Feedback control of event cameras", CVPR Workshops 2021. Here an integral controller moves the
logarithm of the thresholds: the loop then has one gain at all rates, because pixels fire about in
proportion to 1 / threshold. Like automatic gain controls it attacks fast and releases slowly, and
it releases only after the events beyond the ceiling are made up for, as in a leaky bucket: else a
scene that falls silent at one threshold would come back with every release.
"""

from __future__ import annotations

import math
from typing import NamedTuple

# The rate is led to a little below the ceiling, so that it settles below and not around it.
TARGET = 0.8
ATTACK_S = 0.1
RELEASE_S = 1.0
# A gain of 1 would cancel an error in one frame if rates were proportional to 1 / threshold. Those
# of edges that just reach the thresholds fall three times as fast: more than 1/3 would oscillate.
MOST_GAIN = 1 / 3
# Bound how much one frame, a flash say, can change.
MOST_ATTACK = 3.0
MOST_RELEASE = 1.0
# Bounds how long a burst keeps the thresholds up after it.
MOST_EXCESS_S = 5.0


class RateControl(NamedTuple):
    """State of the control.

    log_scale: logarithm of the factor on all thresholds, 0 or more.
    excess_s: time that the ceiling takes to make up for the events beyond it [s].
    """

    log_scale: float = 0.0
    excess_s: float = 0.0

    @property
    def threshold_scale(self) -> float:
        """Factor on all thresholds, 1 or more."""
        return math.exp(self.log_scale)


def controlled(
    state: RateControl, events: int, interval_s: float, max_events_per_s: float, max_scale: float
) -> RateControl:
    """Return the state after a frame that gave `events` in `interval_s`.

    max_events_per_s: the ceiling; 0: none. max_scale: from which on thresholds have no effect.
    From up to 10,000 times the ceiling a steady scene, whose rate falls like 1 / threshold to its
    third power, is below the ceiling within 0.5 s or 15 frames, whichever is longer, without
    oscillation. Once it is calm, the scale falls after `excess_s` by a factor e in 1 s.
    """
    if not max_events_per_s:
        return RateControl()
    rate = events / interval_s / max_events_per_s
    error = math.log(rate / TARGET) if rate > 0.0 else -math.inf
    excess_s = min(max(state.excess_s + (rate - 1.0) * interval_s, 0.0), MOST_EXCESS_S)
    change = 0.0
    if error > 0.0:
        change = min(error, MOST_ATTACK) * min(interval_s / ATTACK_S, MOST_GAIN)
    elif not excess_s:
        change = max(error, -MOST_RELEASE) * min(interval_s / RELEASE_S, MOST_GAIN)
    log_scale = min(max(state.log_scale + change, 0.0), math.log(max(max_scale, 1.0)))
    return RateControl(log_scale, excess_s)
