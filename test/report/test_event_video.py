from __future__ import annotations

import numpy as np

from neuromorphic_ros.encoding.event_image import OFF_COLOUR, ON_COLOUR
from neuromorphic_ros.report.event_video import LEAST_HEIGHT, side_by_side
from neuromorphic_ros.report.events import BACKGROUND
from neuromorphic_ros.spikes import SpikeBatch


def test_the_picture_is_left_of_its_events() -> None:
    shape = (2, LEAST_HEIGHT, 5)
    grey = np.arange(LEAST_HEIGHT * 5, dtype=np.uint32).reshape(shape[1:]).astype(np.uint8)
    events = SpikeBatch.checked(shape, [3, 5 * LEAST_HEIGHT + 4], [0, 0])
    both = side_by_side(grey, events)
    assert (both.shape, both.dtype) == ((LEAST_HEIGHT, 10, 3), np.uint8)
    np.testing.assert_array_equal(both[:, :5], np.dstack([grey] * 3))
    np.testing.assert_array_equal(both[0, 5:], [[BACKGROUND] * 3] * 3 + [OFF_COLOUR, ON_COLOUR])


def test_small_sensors_are_enlarged_by_a_whole_factor() -> None:
    grey = np.array([[10, 20, 30]] * 34, np.uint8)
    both = side_by_side(grey, SpikeBatch.empty((2, 34, 3)))
    factor = both.shape[0] // 34
    assert LEAST_HEIGHT <= both.shape[0] < LEAST_HEIGHT + 34
    assert both.shape[1] == 6 * factor
    np.testing.assert_array_equal(both[0, : 3 * factor, 0], np.repeat([10, 20, 30], factor))
