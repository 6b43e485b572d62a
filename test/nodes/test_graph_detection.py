"""A moving edge over DDS: boxes with the class of a graph of events, by real nodes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness import Received, Robot, eventually, robot_domain

from neuromorphic_ros.pipeline.outputs import DETECTIONS, IMAGE
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.event_graph_spec import (
    EventGraphLayer,
    EventGraphSpec,
    Neighbourhood,
)
from neuromorphic_ros.snn.network_folder import write_folder
from neuromorphic_ros.snn.spec import EventGraphLayers, Input, NetworkSpec, Population, Readout

pytestmark = pytest.mark.ros

HEIGHT, WIDTH = 96, 128
LEFT, SIDE, STEP_PX, CELL_PX = 48, 32, 2, 8
RATE_HZ = 30.0


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as domain:
        yield domain


def network() -> NetworkSpec:
    """Return a graph whose events are `bright` if ON and `dark` if OFF, if another is near."""
    near = Neighbourhood(radius_px=3, radius_ms=100.0, ages=1, newest=4)
    polarity = np.eye(2)[::-1]
    layer = EventGraphLayer(
        own=Array(0.75 * polarity),
        neighbour=Array(np.full((near.bins, 2, 2), 0.25) * polarity),
        bias=Array(np.zeros(2)),
    )
    graph = EventGraphSpec((2, 24, 32), near, (layer,), (12, 16), window_ms=100.0)
    return NetworkSpec(
        name="eye",
        dt_ms=1.0,
        inputs=(Input("dvs", graph.shape, "camera", "dvs", trigger=True),),
        populations=(Population("seen", graph.output_shape, graph=EventGraphLayers("dvs", graph)),),
        projections=(),
        readouts=(
            Readout(
                "detections",
                "blob_detection",
                "seen",
                {"min_spikes": 1, "gap_cells": 2, "class_names": "bright, dark"},
            ),
        ),
    )


class Camera:
    """Publish a bright bar that grows down from the upper edge, again and again."""

    def __init__(self, robot: Robot) -> None:
        """Begin to publish."""
        self._listener, self._count = robot.listener, 0
        publisher = self._listener.publisher("image_raw", IMAGE)
        eventually(publisher.get_subscription_count, "a node listens")
        self._listener.repeat(publisher, self._image, RATE_HZ)

    def _image(self) -> object:
        rows = (STEP_PX * self._count) % HEIGHT
        made = np.full((HEIGHT, WIDTH), 40, np.uint8)
        made[:rows, LEFT : LEFT + SIDE] = 220
        self._count += 1
        fields = {
            "header": {"stamp": self._listener.now_ns, "frame_id": "camera"},
            "height": HEIGHT,
            "width": WIDTH,
            "encoding": "mono8",
            "step": WIDTH,
            "data": made.reshape(-1),
        }
        return self._listener.message(IMAGE, fields)


def check(found: list[Received]) -> None:
    """Wait for boxes around the edge that moves, in pixels of the picture."""

    def boxes() -> list[Any]:
        arrays = [item.message for item in list(found)]
        assert all((each.image_width, each.image_height) == (WIDTH, HEIGHT) for each in arrays)
        return [box for array in arrays for box in array.detections if box.class_name == "bright"]

    eventually(lambda: len(boxes()) >= 3, "boxes")
    for box in boxes():
        assert box.center_x - box.size_x / 2 >= LEFT - CELL_PX
        assert box.center_x + box.size_x / 2 <= LEFT + SIDE + CELL_PX
        assert CELL_PX <= box.size_y < HEIGHT


def test_a_graph_of_events_finds_what_moves_in_one_process(robot: Robot, tmp_path: Path) -> None:
    found = robot.listener.collect("detections", DETECTIONS)
    robot.start("pipeline", {"network": write_folder(network(), tmp_path)})
    Camera(robot)
    check(found)


def test_a_graph_of_events_finds_what_moves_by_separate_nodes(robot: Robot, tmp_path: Path) -> None:
    found = robot.listener.collect("detections", DETECTIONS)
    file = {"network": write_folder(network(), tmp_path)}
    size = {"image_width": WIDTH, "image_height": HEIGHT}
    for node, more in (("dvs_encoder", {}), ("spiking_core", {}), ("detection_decoder", size)):
        robot.start(node, file | more)
    Camera(robot)
    check(found)
