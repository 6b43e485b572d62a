"""Pictures over DDS: the same spikes as in one process, whatever is changed while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from harness import Received, Robot, eventually, robot_domain

from neuromorphic_ros.encoding.event_image import OFF_COLOUR, ON_COLOUR
from neuromorphic_ros.pipeline.messages import spikes_of
from neuromorphic_ros.pipeline.outputs import IMAGE, SPIKES
from neuromorphic_ros.pipeline.sensor_input import SensorInput
from neuromorphic_ros.pipeline.tuning import tune
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.spikes import SpikeBatch

pytestmark = pytest.mark.ros

WARN, ERROR = 1, 2
FRAME_NS = 33_333_333
HEIGHT, WIDTH = 24, 32
NETWORK = """\
name: eye
dt_ms: 1.0
inputs:
  - {name: dvs, sensor: camera, encoder: dvs, shape: [2, 12, 16]}
populations:
  - {name: any, shape: [1]}
projections:
  - {pre: dvs, post: any, weights: 1.0}
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "eye.yaml"
    path.write_text(NETWORK)
    return path


@pytest.fixture(scope="module", params=["dvs_encoder", "pipeline"])
def eye(request: pytest.FixtureRequest, network: Path) -> Iterator[Eye]:
    with robot_domain() as robot:
        robot.start(request.param, {"network": network})
        yield Eye(robot, request.param, network)


class Eye:
    """Show pictures to a node, one by one, and to the same input in this process."""

    def __init__(self, robot: Robot, node: str, network: Path) -> None:
        """Wait until both sides know each other."""
        self.robot, self.node = robot, node
        spec = load_network(network)
        self._twin = SensorInput(spec.inputs[0], spec.seed)
        self._random = np.random.default_rng(0)
        self._received: list[Received] = robot.listener.collect("spikes/dvs", SPIKES)
        self._publisher = robot.listener.publisher("image_raw", IMAGE)
        eventually(self._publisher.get_subscription_count, f"{node} listens")
        self.output("spikes/dvs", "1")
        self.stamp_ns = 1_000_000_000_000

    def output(self, topic: str, listeners: str) -> None:
        """Wait until the node knows how many listen to a topic."""
        line = f"{self.node}: output"
        eventually(
            lambda: self.robot.listener.status_values(line).get(topic) == listeners,
            f"{listeners} listen to {topic}",
        )

    def tune(self, **changes: object) -> None:
        """Change parameters of the node and of its twin."""
        named = {f"dvs__{name}": value for name, value in changes.items()}
        assert self.robot.listener.set_parameters(self.node, **named) == [""] * len(changes)
        tune({"dvs": self._twin.tunable}, {f"dvs.{name}": x for name, x in changes.items()})

    def texture(self) -> npt.NDArray[np.uint8]:
        """Return a picture all of which differs from the one before."""
        cells = self._random.integers(20, 250, (HEIGHT // 2, WIDTH // 2), np.uint8)
        return cells.repeat(2, axis=0).repeat(2, axis=1)

    def send(self, picture: npt.NDArray[np.uint8]) -> Any:
        """Publish a picture; return it as a message."""
        self.stamp_ns += FRAME_NS
        fields = {
            "header": {"stamp": self.stamp_ns, "frame_id": "camera"},
            "height": picture.shape[0],
            "width": picture.shape[1],
            "encoding": "mono8",
            "step": picture.shape[1],
            "data": picture.reshape(-1),
        }
        message = self.robot.listener.message(IMAGE, fields)
        self._publisher.publish(message)
        return message

    def see(self, pictures: int = 1) -> SpikeBatch:
        """Publish pictures; return the spikes of the last one."""
        return [self._see_one() for _ in range(pictures)][-1]

    def _see_one(self) -> SpikeBatch:
        known = len(self._received)
        message = self.send(self.texture())
        eventually(lambda: len(self._received) > known, "spikes")
        found = spikes_of(self._received[known].message).spikes
        assert found == self._twin.encode(message, 0).spikes
        return found


def test_a_region_is_changed_while_it_runs(eye: Eye) -> None:
    assert len(eye.see()) == 0, "the first picture is the reference"
    assert len(eye.see()) > 100
    eye.tune(roi_x_offset=8, roi_y_offset=4, roi_width=16)
    assert len(eye.see()) == 0, "of the region too"
    assert len(eye.see()) > 100
    eye.tune(roi_x_offset=0, roi_y_offset=0, roi_width=0)
    assert len(eye.see()) == 0
    assert len(eye.see()) > 100


def test_a_region_outside_the_picture_is_said_and_the_node_goes_on(eye: Eye) -> None:
    eye.see(2)
    line = f"{eye.node}: input camera"
    ask = eye.robot.listener
    assert ask.set_parameters(eye.node, dvs__roi_x_offset=30, dvs__roi_width=8) == ["", ""]
    eye.send(eye.texture())
    said = ask.reports(line, "rejected")
    assert "region of 8x24 pixels at (30, 0) is not inside the picture of 32x24" in said
    assert ask.status(line)[0] == ERROR
    assert ask.set_parameters(eye.node, dvs__roi_x_offset=0, dvs__roi_width=0) == ["", ""]
    assert len(eye.see()) > 100
    ask.reports(line, "receiving")


def test_the_rate_is_held_reported_and_let_go(eye: Eye) -> None:
    free = len(eye.see(3)) * 1e9 / FRAME_NS
    line = f"{eye.node}: events dvs"
    ask = eye.robot.listener
    eye.tune(max_events_per_s=free / 5)
    eye.see(25)
    assert len(eye.see()) * 1e9 / FRAME_NS < free / 3
    said = ask.reports(line, "rate control has raised all thresholds")
    assert ask.status(line)[0] == WARN
    assert f"max_events_per_s = {free / 5:g}" in said
    values = ask.status_values(line)
    assert float(values["threshold_scale"]) > 1.5
    assert values["has_reference"] == "True"
    assert set(values) >= {"events_per_s", "on_share"}
    eye.tune(max_events_per_s=0.0)
    assert len(eye.see(2)) * 1e9 / FRAME_NS > free / 2
    ask.reports(line, "emulated from pictures")


def test_thresholds_are_changed_while_it_runs(eye: Eye) -> None:
    before = len(eye.see(2))
    eye.tune(pos_thres=0.8, neg_thres=0.8, sigma_thres=0.0)
    assert len(eye.see(2)) < before / 2
    eye.tune(pos_thres=0.2, neg_thres=0.2, sigma_thres=0.03)
    assert len(eye.see(2)) > before / 2


def test_every_parameter_has_a_range_and_a_refusal(eye: Eye) -> None:
    ask = eye.robot.listener
    described = ask.descriptors(eye.node)
    assert described["dvs.roi_width"].integer_range[0].to_value == 65_535
    assert described["dvs.max_events_per_s"].floating_point_range[0].from_value == 0.0
    assert described["event_image_hz"].floating_point_range[0].from_value == 1.0
    for name, value in (("dvs__roi_width", -1), ("dvs__max_events_per_s", -1.0)):
        (reason,) = ask.set_parameters(eye.node, **{name: value})
        assert "range" in reason


def test_events_are_shown_to_who_looks(eye: Eye) -> None:
    eye.see(2)
    eye.output("event_image", "0")
    images = eye.robot.listener.collect("event_image", IMAGE)
    eye.output("event_image", "1")
    spikes = eye.see()
    image = eventually(lambda: images, "a picture")[0].message
    assert (image.height, image.width, image.encoding, image.step) == (12, 16, "rgb8", 48)
    assert image.header.frame_id == "camera"
    assert image.header.stamp.sec * 10**9 + image.header.stamp.nanosec == eye.stamp_ns
    pixels = np.frombuffer(image.data, np.uint8).reshape(12, 16, 3)
    on, off = spikes.counts()[1] > 0, spikes.counts()[0] > 0
    assert np.all(pixels[on & ~off] == ON_COLOUR)
    assert np.all(pixels[off & ~on] == OFF_COLOUR)
    assert not pixels[~on & ~off].any()
