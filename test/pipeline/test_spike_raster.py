"""Pictures of spikes for viewers of images."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.pipeline.spike_raster import (
    BOX_COLOUR,
    COLOURS,
    COLUMNS,
    GAP_ROWS,
    LABEL_WIDTH,
    LEAST_ROWS,
    MOST_ROWS,
    Box,
    boxed_events,
    raster,
)
from neuromorphic_ros.spikes import SpikeBatch

START_NS, END_NS = 7_000_000_000, 7_600_000_000
COLUMN_NS = (END_NS - START_NS) // COLUMNS


def batch(size: int, *spikes: tuple[int, int]) -> SpikeBatch:
    """Return spikes given by column and address."""
    ordered = sorted(spikes)
    times = [START_NS + column * COLUMN_NS for column, _ in ordered]
    return SpikeBatch.checked(
        (size,), [address for _, address in ordered] or np.empty(0, int), np.array(times, np.int64)
    )


def drawn(size: int, *spikes: tuple[int, int]) -> np.ndarray:
    """Return a raster of one population without its name."""
    return raster({"": batch(size, *spikes)}, START_NS, END_NS)[GAP_ROWS:, LABEL_WIDTH:]


def test_a_spike_is_drawn_at_its_time_in_the_rows_of_its_neuron() -> None:
    image = drawn(2, (0, 0), (COLUMNS - 1, 1))
    assert image.shape == (LEAST_ROWS, COLUMNS, 3)
    lit = image.any(axis=2)
    half = LEAST_ROWS // 2
    assert lit[:half, 0].all()
    assert lit[half:, COLUMNS - 1].all()
    assert lit.sum() == LEAST_ROWS
    assert tuple(image[0, 0]) == COLOURS[0]


def test_many_neurons_share_rows_and_the_last_one_is_in_the_picture() -> None:
    image = drawn(100_000, (3, 0), (3, 99_999))
    assert image.shape == (MOST_ROWS, COLUMNS, 3)
    assert [*np.flatnonzero(image[:, 3].any(axis=1))] == [0, MOST_ROWS - 1]


def test_more_spikes_are_brighter_and_one_is_seen() -> None:
    image = drawn(1, *[(5, 0)] * 50, (9, 0))
    assert tuple(image[0, 5]) == COLOURS[0]
    assert 0 < image[0, 9].max() < image[0, 5].max()
    assert not image[:, 7].any()


def test_spikes_of_other_times_are_left_out() -> None:
    assert not drawn(4, (-1, 0), (COLUMNS, 3)).any()


def test_populations_are_below_each_other_with_their_names() -> None:
    image = raster({"first": batch(1, (0, 0)), "zweite, ä": batch(1, (1, 0))}, START_NS, END_NS)
    band = LEAST_ROWS + GAP_ROWS
    assert image.shape == (2 * band, LABEL_WIDTH + COLUMNS, 3)
    assert image[:band, LABEL_WIDTH].any()
    assert image[band:, LABEL_WIDTH + 1].any()
    assert image[:band, :LABEL_WIDTH].any()
    assert image[band:, :LABEL_WIDTH].any()


def test_nothing_is_a_black_band() -> None:
    assert not raster({}, START_NS, END_NS).any()


def test_events_are_enlarged_and_boxes_drawn_where_they_are() -> None:
    events = SpikeBatch.checked((2, 48, 96), [0], [START_NS])
    plain = boxed_events(events, [])
    assert plain.shape == (192, 384, 3)
    assert plain[:4, :4].any(axis=2).all()
    assert plain.any(axis=2).sum() == 16
    boxed = boxed_events(events, [Box("motion 0.5", 0.5, 0.5, 0.75, 1.0)])
    assert tuple(boxed[150, 192]) == BOX_COLOUR
    assert tuple(boxed[150, 288]) == BOX_COLOUR
    assert not boxed[150, 240].any()
    assert boxed[70:92, 192:].any(), "the words above the box"


def test_only_events_of_a_camera_can_be_drawn() -> None:
    with pytest.raises(SpikeError, match="cannot draw"):
        boxed_events(SpikeBatch.empty((3, 4, 5)), [])
