"""Blobs: boxes on layers made by hand, windows that do not depend on chunks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError
from scipy.sparse.csgraph import connected_components

from neuromorphic_ros.decoding.detection import BlobDetection, BlobDetector, Detections, blobs
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.spikes import SpikeBatch

MS = 1_000_000
PARAMETERS = BlobDetection(window_ms=10.0, min_spikes=2, min_cells=2, class_names="motion")


def layer(*rows: str) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    return np.array([[int(cell) for cell in row] for row in rows], np.int64)


def test_a_box_encloses_its_cells_in_shares_of_the_image() -> None:
    (box,) = blobs(
        PARAMETERS,
        layer(
            "00000000",
            "00033000",
            "00030000",
            "00000000",
        ),
    )
    assert box.class_name == "motion"
    assert box.score == pytest.approx(3 / (3 + 2))
    assert (box.center_x, box.center_y) == (4 / 8, 2 / 4)
    assert (box.size_x, box.size_y) == (2 / 8, 2 / 4)


def test_a_box_may_fill_the_image() -> None:
    (box,) = blobs(PARAMETERS, layer("22", "22"))
    assert (box.center_x, box.center_y, box.size_x, box.size_y) == (0.5, 0.5, 1.0, 1.0)
    assert box.score == 0.5


def test_cells_that_touch_at_a_corner_are_one_group() -> None:
    assert len(blobs(PARAMETERS, layer("200", "020", "002"))) == 1


def test_cells_apart_are_groups_of_their_own_highest_score_first() -> None:
    found = blobs(PARAMETERS, layer("22000", "00000", "00099"))
    assert [box.score for box in found] == [9 / 11, 2 / 4]
    assert [box.center_x for box in found] == [4 / 5, 1 / 5]


def test_boxes_that_overlap_do_not_share_cells() -> None:
    found = blobs(PARAMETERS, layer("99999", "90000", "90022"))
    assert [box.score for box in found] == [9 / 11, 2 / 4]


@pytest.mark.parametrize("rows", [("000", "000"), ("111", "111"), ("200", "002"), ("210", "000")])
def test_too_few_spikes_or_cells_are_no_detection(rows: tuple[str, ...]) -> None:
    assert blobs(PARAMETERS, layer(*rows)) == ()


def test_channels_add_up() -> None:
    on, off = layer("110", "000"), layer("110", "000")
    assert len(blobs(PARAMETERS, np.stack([on, off]))) == 1


TWO = BlobDetection(min_spikes=2, min_cells=2, class_names="car, bike")


def test_a_box_is_of_the_class_that_spikes_most_in_it() -> None:
    cars, bikes = layer("99000", "00000", "00012"), layer("20000", "00000", "00023")
    one, other = blobs(TWO, np.stack([cars, bikes]))
    assert (one.class_name, one.score) == ("car", 9 / (9 + 2))
    assert (other.class_name, other.score) == ("bike", 2.5 / (2.5 + 2))


def test_of_equal_classes_a_box_is_of_the_first() -> None:
    (box,) = blobs(TWO, np.stack([layer("22"), layer("22")]))
    assert box.class_name == "car"


@pytest.mark.parametrize("names", ["", " ", ",", "car,", ",car", "car,,bike", "car, ,bike"])
def test_a_class_without_a_name_is_refused(names: str) -> None:
    with pytest.raises(ValidationError, match="class_names"):
        BlobDetection(class_names=names)


def test_classes_that_are_not_the_channels_are_refused() -> None:
    for shape in ((3, 2, 2), (2, 2)):
        with pytest.raises(NetworkError, match="'car, bike' are 2"):
            BlobDetector(TWO).decode(SpikeBatch.empty(shape), 0, 200 * MS)


@pytest.mark.parametrize(("gap_cells", "groups"), [(1, 3), (2, 2), (3, 1), (100, 1)])
def test_cells_across_a_gap_are_one_group(gap_cells: int, groups: int) -> None:
    parameters = BlobDetection(min_spikes=2, min_cells=1, gap_cells=gap_cells)
    assert len(blobs(parameters, layer("2000000", "0000000", "0200200"))) == groups


@given(
    arrays(np.int64, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.integers(0, 2)),
    st.integers(1, 9),
)
def test_groups_are_those_of_pairs_of_cells_that_are_near(
    cells: np.ndarray[tuple[int, int], np.dtype[np.int64]], gap_cells: int
) -> None:
    place = np.argwhere(cells >= 2)
    near = np.abs(place[:, None] - place).max(axis=2, initial=0) <= gap_cells
    groups = connected_components(near)[0] if len(place) else 0
    found = blobs(BlobDetection(min_spikes=2, min_cells=1, gap_cells=gap_cells), cells)
    assert len(found) == groups


def batch_of(spikes: list[tuple[int, int]]) -> SpikeBatch:
    ordered = sorted(spikes)
    return SpikeBatch.checked(
        (2, 3, 4), [address for _, address in ordered], [time for time, _ in ordered]
    )


def pair(time_ns: int) -> list[tuple[int, int]]:
    """Spikes that make two touching cells active."""
    return [(time_ns, address) for address in (0, 0, 1, 1)]


def test_every_window_is_reported_at_its_end_even_without_spikes() -> None:
    detector = BlobDetector(PARAMETERS)
    found = detector.decode(batch_of(pair(12 * MS)), 0, 35 * MS)
    assert [(item.stamp_ns, len(item.boxes)) for item in found] == [
        (10 * MS, 0),
        (20 * MS, 1),
        (30 * MS, 0),
    ]


def test_a_spike_at_an_edge_belongs_to_the_window_that_begins_there() -> None:
    found = BlobDetector(PARAMETERS).decode(batch_of(pair(10 * MS)), 0, 20 * MS)
    assert [len(item.boxes) for item in found] == [0, 1]


def test_windows_are_aligned_to_multiples_of_their_length() -> None:
    found = BlobDetector(PARAMETERS).decode(batch_of([]), 13 * MS, 41 * MS)
    assert [item.stamp_ns for item in found] == [20 * MS, 30 * MS, 40 * MS]


@settings(deadline=None)
@given(
    spikes=st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 23)).map(lambda s: (s[0] * MS, s[1])),
        max_size=150,
    ),
    cuts=st.lists(st.integers(0, 61), max_size=10),
)
def test_detections_do_not_depend_on_chunks(spikes: list[tuple[int, int]], cuts: list[int]) -> None:
    batch, stop = batch_of(spikes), 61
    expected = BlobDetector(PARAMETERS).decode(batch, 0, stop * MS)
    detector = BlobDetector(PARAMETERS)
    found: list[Detections] = []
    edges = [0, *sorted(cuts), stop]
    for begin, end in pairwise(edges):
        found += detector.decode(batch.between(begin * MS, end * MS), begin * MS, end * MS)
    assert found == expected
    assert len(found) == 6


def test_reset_forgets_the_present_window() -> None:
    detector = BlobDetector(PARAMETERS)
    detector.decode(batch_of(pair(1 * MS)), 0, 5 * MS)
    detector.reset()
    (found,) = detector.decode(batch_of([]), 5 * MS, 10 * MS)
    assert found.boxes == ()


@pytest.mark.parametrize("shape", [(6,), (1, 2, 3, 4)])
def test_a_population_that_is_no_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(NetworkError, match="population, not"):
        BlobDetector(PARAMETERS).decode(SpikeBatch.empty(shape), 0, 10 * MS)
