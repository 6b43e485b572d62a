from __future__ import annotations

from neuromorphic_ros.pipeline.closed_loop import drive
from neuromorphic_ros.pipeline.decision_messages import decision_messages
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.outputs import CoreOutputs, OutputMessage
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.simulation.plants import plant_kind
from neuromorphic_ros.snn.streaming import StreamingNetwork

DURATION_NS = 2_000_000_000
CAMERA = "/camera/image_raw"


def told(network: str) -> list[OutputMessage]:
    """Return what a network tells of a robot that is about to hit something."""
    pipeline = Pipeline(StreamingNetwork(find_network(network)))
    outputs = CoreOutputs(pipeline.core, lambda topic: True)
    plant = plant_kind("approach").make(0, True)
    messages = []
    for moment in drive(pipeline, plant, {"camera": CAMERA}, DURATION_NS):
        for decision in moment.decisions:
            messages += decision_messages(pipeline, decision, outputs)
    plant.close()
    return messages


def test_every_readout_but_that_of_motion_tells_on_its_topic() -> None:
    messages = told("looming")
    assert {message.topic for message in messages} == {"alert", "time_to_contact"}
    stamps_ns = [message.stamp_ns for message in messages if message.topic == "alert"]
    assert stamps_ns == sorted(stamps_ns)
    assert len(stamps_ns) >= 2


def test_windows_without_detections_are_told_too() -> None:
    messages = told("motion_detector")
    assert {message.topic for message in messages} == {"detections"}
    stamps_ns = [message.stamp_ns for message in messages]
    window_ns = stamps_ns[1] - stamps_ns[0]
    assert stamps_ns == list(range(stamps_ns[0], stamps_ns[-1] + 1, window_ns))
