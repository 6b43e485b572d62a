from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.encoding.event_camera.background_activity import BackgroundActivityFilter
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import SpikeBatch

from .streams import MS, SHAPE, batch, kept, spikes


@given(stream=spikes(), window_ns=st.integers(1, 30 * MS))
def test_it_equals_its_definition(stream: SpikeBatch, window_ns: int) -> None:
    """Every event supports the 8 pixels around it, as Delbruck's filter is published."""
    supported_ns: dict[tuple[int, int], int] = {}

    def passes(x: int, y: int, polarity: int, time_ns: int) -> bool:
        passed = (x, y) in supported_ns and time_ns - supported_ns[x, y] <= window_ns
        for near_x in (x - 1, x, x + 1):
            for near_y in (y - 1, y, y + 1):
                if (near_x, near_y) != (x, y):
                    supported_ns[near_x, near_y] = time_ns
        return passed

    assert BackgroundActivityFilter(SHAPE, window_ns)(stream) == kept(stream, passes)


def test_a_pixel_does_not_support_itself() -> None:
    stream = batch((1, 1, 0, 0), (1, 1, 0, 1), (1, 1, 1, 2), (2, 2, 0, 3))
    assert BackgroundActivityFilter(SHAPE, 10)(stream) == batch((2, 2, 0, 3))


@pytest.mark.parametrize(("near", "far"), [((0, 1), (4, 0)), ((4, 1), (0, 2)), ((0, 0), (4, 3))])
def test_rows_do_not_wrap_around(near: tuple[int, int], far: tuple[int, int]) -> None:
    assert len(BackgroundActivityFilter(SHAPE, 10)(batch((*near, 0, 0), (*far, 0, 1)))) == 0


def test_noise_goes_and_an_edge_stays() -> None:
    generator = np.random.default_rng(0)
    shape = (2, 100, 100)
    noise_ns = np.sort(generator.integers(0, 1000 * MS, 1000))
    noise = SpikeBatch(shape, generator.integers(0, 20_000, 1000).astype(np.uint32), noise_ns)
    # A vertical edge that crosses a column each 10 ms.
    columns, rows = np.divmod(np.arange(10_000), 100)
    edge = SpikeBatch(shape, (rows * 100 + columns).astype(np.uint32), columns * 10 * MS + rows)
    keep = BackgroundActivityFilter(shape, 5 * MS)
    assert len(keep(noise)) < 0.1 * len(noise)
    keep.reset()
    assert len(keep(edge)) >= 0.99 * len(edge)


@pytest.mark.parametrize("window_ns", [0, -5])
def test_a_window_must_be_positive(window_ns: int) -> None:
    with pytest.raises(SensorError, match=f"{window_ns} ns must be positive"):
        BackgroundActivityFilter(SHAPE, window_ns)
