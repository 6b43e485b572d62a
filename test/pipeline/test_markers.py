"""Shapes in space, as the type of their messages takes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from neuromorphic_ros.bags.typestore import deserialize, serialize, to_message
from neuromorphic_ros.pipeline.markers import (
    ADD,
    ARROW,
    BOX_DISTANCE_M,
    DELETE,
    LINE_LIST,
    LINE_STRIP,
    MARKER_ARRAY,
    TEXT_VIEW_FACING,
    TURN_RADIUS_M,
    box_marker,
    command_markers,
    text_marker,
)

STAMP_NS = 3_000_000_007


def received(*markers: Mapping[str, Any]) -> list[Any]:
    """Return markers as they come over the wire."""
    raw = serialize(MARKER_ARRAY, to_message(MARKER_ARRAY, {"markers": list(markers)}))
    found: list[Any] = deserialize(raw, MARKER_ARRAY).markers
    return found


def points(marker: Any) -> list[tuple[float, float, float]]:
    return [(point.x, point.y, point.z) for point in marker.points]


def test_a_command_is_the_way_of_one_second() -> None:
    ahead, turn = received(*command_markers(0.5, -math.pi / 2, "base_link", STAMP_NS))
    assert (ahead.type, turn.type) == (ARROW, LINE_STRIP)
    assert points(ahead) == [(0.0, 0.0, 0.0), (0.5, 0.0, 0.0)]
    assert points(turn)[0] == (TURN_RADIUS_M, 0.0, 0.0)
    assert points(turn)[-1] == pytest.approx((0.0, -TURN_RADIUS_M, 0.0)), "right is negative y"
    for marker in (ahead, turn):
        assert marker.header.frame_id == "base_link"
        assert (marker.header.stamp.sec, marker.header.stamp.nanosec) == (3, 7)
        assert marker.action == ADD
        assert marker.pose.orientation.w == 1.0
        assert marker.color.a == 1.0
        assert marker.scale.x > 0.0
        assert marker.lifetime.sec == 1
    assert ahead.ns != turn.ns


def test_what_does_not_move_has_no_arrow() -> None:
    markers = received(*command_markers(0.0, 0.0, "base_link", STAMP_NS))
    assert [marker.action for marker in markers] == [DELETE, DELETE]


def found(*boxes: tuple[float, float, float, float]) -> SimpleNamespace:
    fields = ("center_x", "center_y", "size_x", "size_y")
    detections = [SimpleNamespace(**dict(zip(fields, box, strict=True))) for box in boxes]
    return SimpleNamespace(image_width=100, image_height=50, detections=detections)


def test_boxes_are_where_the_camera_sees_them() -> None:
    # Half of a picture of 90 degrees is as wide as it is far away.
    whole = (50.0, 25.0, 100.0, 50.0)
    (marker,) = received(*box_marker(found(whole), math.pi / 2, "camera", STAMP_NS))
    assert marker.type == LINE_LIST
    assert marker.header.frame_id == "camera"
    corners = {tuple(round(value, 6) for value in point) for point in points(marker)}
    assert corners == {(x, y, BOX_DISTANCE_M) for x in (-1.0, 1.0) for y in (-0.5, 0.5)}
    assert len(marker.points) == 8, "four lines"
    right_below = (75.0, 40.0, 2.0, 2.0)
    (marker,) = received(*box_marker(found(right_below), math.pi / 2, "camera", STAMP_NS))
    assert min(x for x, _, _ in points(marker)) > 0.0
    assert min(y for _, y, _ in points(marker)) > 0.0


@pytest.mark.parametrize("width", [100, 0])
def test_without_boxes_the_old_ones_are_removed(width: int) -> None:
    nothing = SimpleNamespace(image_width=width, image_height=width, detections=[])
    (marker,) = received(*box_marker(nothing, 1.0, "camera", STAMP_NS))
    assert marker.action == DELETE


def test_words_are_above_the_robot() -> None:
    (marker,) = received(text_marker("a\nb", "base_link", STAMP_NS))
    assert (marker.type, marker.text, marker.action) == (TEXT_VIEW_FACING, "a\nb", ADD)
    assert marker.pose.position.z > 0.0
    assert marker.scale.z > 0.0
    assert received(text_marker("", "base_link", STAMP_NS))[0].action == DELETE
