"""The retina of rings: what grows moves along it at one speed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.encoding.image import Grey
from neuromorphic_ros.encoding.log_polar import (
    OUTSIDE,
    LogPolar,
    LogPolarSampler,
    central_square,
)
from neuromorphic_ros.encoding.region import Region, View

RETINA = LogPolar(12, 48, 1.0 / 6.0)


def disc(radius_px: float) -> Grey:
    """Return a dark disc in the middle of a bright picture of 128x96 pixels."""
    rows, columns = np.indices((96, 128)) + 0.5
    inside = np.hypot(rows - 48, columns - 64) < radius_px
    return np.where(inside, 40, 220).astype(np.uint8)


def edge_ring(radius_px: float) -> float:
    """Return how many rings of the mean wedge are dark."""
    seen = LogPolarSampler(RETINA).sample(disc(radius_px)).astype(float)
    return float(((220 - seen) / 180).sum(axis=0).mean())


@pytest.mark.parametrize("radius_px", [10.0, 16.0, 24.0])
def test_equal_growth_moves_an_edge_by_equally_many_rings(radius_px: float) -> None:
    rings = math.log(1.5) / math.log(6.0) * 12
    assert edge_ring(1.5 * radius_px) - edge_ring(radius_px) == pytest.approx(rings, abs=0.35)


@pytest.mark.parametrize(
    ("row", "column", "quarter"), [(48, 120, 0), (8, 64, 1), (48, 8, 2), (88, 64, 3)]
)
def test_quarters_look_right_up_left_and_down(row: int, column: int, quarter: int) -> None:
    picture = np.zeros((96, 128), np.uint8)
    picture[row - 3 : row + 3, max(column - 24, 0) : column + 24] = 255
    bright = LogPolarSampler(RETINA).sample(picture).sum(axis=0).reshape(4, 12).sum(axis=1)
    assert int(bright.argmax()) == quarter


@given(
    rings=st.integers(1, 16),
    wedges=st.integers(1, 64),
    fovea=st.floats(0.05, 0.5),
    side=st.integers(1, 80),
)
def test_cells_are_those_of_the_ring(rings: int, wedges: int, fovea: float, side: int) -> None:
    cells = LogPolar(rings, wedges, fovea).cells(side)
    offset = (np.arange(side) + 0.5) * 2.0 / side - 1.0
    radius = np.hypot(offset[:, None], offset)
    clear = (np.abs(radius - fovea) > 1e-9) & (np.abs(radius - 1.0) > 1e-9)
    inside = (radius > fovea) & (radius < 1.0)
    assert np.array_equal((cells != OUTSIDE)[clear], inside[clear])
    assert cells.max(initial=0) < rings * wedges
    assert cells.min(initial=0) >= OUTSIDE


@pytest.mark.parametrize("fovea", [0.05, 1.0 / 6.0, 0.5])
def test_every_cell_of_a_sampler_sees_something(fovea: float) -> None:
    white = np.full((48, 64), 255, np.uint8)
    assert np.all(LogPolarSampler(LogPolar(12, 48, fovea)).sample(white) == 255)


def test_cells_of_a_view_are_in_the_middle_of_its_region() -> None:
    cells = RETINA.cells_of(View(60, 50, Region(10, 5, 40, 30)))
    assert cells.shape == (50, 60)
    assert np.array_equal(cells[5:35, 15:45], RETINA.cells(30))
    assert np.count_nonzero(cells != OUTSIDE) == np.count_nonzero(RETINA.cells(30) != OUTSIDE)


@pytest.mark.parametrize(
    ("region", "square"),
    [
        (Region(0, 0, 7, 7), Region(0, 0, 7, 7)),
        (Region(2, 3, 10, 4), Region(5, 3, 4, 4)),
        (Region(2, 3, 4, 9), Region(2, 5, 4, 4)),
    ],
)
def test_the_square_is_the_largest_in_the_middle(region: Region, square: Region) -> None:
    assert central_square(region) == square
