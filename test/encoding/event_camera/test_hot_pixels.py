from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.encoding.event_camera.hot_pixels import HotPixelFilter
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import SpikeBatch

from .streams import MS, SHAPE, batch, kept, spikes


@given(
    stream=spikes(),
    max_count=st.integers(1, 4),
    window_ms=st.integers(5, 200),
    contrast=st.sampled_from([0.5, 1.0, 3.0]),
)
def test_it_equals_its_definition(
    stream: SpikeBatch, max_count: int, window_ms: int, contrast: float
) -> None:
    window_ns = window_ms * MS
    counts: dict[int, Counter[tuple[int, int]]] = {}

    def passes(x: int, y: int, polarity: int, time_ns: int) -> bool:
        window = time_ns // window_ns
        counts.setdefault(window, Counter())[x, y] += 1
        before = counts.get(window - 1, Counter())
        around = [
            before[near_x, near_y]
            for near_x in (x - 1, x, x + 1)
            for near_y in (y - 1, y, y + 1)
            if (near_x, near_y) != (x, y) and 0 <= near_x < 5 and 0 <= near_y < 4
        ]
        return not (before[x, y] > max_count and before[x, y] > contrast * np.mean(around))

    # Half an event more, so that rounding of the rate cannot decide.
    max_rate_hz = (max_count + 0.5) / (window_ms / 1000)
    found = HotPixelFilter(SHAPE, max_rate_hz, window_ns, contrast)(stream)
    assert found == kept(stream, passes)


def fire(pixels: list[tuple[int, int]], seconds: int, period_ms: int = 10) -> SpikeBatch:
    times = range(0, seconds * 1000, period_ms)
    return batch(*((x, y, 0, ms * MS) for ms in times for x, y in pixels))


def test_a_lone_busy_pixel_is_blocked_after_a_second() -> None:
    filter_ = HotPixelFilter(SHAPE, 50.0)
    passed = filter_(fire([(2, 1)], 3))
    assert len(passed) == 100
    assert passed.time_ns.max() < 1000 * MS
    assert np.argwhere(filter_.hot).tolist() == [[1, 2]]


def test_busy_neighbours_and_slow_pixels_pass() -> None:
    busy = fire([(x, y) for x in range(5) for y in range(4)], 2)
    assert HotPixelFilter(SHAPE, 50.0)(busy) == busy
    slow = fire([(2, 1)], 3, period_ms=20)
    assert HotPixelFilter(SHAPE, 50.0)(slow) == slow


def test_a_pixel_that_calms_down_passes_again() -> None:
    filter_ = HotPixelFilter(SHAPE, 50.0)
    filter_(fire([(2, 1)], 2))
    assert len(filter_(batch((2, 1, 0, 2500 * MS)))) == 0
    assert len(filter_(batch((2, 1, 0, 3500 * MS)))) == 1
    filter_(batch(*((2, 1, 0, 10_000 * MS + i * MS) for i in range(100))))
    assert len(filter_(batch((2, 1, 0, 11_500 * MS), (2, 1, 0, 13_500 * MS)))) == 1


def test_what_is_hot_is_given_as_a_copy() -> None:
    filter_ = HotPixelFilter(SHAPE, 50.0)
    filter_.hot[:] = True
    assert not filter_.hot.any()


@pytest.mark.parametrize(
    ("max_rate_hz", "window_ns", "contrast"),
    [(0.0, MS, 1.0), (float("nan"), MS, 1.0), (1.0, MS - 1, 1.0), (1.0, MS, 0.0)],
)
def test_impossible_limits_are_refused(max_rate_hz: float, window_ns: int, contrast: float) -> None:
    with pytest.raises(SensorError, match="must be positive"):
        HotPixelFilter(SHAPE, max_rate_hz, window_ns, contrast)
