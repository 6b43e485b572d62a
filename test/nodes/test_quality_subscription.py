"""Nodes follow the quality of the power manager, also one that was told before they started."""

from __future__ import annotations

import pytest
from harness import eventually, robot_domain
from neuromorphic_ros.msg import PowerStatus

from neuromorphic_ros.nodes.rest import LATCHED

pytestmark = pytest.mark.ros


@pytest.mark.parametrize("node", ["pipeline", "dvs_encoder"])
def test_the_last_quality_is_taken_and_nonsense_is_named(node: str) -> None:
    with robot_domain() as robot:
        publisher = robot.listener.node.create_publisher(PowerStatus, "power_status", LATCHED)
        publisher.publish(PowerStatus(quality=PowerStatus.QUALITY_LOW))
        robot.start(node, {"network": "motion_detector"})
        robot.listener.reports(f"{node}: quality", "low")
        publisher.publish(PowerStatus(quality=7))
        robot.listener.reports(f"{node}: quality", "has quality 7")
        publisher.publish(PowerStatus(quality=PowerStatus.QUALITY_MEDIUM))
        robot.listener.reports(f"{node}: quality", "medium")


def test_at_low_quality_the_pipeline_listens_to_no_camera_and_drives_on() -> None:
    with robot_domain() as robot:
        publisher = robot.listener.node.create_publisher(PowerStatus, "power_status", LATCHED)
        robot.start("pipeline", {"network": "robot"})
        image = robot.listener.publisher("image_raw", "sensor_msgs/msg/Image")
        eventually(image.get_subscription_count, "the pipeline listens to the camera")
        publisher.publish(PowerStatus(quality=PowerStatus.QUALITY_LOW))
        robot.listener.reports("pipeline: quality", "low: 81 neurons, ticks of 4 ms")
        robot.listener.reports("pipeline: input camera", "not used at this quality")
        eventually(lambda: not image.get_subscription_count(), "the camera is let go")
        publisher.publish(PowerStatus(quality=PowerStatus.QUALITY_HIGH))
        robot.listener.reports("pipeline: quality", "high: 466 neurons, ticks of 1 ms")
        eventually(image.get_subscription_count, "the pipeline listens to the camera again")
