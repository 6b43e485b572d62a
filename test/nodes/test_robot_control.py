"""The recording of a wheeled robot over DDS: the robot control network drives and moves an arm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from harness import Robot, eventually

from neuromorphic_ros.pipeline.outputs import JOINT_TRAJECTORY, TWIST_STAMPED
from neuromorphic_ros.resources import share_directory

pytestmark = pytest.mark.ros

JOINTS = {"pan", "shoulder", "elbow", "forearm", "wrist", "tool"}
CAMERA = "/camera/image_raw"
PATIENT = {"safety.input_timeout_s": 10.0, "safety.max_deadline_misses": 1000}


def test_the_wheels_turn_and_the_arm_moves(robot: Robot) -> None:
    commands = robot.listener.collect("cmd_vel", TWIST_STAMPED)
    trajectories = robot.listener.collect("joint_trajectory", JOINT_TRAJECTORY)
    parameters = {"network": "robot_control", "use_sim_time": True}
    robot.start("pipeline", parameters | PATIENT, remap={"image_raw": CAMERA})
    recording: Path = share_directory() / "recordings" / "wheeled_robot"
    topics = [CAMERA, "/scan", "/imu", "/imu/mag"]
    robot.start("bag_player", {"path": recording, "wait_for": topics}, until="")

    def moving() -> list[float]:
        twists = [received.message.twist for received in list(commands)]
        return [twist.linear.x for twist in twists if twist.linear.x > 0.2]

    eventually(lambda: len(moving()) > 50, "the robot drives")

    def pans_rad() -> list[float]:
        arrays = [received.message for received in list(trajectories)]
        whole = [each for each in arrays if set(each.joint_names) == JOINTS]
        return [each.points[0].positions[each.joint_names.index("pan")] for each in whole]

    eventually(lambda: np.ptp(pans_rad() or [0.0]) > 0.1, "the arm pans")
