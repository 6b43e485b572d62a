"""What a robot is sent and has seen as shapes in space, the fields of visualization_msgs/Marker."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from neuromorphic_ros.pipeline.messages import Fields

MARKER_ARRAY = "visualization_msgs/msg/MarkerArray"

# Of Marker.msg.
ARROW, LINE_STRIP, LINE_LIST, TEXT_VIEW_FACING = 0, 4, 5, 9
ADD, DELETE = 0, 2

BLUE, ORANGE, WHITE = (0.35, 0.65, 1.0), (1.0, 0.65, 0.2), (1.0, 1.0, 1.0)
TURN_RADIUS_M = 0.3
TURN_POINTS = 25
TEXT_HEIGHT_M = 0.6
# Of the plane on which boxes are drawn, before the camera.
BOX_DISTANCE_M = 1.0
# A marker that nobody renews is gone soon.
LIFETIME_NS = 1_000_000_000


def command_markers(
    linear_m_s: float, angular_rad_s: float, frame_id: str, stamp_ns: int
) -> Iterator[Fields]:
    """Yield the way that a velocity makes in one second: an arrow ahead, and an arc that is turned.

    frame_id: x ahead, y left, z up (REP 103).
    """
    ahead = [_point(0.0, 0.0, 0.0), _point(linear_m_s, 0.0, 0.0)]
    turned = (angular_rad_s * index / (TURN_POINTS - 1) for index in range(TURN_POINTS))
    arc = [
        _point(TURN_RADIUS_M * math.cos(angle), TURN_RADIUS_M * math.sin(angle), 0.0)
        for angle in turned
    ]
    thick = {"x": 0.05, "y": 0.1, "z": 0.1}
    yield _lines("linear", ARROW, frame_id, stamp_ns, ahead if linear_m_s else [], thick, BLUE)
    thin = {"x": 0.03}
    yield _lines(
        "angular", LINE_STRIP, frame_id, stamp_ns, arc if angular_rad_s else [], thin, BLUE
    )


def box_marker(
    found: Any, field_of_view_rad: float, frame_id: str, stamp_ns: int
) -> Iterator[Fields]:
    """Yield the boxes of a DetectionArray as lines on a plane 1 m before the camera.

    frame_id: optical, z ahead, x right, y down (REP 103). field_of_view_rad: of a whole row of the
    picture; pixels are square.
    """
    width, height = found.image_width, found.image_height
    metres = 2 * BOX_DISTANCE_M * math.tan(field_of_view_rad / 2) / max(1, width)
    points = []
    for box in found.detections:
        x, y = (box.center_x - width / 2) * metres, (box.center_y - height / 2) * metres
        right, down = box.size_x * metres / 2, box.size_y * metres / 2
        corners = [
            _point(x + side * right, y + end * down, BOX_DISTANCE_M)
            for side, end in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        for first, second in zip(corners, corners[1:] + corners[:1], strict=True):
            points += [first, second]
    yield _lines("detections", LINE_LIST, frame_id, stamp_ns, points, {"x": 0.01}, ORANGE)


def text_marker(text: str, frame_id: str, stamp_ns: int) -> Fields:
    """Return words above the robot."""
    marker = _marker("words", TEXT_VIEW_FACING, frame_id, stamp_ns, {"z": 0.08}, WHITE)
    marker["pose"] = {"position": _point(0.0, 0.0, TEXT_HEIGHT_M), "orientation": {"w": 1.0}}
    return marker | {"text": text, "action": ADD if text else DELETE}


def _lines(
    name: str,
    kind: int,
    frame_id: str,
    stamp_ns: int,
    points: Sequence[Fields],
    scale: Fields,
    colour: tuple[float, float, float],
) -> Fields:
    # Viewers warn of lines without points.
    action = ADD if points else DELETE
    marker = _marker(name, kind, frame_id, stamp_ns, scale, colour)
    return marker | {"action": action, "points": list(points)}


def _marker(
    name: str,
    kind: int,
    frame_id: str,
    stamp_ns: int,
    scale: Fields,
    colour: tuple[float, float, float],
) -> Fields:
    return {
        "header": {"stamp": stamp_ns, "frame_id": frame_id},
        "ns": name,
        "type": kind,
        "pose": {"orientation": {"w": 1.0}},
        "scale": scale,
        "color": dict(zip("rgba", (*colour, 1.0), strict=True)),
        "lifetime": LIFETIME_NS,
    }


def _point(x: float, y: float, z: float) -> Fields:
    return {"x": x, "y": y, "z": z}
