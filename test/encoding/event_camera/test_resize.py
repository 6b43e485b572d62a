from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.encoding.event_camera.resize import Resize
from neuromorphic_ros.encoding.region import Region
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import SpikeBatch

from .streams import SHAPE, spikes


def all_pixels(shape: tuple[int, int, int]) -> SpikeBatch:
    address = np.arange(np.prod(shape), dtype=np.uint32)
    return SpikeBatch(shape, address, address.astype(np.int64))


@given(stream=spikes(), data=st.data())
def test_it_equals_its_definition(stream: SpikeBatch, data: st.DataObject) -> None:
    x, y = data.draw(st.integers(0, 4)), data.draw(st.integers(0, 3))
    region = Region(x, y, data.draw(st.integers(1, 5 - x)), data.draw(st.integers(1, 4 - y)))
    width = data.draw(st.integers(1, region.width))
    height = data.draw(st.integers(1, region.height))
    expected = []
    polarity, rows, columns = np.unravel_index(stream.address, SHAPE)
    for p, row, column, time_ns in zip(
        *(part.tolist() for part in (polarity, rows, columns, stream.time_ns)), strict=True
    ):
        if x <= column < x + region.width and y <= row < y + region.height:
            new_row = (row - y) * height // region.height
            new_column = (column - x) * width // region.width
            expected.append(((p * height + new_row) * width + new_column, time_ns))
    resized = Resize(SHAPE, height, width, region)(stream)
    assert resized.shape == (2, height, width)
    found = zip(resized.address.tolist(), resized.time_ns.tolist(), strict=True)
    assert list(found) == expected


@pytest.mark.parametrize(("height", "width"), [(120, 160), (32, 32), (480, 640), (100, 77)])
def test_cells_share_the_sensor_evenly(height: int, width: int) -> None:
    counts = Resize((2, 480, 640), height, width)(all_pixels((2, 480, 640))).counts()
    cells = (480 // height) * (640 // width), -(-480 // height) * -(-640 // width)
    assert cells[0] <= counts.min() <= counts.max() <= cells[1]


@pytest.mark.parametrize(
    "region", [Region(-1, 0, 2, 2), Region(4, 0, 2, 2), Region(0, 3, 2, 2), Region(0, 0, 0, 1)]
)
def test_a_region_beyond_the_sensor_is_refused(region: Region) -> None:
    with pytest.raises(SensorError, match="is not inside the sensor of 5x4"):
        Resize(SHAPE, 1, 1, region)


@pytest.mark.parametrize(("height", "width"), [(0, 1), (1, 0), (5, 5), (4, 6), (-1, 1)])
def test_more_pixels_than_there_are_cannot_be_had(height: int, width: int) -> None:
    with pytest.raises(SensorError, match=f"resized to {width}x{height}"):
        Resize(SHAPE, height, width)
