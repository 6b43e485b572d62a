from __future__ import annotations

import math

import numpy as np

from neuromorphic_ros.report.accumulated_picture import (
    DECAY_S,
    GREY,
    GREY_PER_EVENT,
    AccumulatedPicture,
)
from neuromorphic_ros.spikes import SpikeBatch

SHAPE = (2, 3, 4)
ON, OFF = 12, 0
WINDOW_NS = 50_000_000


def events(*addresses: int) -> SpikeBatch:
    return SpikeBatch.checked(SHAPE, np.array(addresses, np.int64), np.zeros(len(addresses), int))


def test_on_events_brighten_and_off_events_darken() -> None:
    picture = AccumulatedPicture(SHAPE).add(events(ON + 5, ON + 5, OFF + 6), WINDOW_NS)
    assert (picture.shape, picture.dtype) == ((3, 4), np.uint8)
    assert picture[1, 1] == GREY + 2 * GREY_PER_EVENT
    assert picture[1, 2] == GREY - GREY_PER_EVENT
    assert picture[0, 0] == GREY


def test_what_stays_the_same_fades() -> None:
    accumulated = AccumulatedPicture(SHAPE)
    accumulated.add(events(ON, ON, ON), WINDOW_NS)
    picture = accumulated.add(events(), round(DECAY_S * 1e9))
    assert picture[0, 0] == int(GREY + 3 * GREY_PER_EVENT / math.e)
    assert accumulated.add(events(), 10**12)[0, 0] == GREY


def test_many_events_saturate() -> None:
    picture = AccumulatedPicture(SHAPE).add(events(*[ON] * 50, *[OFF + 1] * 50), WINDOW_NS)
    assert (picture[0, 0], picture[0, 1]) == (255, 0)
