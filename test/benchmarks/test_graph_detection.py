from __future__ import annotations

import json

import graph_detection
import numpy as np
import pytest

from neuromorphic_ros.decoding.detection import Box
from neuromorphic_ros.learning.frame_difference import Outline
from neuromorphic_ros.pipeline.detection_score import Thing
from neuromorphic_ros.pipeline.recipes.graph_cars import CLASSES, Footage


def footage() -> Footage:
    """Return a bright, textured car that drives down over dark ground."""
    car = np.random.default_rng(0).integers(130, 255, (15, 10)).repeat(4, 0).repeat(4, 1)
    pictures = []
    for row in [None] * 30 + [*range(-50, 110, 5)] + [None] * 5:
        picture = np.full((108, 192), 60, np.uint8)
        if row is not None:
            seen = picture[max(row, 0) : max(row + 60, 0), 80:120]
            seen[:] = car[max(-row, 0) :][: len(seen)]
        pictures.append(picture)
    return Footage(tuple(pictures), 10**9 + 80_000_000 * np.arange(len(pictures)))


@pytest.mark.parametrize("network", graph_detection.NETWORKS)
def test_a_row_tells_of_boxes_and_cars(network: str) -> None:
    half, third = graph_detection.rows_of(network, footage())
    assert json.loads(json.dumps([half, third])) == [half, third]
    assert half["recall"] <= third["recall"]
    for row in (half, third):
        assert row["cars"] > 10
        assert row["boxes"] > 0
        assert row["recall"] >= row["recall_of_class"]
        assert row["synops_per_s"] > 0


def test_what_moves_has_no_class_of_a_car() -> None:
    for row in graph_detection.rows_of("motion_detector", footage()):
        assert row["precision_of_class"] == 0


def test_a_tile_shows_boxes_in_their_colours_and_what_is_true_in_white() -> None:
    picture = np.zeros((108, 192), np.uint8)
    box = Box(CLASSES[1], 0.9, 0.5, 0.5, 0.5, 0.5)
    thing = Thing(CLASSES[1], Outline(0.1, 0.1, 0.2, 0.2))
    drawn = graph_detection.tile(picture, [box], [thing])
    colours = {tuple(colour) for colour in drawn.reshape(-1, 3).tolist()}
    assert colours == {(0, 0, 0), graph_detection.TRUE, graph_detection.COLOURS[CLASSES[1]]}


def test_the_picture_has_a_tile_for_each_chosen_window() -> None:
    drawn = graph_detection.figure(footage())
    assert drawn.shape == (2 * 180, 3 * graph_detection.WIDTH_PX, 3)
