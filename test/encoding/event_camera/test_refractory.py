from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.encoding.event_camera.refractory import RefractoryFilter
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import SpikeBatch

from .streams import MS, SHAPE, batch, kept, spikes


def test_a_pixel_rests_for_its_period() -> None:
    stream = batch((1, 1, 0, 0), (1, 1, 0, 999), (2, 1, 0, 999), (1, 1, 1, 1000), (1, 1, 0, 1999))
    expected = batch((1, 1, 0, 0), (2, 1, 0, 999), (1, 1, 1, 1000))
    assert RefractoryFilter(SHAPE, 1000)(stream) == expected


@given(stream=spikes(), period_ns=st.integers(1, 30 * MS))
def test_it_equals_its_definition(stream: SpikeBatch, period_ns: int) -> None:
    passed_ns: dict[tuple[int, int], int] = {}

    def passes(x: int, y: int, polarity: int, time_ns: int) -> bool:
        if (x, y) in passed_ns and time_ns - passed_ns[x, y] < period_ns:
            return False
        passed_ns[x, y] = time_ns
        return True

    assert RefractoryFilter(SHAPE, period_ns)(stream) == kept(stream, passes)


@pytest.mark.parametrize("period_ns", [0, -5])
def test_a_period_must_be_positive(period_ns: int) -> None:
    with pytest.raises(SensorError, match=f"{period_ns} ns must be positive"):
        RefractoryFilter(SHAPE, period_ns)
