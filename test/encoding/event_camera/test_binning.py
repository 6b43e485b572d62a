from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from neuromorphic_ros.encoding.event_camera.binning import Binning, pixels_per_cell
from neuromorphic_ros.encoding.event_camera.resize import Resize
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import SpikeBatch

from .streams import MS, SHAPE, batch, kept, spikes

CELL = np.full((4, 5), 2)


def test_a_cell_fires_when_its_changes_add_up() -> None:
    stream = batch((1, 1, 1, 0), (1, 1, 0, 1), (1, 1, 0, 2), (2, 1, 0, 2), (1, 1, 0, 3))
    assert Binning(SHAPE, CELL)(stream) == batch((1, 1, 0, 3))


@given(stream=spikes(), threshold=stn.arrays(np.int64, (4, 5), elements=st.integers(1, 4)))
def test_it_equals_its_definition(stream: SpikeBatch, threshold: np.ndarray) -> None:  # type: ignore[type-arg]
    sums: dict[tuple[int, int], int] = {}

    def passes(x: int, y: int, polarity: int, time_ns: int) -> bool:
        sign = 2 * polarity - 1
        sums[x, y] = sums.get((x, y), 0) + sign
        if sign * sums[x, y] < threshold[y, x]:
            return False
        sums[x, y] -= sign * int(threshold[y, x])
        return True

    assert Binning(SHAPE, threshold)(stream) == kept(stream, passes)


@given(stream=spikes())
def test_cells_of_one_pixel_pass_everything(stream: SpikeBatch) -> None:
    assert Binning(SHAPE, np.ones((4, 5), np.int64))(stream) == stream


def test_an_edge_gives_as_many_events_as_before_a_camera_of_fewer_pixels() -> None:
    """Two thresholds of contrast move over 640x480 pixels: each gives two events."""
    columns = np.repeat(np.arange(640), 2 * 480)
    rows = np.tile(np.repeat(np.arange(480), 2), 640)
    address = ((480 + rows) * 640 + columns).astype(np.uint32)
    stream = SpikeBatch((2, 480, 640), address, np.arange(address.size) * MS)
    cells = Resize(stream.shape, 96, 128)
    pixels = np.outer(pixels_per_cell(480, 96), pixels_per_cell(640, 128))
    counts = Binning(cells.shape, pixels)(cells(stream)).counts()
    assert np.all(counts[1] == 2)
    assert np.all(counts[0] == 0)


@given(cells=st.integers(1, 50), more=st.integers(0, 200))
def test_cells_hold_all_pixels(cells: int, more: int) -> None:
    pixels = pixels_per_cell(cells + more, cells)
    assert pixels.shape == (cells,)
    assert pixels.sum() == cells + more
    assert pixels.min() >= 1


@pytest.mark.parametrize("threshold", [np.zeros((4, 5)), np.ones((5, 4)), np.ones(20)])
def test_impossible_thresholds_are_refused(threshold: np.ndarray) -> None:  # type: ignore[type-arg]
    with pytest.raises(SensorError, match=r"\(4, 5\) numbers from 1 on"):
        Binning(SHAPE, threshold.astype(np.int64))
