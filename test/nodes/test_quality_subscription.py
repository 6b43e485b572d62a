"""Nodes follow the quality of the power manager, also one that was told before they started."""

from __future__ import annotations

import pytest
from harness import robot_domain
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
