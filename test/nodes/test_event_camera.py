"""A real event camera over DDS: what nodes make of its packets is what offline decoding does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from harness import Received, Robot, eventually, robot_domain
from rclpy.qos import QoSProfile

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.pipeline.messages import spikes_of
from neuromorphic_ros.pipeline.outputs import DETECTIONS, IMAGE, SPIKES
from neuromorphic_ros.pipeline.sensor_input import SensorInput
from neuromorphic_ros.pipeline.tuning import tune
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.spikes import SpikeBatch, merge

from .event_camera_overlay import build

pytestmark = [pytest.mark.ros, pytest.mark.slow, pytest.mark.data]

TOPIC = "/event_camera/events"
EVENTS, PACKETS = 343_474, 517
PLAY_S = 60.0
# Every event counts here, and the machine may be loaded.
RELIABLE = {f"qos_overrides.{TOPIC}.subscription.reliability": "reliable"}
CORE = {"core.max_lateness_ms": 3000.0}
NETWORK = """\
name: eye
dt_ms: 1.0
inputs:
  - {name: dvs, sensor: camera, encoder: dvs, shape: [2, 480, 640]}
populations:
  - {name: any, shape: [1]}
"""


@pytest.fixture(scope="session")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return build(tmp_path_factory.mktemp("overlay"))


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as domain:
        yield domain


@pytest.fixture
def bag(shared_data: Path) -> Path:
    return shared_data / "bag_events_evt3_vga_ros2"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "eye.yaml"
    path.write_text(NETWORK)
    return path


class Played(NamedTuple):
    """What nodes published while the recording was played."""

    spikes: SpikeBatch
    arrays: list[Received]
    images: list[Received]
    detections: list[Received]


def play(
    robot: Robot,
    overlay: Mapping[str, str],
    bag: Path,
    node: str,
    network: str | Path,
    parameters: Mapping[str, object] | None = None,
) -> Played:
    """Play the recording through a node until the spikes of the last packet are here."""
    listener = robot.listener
    every = QoSProfile(depth=2000)
    arrays = listener.collect("spikes/dvs", SPIKES, every)
    images = listener.collect("event_image", IMAGE, every)
    detections = listener.collect("detections", DETECTIONS, every)
    values = {"network": network, "image_transport": "events", **RELIABLE, **(parameters or {})}
    values["use_sim_time"] = True
    robot.start(node, values, remap={"events": TOPIC}, environment=overlay)
    eventually(lambda: listeners(robot, node) == ["1", "1"], "the node knows who listens")
    player = {"path": bag, "wait_for": [TOPIC], "exit_at_end": True}
    robot.start("bag_player", player, environment=overlay, until="")
    eventually(lambda: len(arrays) >= PACKETS, f"{PACKETS} packets", PLAY_S)
    spikes = merge([spikes_of(item.message).spikes for item in arrays])
    return Played(spikes, arrays, images, detections)


def listeners(robot: Robot, node: str) -> list[str | None]:
    values = robot.listener.status_values(f"{node}: output")
    return [values.get(topic) for topic in ("spikes/dvs", "event_image")]


def offline(bag: Path, network: Path, parameters: Mapping[str, object]) -> SpikeBatch:
    """Decode the recording in this process."""
    spec = load_network(network)
    source = SensorInput(spec.inputs[0], spec.seed)
    tune({"dvs": source.tunable}, parameters)
    with open_recording(bag) as recording:
        return merge(
            [source.encode(item.decode(), 0).spikes for item in recording.messages([TOPIC])]
        )


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {
            "dvs.roi_x_offset": 100,
            "dvs.roi_width": 540,
            "dvs.hot_pixel_hz": 50.0,
            "dvs.background_ms": 10.0,
            "dvs.refractory_ms": 1.0,
        },
    ],
    ids=["all", "filtered"],
)
def test_packets_over_dds_give_the_events_of_offline_decoding(
    robot: Robot,
    overlay: Mapping[str, str],
    bag: Path,
    tmp_path: Path,
    parameters: dict[str, Any],
) -> None:
    width = parameters.get("dvs.roi_width", 640)
    network = tmp_path / "eye.yaml"
    network.write_text(NETWORK.replace("640", str(width)))
    played = play(robot, overlay, bag, "dvs_encoder", network, parameters)
    assert played.spikes == offline(bag, network, parameters)
    assert (len(played.spikes) == EVENTS) == (not parameters)
    values = robot.listener.status_values("dvs_encoder: input camera")
    assert values["topic"] == TOPIC
    line = "dvs_encoder: events dvs"
    eventually(
        lambda: robot.listener.status_values(line).get("packets") == str(PACKETS), "all counted"
    )
    values = robot.listener.status_values(line)
    assert (values["lost_packets"], values["invalid_events"]) == ("0", "0")
    assert robot.listener.reports(line, "decoded from packets")


def test_packets_are_shown_thirty_times_a_second(
    robot: Robot, overlay: Mapping[str, str], bag: Path, network: Path
) -> None:
    played = play(robot, overlay, bag, "dvs_encoder", network)
    stamps_ns = [
        item.message.header.stamp.sec * 10**9 + item.message.header.stamp.nanosec
        for item in played.images
    ]
    period_ns = round(1e9 / 30)
    assert 55 <= len(stamps_ns) <= 63
    assert {stamp_ns % period_ns for stamp_ns in stamps_ns} == {0}
    assert np.median(np.diff(stamps_ns)) == period_ns
    for item, start_ns, end_ns in zip(played.images[1:], stamps_ns, stamps_ns[1:], strict=False):
        shown = np.frombuffer(item.message.data, np.uint8).reshape(480, 640, 3).any(axis=2)
        fired = played.spikes.between(start_ns, end_ns).counts().any(axis=0)
        assert np.array_equal(shown, fired)


def test_an_event_camera_drives_the_network_of_an_ordinary_one(
    robot: Robot, overlay: Mapping[str, str], bag: Path
) -> None:
    played = play(robot, overlay, bag, "pipeline", "motion_detector", CORE)
    windows = [item.message for item in played.detections]
    boxes = [box for window in windows for box in window.detections]
    assert len(boxes) > 5
    assert all(300 < box.center_x < 420 for box in boxes)
    assert {(window.image_width, window.image_height) for window in windows[-5:]} == {(640, 480)}
