"""What a decision of a pipeline is told as, live and in replay, but for its command."""

from __future__ import annotations

from collections.abc import Iterator

from neuromorphic_ros.pipeline.outputs import (
    CoreOutputs,
    OutputMessage,
    alert_messages,
    contact_messages,
    detection_messages,
    joint_messages,
)
from neuromorphic_ros.pipeline.pipeline import Decision, Pipeline


def decision_messages(
    pipeline: Pipeline, decision: Decision, outputs: CoreOutputs
) -> Iterator[OutputMessage]:
    """Yield the messages of all readouts but that of motion, which a watchdog may overrule.

    outputs: of the pipeline's core, which knows the frames of the sensors.
    """
    yield from joint_messages(decision.joints)
    if pipeline.detection:
        frame_id = outputs.frame_of(pipeline.detection.population)
        yield from detection_messages(decision.detections, frame_id, pipeline.detection_view)
    if pipeline.alert:
        yield from alert_messages(decision.alert, outputs.frame_of(pipeline.alert.population))
    yield from contact_messages(decision.contact)
