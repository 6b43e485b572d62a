"""Gestures before an event camera over DDS: their names as detections, by real nodes and replay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Received, Robot, eventually, robot_domain
from rclpy.qos import QoSProfile

from neuromorphic_ros.bags.event_npz import open_event_npz
from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.typestore import stamp_ns
from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.encoding.event_camera.mono import mono_words
from neuromorphic_ros.pipeline.energy_account import EnergyAccount, Hardware
from neuromorphic_ros.pipeline.messages import spike_arrays
from neuromorphic_ros.pipeline.networks import find_hardware, find_network
from neuromorphic_ros.pipeline.outputs import DETECTIONS, SPIKES, OutputMessage
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.recipes import gestures
from neuromorphic_ros.pipeline.replay import replay
from neuromorphic_ros.pipeline.sensing import STREAMS
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.spikes import SpikeBatch, merge

from .event_camera_overlay import build

pytestmark = [pytest.mark.ros, pytest.mark.data]

TOPIC, PACKET = "/events", STREAMS["camera"]["events"].type
MS = 1_000_000
START_NS, PACKET_NS, LAST_NS = 10**18, 10 * MS, 400 * MS
GESTURE = "right_arm_cw"
PATIENT = {"core.max_lateness_ms": 3000.0}
RELIABLE = {f"qos_overrides.{TOPIC}.subscription.reliability": "reliable"}


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as domain:
        yield domain


@pytest.fixture(scope="module")
def events(shared_data: Path) -> SpikeBatch:
    """Return the last of a recording, with which nothing was trained."""
    file = shared_data / gestures.RECIPE.source.file / f"04_{GESTURE}.npz"
    whole = merge([*open_event_npz(file)])
    end_ns = int(whole.time_ns[-1])
    kept = whole.between(end_ns - LAST_NS, end_ns)
    return SpikeBatch(kept.shape, kept.address, kept.time_ns - (end_ns - LAST_NS) + START_NS)


@pytest.fixture(scope="module")
def bag(events: SpikeBatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the events as packets of a camera."""
    path = tmp_path_factory.mktemp("bags") / GESTURE
    _, height, width = events.shape
    with RecordingWriter(path) as writer:
        for seq in range(LAST_NS // PACKET_NS):
            start_ns = START_NS + seq * PACKET_NS
            packet = {
                "header": {"stamp": start_ns, "frame_id": "event_camera"},
                "height": height,
                "width": width,
                "seq": seq,
                "time_base": start_ns,
                "encoding": "mono",
                "events": mono_words(events.between(start_ns, start_ns + PACKET_NS), start_ns),
            }
            writer.write(TOPIC, PACKET, packet, start_ns + PACKET_NS)
    return path


def offline(bag: Path) -> list[Any]:
    """Return the detections of a replay."""
    pipeline = Pipeline(StreamingNetwork(find_network("gestures")))
    account = EnergyAccount(Hardware(find_hardware("loihi2"), find_hardware("horowitz_45nm_fp32")))
    with open_recording(bag) as recording:
        return [
            output.fields
            for output in replay(pipeline, recording, {"camera": TOPIC}, account)
            if isinstance(output, OutputMessage) and output.topic == "detections"
        ]


def test_a_replay_names_the_gesture(bag: Path) -> None:
    found = offline(bag)
    named = [each["detections"][0]["class_name"] for each in found if each["detections"]]
    assert len(named) >= 5
    assert set(named) == {GESTURE}
    (box,) = next(each["detections"] for each in found if each["detections"])
    assert 0.2 < box["score"] <= 1.0
    assert (box["center_x"], box["center_y"], box["size_x"], box["size_y"]) == (64, 64, 128, 128)


@pytest.mark.slow
def test_the_pipeline_names_the_gesture_before_a_camera(
    robot: Robot, bag: Path, tmp_path: Path
) -> None:
    overlay = build(tmp_path)
    found = robot.listener.collect("detections", DETECTIONS, QoSProfile(depth=100))
    parameters = {"network": "gestures", "image_transport": "events", "use_sim_time": True}
    robot.start("pipeline", parameters | PATIENT | RELIABLE, environment=overlay)
    player = {"path": bag, "wait_for": [TOPIC], "exit_at_end": True}
    robot.start("bag_player", player, environment=overlay, until="")
    expected = {each["header"]["stamp"]: each["detections"] for each in offline(bag)}
    seen_ns = [end_ns for end_ns in expected if end_ns < START_NS + LAST_NS - PACKET_NS]

    def told() -> dict[int, list[Any]]:
        arrays = [item.message for item in list(found)]
        return {stamp_ns(each): each.detections for each in arrays}

    eventually(lambda: told().keys() >= set(seen_ns), "every window")
    live = told()
    for end_ns in seen_ns:
        names = [(box.class_name, pytest.approx(box.score)) for box in live[end_ns]]
        assert names == [(box["class_name"], box["score"]) for box in expected[end_ns]]
    assert any(live[end_ns] for end_ns in seen_ns)


def test_separate_nodes_name_the_gesture(robot: Robot, events: SpikeBatch) -> None:
    listener = robot.listener
    found = listener.collect("detections", DETECTIONS)
    robot.start("spiking_core", {"network": "gestures"} | PATIENT)
    robot.start("detection_decoder", {"network": "gestures"})
    publisher = listener.publisher("spikes/dvs", SPIKES)
    eventually(publisher.get_subscription_count, "the core listens")
    seen = gestures._seen([events])
    begun_ns = listener.now_ns
    period_ns = 20 * MS
    # The last part again and again: the machine may be late, a gesture goes on.
    for index in range(3 * LAST_NS // period_ns):
        start_ns = begun_ns + index * period_ns
        place_ns = START_NS + (index * period_ns) % LAST_NS
        part = seen.between(place_ns, place_ns + period_ns)
        spikes = SpikeBatch(part.shape, part.address, part.time_ns - place_ns + start_ns)
        eventually(lambda due=start_ns + period_ns: listener.now_ns >= due, "it is time")
        for fields in spike_arrays(
            "dvs", "event_camera", spikes, start_ns, start_ns + period_ns, start_ns
        ):
            listener.publish(publisher, SPIKES, fields)

    def named(found: list[Received]) -> list[str]:
        return [box.class_name for item in list(found) for box in item.message.detections]

    eventually(lambda: named(found).count(GESTURE) >= 3, f"{GESTURE} is named")
