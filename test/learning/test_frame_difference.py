"""Tracks of squares that we move, over pictures whose exposure we change."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.learning.frame_difference import (
    FrameDifference,
    Grey,
    Outline,
    Track,
    follow,
)
from neuromorphic_ros.learning.samples import LearningError

HEIGHT, WIDTH, SIDE, COUNT = 60, 100, 20, 30
PARAMETERS = FrameDifference(blur=0.0)


def scene(*tops: int | None, gain: float = 1.0) -> Grey:
    """Return a textured ground with bright squares side by side at some rows."""
    ground = np.random.default_rng(0).integers(60, 120, (HEIGHT, WIDTH)).astype(np.float64)
    for number, top in enumerate(tops):
        if top is not None:
            left = 10 + 40 * number
            ground[max(0, top) : max(0, top + SIDE), left : left + SIDE] = 240
    return np.clip(ground * gain, 0, 255).astype(np.uint8)


def empty(count: int) -> list[Grey]:
    return [scene()] * count


def test_a_square_is_one_track_with_its_edges() -> None:
    pictures = empty(COUNT) + [scene(2 * k) for k in range(20)] + empty(COUNT)
    (track,) = follow(PARAMETERS, pictures)
    assert (track.first, len(track.outlines)) == (COUNT, 20)
    for place, outline in enumerate(track.outlines):
        assert outline == pytest.approx((0.1, 2 * place / HEIGHT, 0.3, (2 * place + 20) / HEIGHT))
    assert track.descent == pytest.approx(38 / HEIGHT)


def test_two_squares_that_pass_each_other_are_two_tracks() -> None:
    pictures = empty(COUNT) + [scene(2 * k, 38 - 2 * k) for k in range(20)] + empty(COUNT)
    down, up = follow(PARAMETERS, pictures)
    assert down.descent > 0 > up.descent


@pytest.mark.parametrize("gain", [0.7, 1.3])
def test_what_the_exposure_changes_is_no_foreground(gain: float) -> None:
    pictures = empty(COUNT) + [scene(gain=gain)] * 10
    assert follow(PARAMETERS, pictures) == ()


@pytest.mark.parametrize(
    "changes", [{"min_pictures": 21}, {"min_area": 0.1}, {"threshold_dn": 200.0}]
)
def test_what_is_too_short_small_or_faint_is_no_track(changes: dict[str, float]) -> None:
    pictures = empty(COUNT) + [scene(2 * k) for k in range(20)] + empty(COUNT)
    assert follow(dataclasses.replace(PARAMETERS, **changes), pictures) == ()


def test_parts_across_a_gap_are_joined() -> None:
    def split(top: int) -> Grey:
        picture, ground = scene(top), scene()
        picture[:, 19:22] = ground[:, 19:22]
        return picture

    pictures = empty(COUNT) + [split(2 * k) for k in range(20)] + empty(COUNT)
    assert len(follow(dataclasses.replace(PARAMETERS, join=0.04), pictures)) == 1
    assert len(follow(dataclasses.replace(PARAMETERS, join=0.01), pictures)) == 2


@pytest.mark.parametrize("pictures", [[], [np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8)]])
def test_pictures_that_cannot_be_compared_are_refused(pictures: list[Grey]) -> None:
    with pytest.raises(LearningError, match="there and of one size"):
        follow(PARAMETERS, pictures)


TRACK = Track(10, (Outline(0.0, 0.0, 0.2, 0.2), Outline(0.1, 0.2, 0.3, 0.4)))


def test_between_pictures_an_outline_is_in_proportion() -> None:
    assert TRACK.at(10) == (0.0, 0.0, 0.2, 0.2)
    assert TRACK.at(10.5) == pytest.approx((0.05, 0.1, 0.25, 0.3))
    assert TRACK.at(11) == (0.1, 0.2, 0.3, 0.4)
    for outside in (9.9, 11.1, float("inf"), -1.0):
        assert TRACK.at(outside) is None


def test_a_point_is_held_by_what_encloses_both_outlines_around_its_time() -> None:
    def held(picture: float, x: float, y: float) -> bool:
        point: list[npt.NDArray[np.float64]] = [np.array([each]) for each in (picture, x, y)]
        return bool(TRACK.holds(*point)[0])

    assert held(10.5, 0.05, 0.05)
    assert held(10.5, 0.25, 0.35)
    assert not held(10.5, 0.35, 0.35)
    assert held(10.0, 0.05, 0.05)
    assert not held(10.0, 0.25, 0.35)
    assert not held(11.5, 0.2, 0.3)
    assert not held(float("inf"), 0.2, 0.3)


EDGES = st.integers(0, 20).map(float)


@given(st.tuples(EDGES, EDGES, EDGES, EDGES), st.tuples(EDGES, EDGES, EDGES, EDGES))
def test_overlap_is_the_share_of_shared_cells(
    one: tuple[float, ...], other: tuple[float, ...]
) -> None:
    boxes = []
    for x1, y1, x2, y2 in (one, other):
        boxes.append(Outline(min(x1, x2), min(y1, y2), max(x1, x2) + 1, max(y1, y2) + 1))
    cells = np.zeros((2, 22, 22), bool)
    for place, box in enumerate(boxes):
        left, top, right, bottom = map(int, box)
        cells[place, top:bottom, left:right] = True
    expected = (cells[0] & cells[1]).sum() / (cells[0] | cells[1]).sum()
    assert boxes[0].overlap(boxes[1]) == pytest.approx(expected)
