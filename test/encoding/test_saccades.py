"""Pictures seen along a triangle."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.encoding.dvs import DvsParameters
from neuromorphic_ros.encoding.saccades import Saccades, saccade_events
from neuromorphic_ros.errors import SensorError

CLEAN = DvsParameters(sigma_thres=0.0)
SMALL = Saccades(size=12, zoom=1.0)


def pictures(count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).random((count, 8, 8), np.float32)


@pytest.mark.parametrize("wrong", [np.zeros((8, 8), np.float32), np.full((1, 8, 8), np.nan)])
def test_what_is_no_stack_of_pictures_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(SensorError, match="finite"):
        saccade_events(wrong, SMALL, CLEAN, 0)


def test_no_pictures_give_no_events() -> None:
    assert saccade_events(np.zeros((0, 8, 8), np.float32), SMALL, CLEAN, 0) == []


def test_an_even_picture_as_large_as_the_view_gives_no_event() -> None:
    (found,) = saccade_events(np.ones((1, 40, 40), np.float32), SMALL, CLEAN, 0)
    assert len(found) == 0


def test_a_picture_is_seen_the_same_alone_and_among_others() -> None:
    together = saccade_events(pictures(), SMALL, CLEAN, 0)
    for picture, seen in zip(pictures(), together, strict=True):
        assert saccade_events(picture[None], SMALL, CLEAN, 7) == [seen]


def test_events_are_in_order_and_within_the_saccades() -> None:
    for seen in saccade_events(pictures(), SMALL, CLEAN, 0):
        assert seen.shape == (2, 12, 12)
        assert np.all(np.diff(seen.time_ns) >= 0)
        assert seen.time_ns[0] >= 0
        assert seen.time_ns[-1] <= SMALL.duration_ns
        thirds = np.histogram(seen.time_ns, 3, (0, SMALL.duration_ns))[0]
        assert np.all(thirds > 0)


def test_the_way_leads_back() -> None:
    # What rose has fallen again, so that ON and OFF events of a pixel differ by one at most.
    (seen,) = saccade_events(pictures(1), SMALL, CLEAN, 0)
    on, off = seen.counts()[1], seen.counts()[0]
    assert on.sum() > 50
    assert np.abs(on - off).max() <= 1


def test_pictures_are_moved_about_their_middle() -> None:
    spot = np.zeros((1, 9, 9), np.float32)
    spot[0, 4, 6] = 1.0
    turned = np.array([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]])
    shifted = np.array([[[1.0, 0.0, -2.0], [0.0, 1.0, 1.0]]])

    def middle(moved: np.ndarray | None) -> np.ndarray:
        (seen,) = saccade_events(spot, Saccades(size=13, zoom=1.0), CLEAN, 0, moved)
        weight = seen.counts().sum(axis=0)
        rows, columns = np.mgrid[:13, :13] - 6
        return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()

    right = middle(None)
    assert right == pytest.approx([2, 0], abs=0.6)
    assert middle(turned) == pytest.approx([0, 2], abs=0.6)
    assert middle(shifted) - right == pytest.approx([-2, 1], abs=0.3)
