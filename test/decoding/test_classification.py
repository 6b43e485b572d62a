"""Classes: the row that fired most, in windows that slide and do not depend on chunks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from neuromorphic_ros.decoding.classification import ClassDetector, Classification, strongest
from neuromorphic_ros.decoding.detection import Detections
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.spikes import SpikeBatch

MS = 1_000_000
SHAPE = (3, 2)
PARAMETERS = Classification("cup, hand, ball", window_ms=20.0, period_ms=5.0, min_spikes=2)


def batch_of(spikes: list[tuple[int, int]]) -> SpikeBatch:
    """Return spikes of (address, time in ms)."""
    spikes = sorted(spikes, key=lambda spike: spike[1])
    address = np.array([address for address, _ in spikes], np.uint32)
    return SpikeBatch(SHAPE, address, np.array([time * MS for _, time in spikes], np.int64))


def names(found: list[Detections]) -> list[str]:
    return [box.class_name for each in found for box in each.boxes]


def test_the_class_whose_neurons_fired_most_is_named_with_its_share_of_the_spikes() -> None:
    (box,) = strongest(PARAMETERS, np.array([[1, 0], [2, 3], [2, 2]]))
    assert (box.class_name, box.score) == ("hand", 5 / 10)


def test_the_box_is_all_that_is_seen() -> None:
    (box,) = strongest(PARAMETERS, np.array([[2, 0], [0, 0], [0, 0]]))
    assert (box.center_x, box.center_y, box.size_x, box.size_y) == (0.5, 0.5, 1.0, 1.0)
    assert box.score == 1.0


def test_of_equal_classes_the_first_is_named() -> None:
    (box,) = strongest(PARAMETERS, np.array([[0, 0], [2, 0], [1, 1]]))
    assert box.class_name == "hand"


@pytest.mark.parametrize("counts", [[[0, 0], [0, 0], [0, 0]], [[1, 0], [0, 1], [1, 0]]])
def test_too_few_spikes_are_no_detection(counts: list[list[int]]) -> None:
    assert strongest(PARAMETERS, np.array(counts)) == ()


@pytest.mark.parametrize("shape", [(2, 2), (4,), (6, 1)])
def test_a_population_of_other_classes_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(NetworkError, match=r"'cup, hand, ball' are 3, but .* give one name"):
        ClassDetector(PARAMETERS).decode(SpikeBatch.empty(shape), 0, 5 * MS)


def test_classes_need_names() -> None:
    with pytest.raises(ValidationError, match="class_names"):
        Classification(class_names="cup,,ball")


def test_windows_overlap_and_forget() -> None:
    spikes = batch_of([(0, 1), (1, 2), (2, 12), (3, 13), (2, 14)])
    found = ClassDetector(PARAMETERS).decode(spikes, 0, 40 * MS)
    assert [each.stamp_ns for each in found] == [end * MS for end in range(5, 41, 5)]
    # cup up to 10 ms, then hand until 20 ms after its last spikes.
    assert names(found) == ["cup", "cup", "hand", "hand", "hand", "hand"]
    assert [len(each.boxes) for each in found[-2:]] == [0, 0]


def test_a_spike_at_the_end_of_a_window_belongs_to_the_next() -> None:
    detector = ClassDetector(Classification("a, b, c", window_ms=5, period_ms=5, min_spikes=1))
    first, second = detector.decode(batch_of([(4, 5)]), 0, 10 * MS)
    assert first.boxes == ()
    assert names([second]) == ["c"]


def test_what_was_before_a_pause_does_not_count() -> None:
    detector = ClassDetector(PARAMETERS)
    assert names(detector.decode(batch_of([(0, 1), (0, 2)]), 0, 5 * MS)) == ["cup"]
    assert detector.decode(SpikeBatch.empty(SHAPE), 100 * MS, 105 * MS)[0].boxes == ()


def test_a_reset_forgets() -> None:
    detector = ClassDetector(PARAMETERS)
    detector.decode(batch_of([(0, 1), (0, 2)]), 0, 3 * MS)
    detector.reset()
    assert detector.decode(SpikeBatch.empty(SHAPE), 3 * MS, 5 * MS)[0].boxes == ()


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 99)), max_size=60),
    st.sets(st.integers(1, 99), max_size=8),
)
def test_answers_do_not_depend_on_the_chunks(spikes: list[tuple[int, int]], cuts: set[int]) -> None:
    whole = batch_of(spikes)
    expected = ClassDetector(PARAMETERS).decode(whole, 0, 100 * MS)
    detector = ClassDetector(PARAMETERS)
    found = []
    for start, stop in pairwise([0, *sorted(cuts), 100]):
        chunk = whole.between(start * MS, stop * MS)
        found += detector.decode(chunk, start * MS, stop * MS)
    assert found == expected
