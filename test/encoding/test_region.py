from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.encoding.region import Region, RegionOfInterest, View
from neuromorphic_ros.errors import SensorError


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_zeros_are_the_whole_picture(width: int, height: int) -> None:
    assert RegionOfInterest().view_of(width, height) == View.whole(width, height)


@pytest.mark.parametrize(
    ("fields", "region"),
    [
        ({"roi_x_offset": 3}, Region(3, 0, 5, 6)),
        ({"roi_y_offset": 5}, Region(0, 5, 8, 1)),
        ({"roi_width": 8, "roi_height": 6}, Region(0, 0, 8, 6)),
        ({"roi_x_offset": 6, "roi_width": 2, "roi_height": 1}, Region(6, 0, 2, 1)),
    ],
)
def test_a_region_reaches_to_the_edge_unless_it_has_a_size(
    fields: dict[str, int], region: Region
) -> None:
    assert RegionOfInterest(**fields).view_of(8, 6) == View(8, 6, region)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"roi_x_offset": 8}, r"0x6 pixels at \(8, 0\)"),
        ({"roi_y_offset": 9}, r"8x-3 pixels at \(0, 9\)"),
        ({"roi_x_offset": 5, "roi_width": 4}, r"4x6 pixels at \(5, 0\)"),
        ({"roi_height": 7}, r"8x7 pixels at \(0, 0\)"),
    ],
)
def test_a_region_beyond_the_picture_is_refused_with_both_sizes(
    fields: dict[str, int], named: str
) -> None:
    with pytest.raises(SensorError, match=f"region of {named} is not inside the picture of 8x6"):
        RegionOfInterest(**fields).view_of(8, 6)
