"""Boxes matched with what is there."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neuromorphic_ros.decoding.detection import Box
from neuromorphic_ros.learning.frame_difference import Outline
from neuromorphic_ros.pipeline.detection_score import Thing, outline_of, score

CLASSES = ("car", "bike")
CAR = Thing("car", Outline(0.0, 0.0, 0.5, 0.5))
BIKE = Thing("bike", Outline(0.5, 0.5, 1.0, 1.0))


def box(class_name: str, center: float, size: float = 0.5, score_: float = 0.5) -> Box:
    return Box(class_name, score_, center, center, size, size)


def test_boxes_of_all_kinds_are_told_apart() -> None:
    found = score(
        [[box("car", 0.25), box("car", 0.75), box("bike", 0.5, 0.1)], []],
        [[CAR, BIKE], [CAR]],
        CLASSES,
        0.5,
    )
    assert found.windows == 2
    assert found.confusion.sum(axis=0).tolist() == [[0, 0, 1], [1, 1, 0], [0, 1, 0]]
    assert found.overlap.tolist() == [1.0, 1.0]
    assert found.figures() == pytest.approx(
        {
            "f1": 2 / 6,
            "precision": 1 / 3,
            "recall": 1 / 3,
            "precision_of_place": 2 / 3,
            "recall_of_place": 2 / 3,
        }
    )
    assert found.figures(np.array([0]))["recall"] == 1 / 2


def test_a_thing_is_matched_once_by_the_box_of_highest_score() -> None:
    found = score(
        [[box("bike", 0.25, score_=0.4), box("car", 0.25, score_=0.6)]], [[CAR]], CLASSES, 0.5
    )
    assert found.confusion[0].tolist() == [[0, 0, 1], [0, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize(("min_overlap", "matches"), [(0.24, 1), (0.26, 0)])
def test_boxes_that_overlap_too_little_are_no_match(min_overlap: float, matches: int) -> None:
    found = score([[box("car", 0.125, 0.25)]], [[CAR]], CLASSES, min_overlap)
    assert found.overlap.size == matches


def test_shares_of_nothing_are_nan() -> None:
    assert all(math.isnan(share) for share in score([[]], [[]], CLASSES, 0.5).figures().values())


def test_an_outline_has_the_edges_of_its_box() -> None:
    assert outline_of(Box("car", 0.5, 0.5, 0.25, 0.25, 0.5)) == (0.375, 0.0, 0.625, 0.5)
