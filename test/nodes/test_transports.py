"""One sensor in several forms: chosen by parameter, refused by name if it cannot be."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from harness import Received, Robot, eventually, robot_domain

from .driving import TWIST_STAMPED, speed

pytestmark = pytest.mark.ros

POINTS = "sensor_msgs/msg/PointCloud2"


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as domain:
        yield domain


class Lidar3d:
    """Publish clouds at 20 Hz of a floor and of posts, whose angles [rad] are assigned."""

    def __init__(self, robot: Robot) -> None:
        """Begin with nothing but the floor."""
        self.posts_rad: list[float] = []
        self._listener = robot.listener
        publisher = robot.listener.publisher("points", POINTS)
        robot.listener.repeat(publisher, self._cloud, 20.0)

    def _cloud(self) -> Any:
        around = np.linspace(-math.pi, math.pi, 360, endpoint=False)
        points = np.zeros(720 + 20 * len(self.posts_rad), [("intensity", "<u2"), ("xyz", "<f4", 3)])
        for row, radius_m in enumerate((0.8, 1.6)):
            floor = points["xyz"][360 * row : 360 * (row + 1)]
            floor[:, 0], floor[:, 1] = radius_m * np.cos(around), radius_m * np.sin(around)
            floor[:, 2] = -0.5
        for index, angle in enumerate(self.posts_rad):
            post = points["xyz"][720 + 20 * index : 740 + 20 * index]
            post[:, 0], post[:, 1] = 0.5 * math.cos(angle), 0.5 * math.sin(angle)
            post[:, 2] = np.linspace(-0.5, 1.0, 20)
        fields = [
            {"name": name, "offset": 2 + 4 * axis, "datatype": 7, "count": 1}
            for axis, name in enumerate("xyz")
        ]
        return self._listener.message(
            POINTS,
            {
                "header": {"stamp": self._listener.now_ns, "frame_id": "lidar"},
                "height": 1,
                "width": points.size,
                "point_step": points.itemsize,
                "row_step": points.nbytes,
                "fields": fields,
                "data": points.view(np.uint8),
            },
        )


def turn(item: Received) -> float:
    return float(item.message.twist.angular.z)


def test_a_3d_lidar_drives_the_network_of_a_2d_one(robot: Robot) -> None:
    commands = robot.listener.collect("cmd_vel", TWIST_STAMPED)
    robot.start("pipeline", {"network": "obstacle_avoider", "scan_transport": "points"})
    lidar = Lidar3d(robot)
    robot.listener.reports("pipeline: input scan", "receiving")
    assert robot.listener.status_values("pipeline: input scan")["topic"] == "/points"
    eventually(
        lambda: any(speed(item.message) > 0.3 for item in commands), "a floor is no obstacle"
    )
    lidar.posts_rad = list(np.linspace(0.1, 0.9, 9))
    eventually(
        lambda: np.mean([turn(item) for item in commands[-10:]]) < -0.2,
        "it turns right before posts on its left",
    )
    lidar.posts_rad = list(np.linspace(-0.9, -0.1, 9))
    eventually(
        lambda: np.mean([turn(item) for item in commands[-10:]]) > 0.2,
        "it turns left before posts on its right",
    )


def test_an_unknown_transport_is_named_and_can_be_replaced(robot: Robot) -> None:
    values = {"network": "obstacle_avoider", "scan_transport": "cloud"}
    robot.start("scan_encoder", values, until="inactive")
    said = robot.listener.reports("scan_encoder: lifecycle", "scan_transport is 'cloud'")
    assert "choose one of scan, points" in said
    assert robot.listener.set_parameters("scan_encoder", scan_transport="points") == [""]
    assert robot.listener.transition("scan_encoder", "activate")


@pytest.mark.skipif(
    importlib.util.find_spec("event_camera_msgs") is not None, reason="event_camera_msgs is there"
)
def test_messages_that_are_not_installed_are_named_with_their_package(robot: Robot) -> None:
    values = {"network": "motion_detector", "image_transport": "events"}
    robot.start("dvs_encoder", values, until="inactive")
    said = robot.listener.reports("dvs_encoder: lifecycle", "image_transport is 'events'")
    assert "sudo apt install ros-$ROS_DISTRO-event-camera-msgs" in said


COMPRESSED = "sensor_msgs/msg/CompressedImage"
EYE = """\
name: eye
dt_ms: 1.0
inputs:
  - {name: dvs, sensor: camera, encoder: dvs, shape: [2, 6, 8], parameters: {sigma_thres: 0.0}}
populations:
  - {name: any, shape: [1]}
"""


def test_compressed_pictures_are_decoded_and_broken_ones_named(
    robot: Robot, tmp_path: Path
) -> None:
    network = tmp_path / "eye.yaml"
    network.write_text(EYE)
    robot.start("dvs_encoder", {"network": network, "image_transport": "compressed"})
    listener = robot.listener
    spikes = listener.collect("spikes/dvs", "neuromorphic_ros/msg/SpikeArray")
    content = {"data": b"neither"}

    def picture() -> Any:
        header = {"stamp": listener.now_ns, "frame_id": "camera"}
        data = np.frombuffer(content["data"], np.uint8)
        return listener.message(COMPRESSED, {"header": header, "format": "png", "data": data})

    listener.repeat(listener.publisher("image_raw/compressed", COMPRESSED), picture, 20.0)
    said = listener.reports("dvs_encoder: input camera", "rejected")
    assert "/image_raw/compressed rejected: compressed image of 7 bytes is no JPEG or PNG" in said
    for grey in (50, 200):
        content["data"] = cv2.imencode(".png", np.full((12, 16, 3), grey, np.uint8))[1].tobytes()
        listener.reports("dvs_encoder: input camera", "receiving")
    bright = eventually(lambda: [item for item in spikes if len(item.message.address)], "spikes")
    assert set(bright[0].message.address) == set(range(48, 96)), "all of them ON"


MAGNETOMETER = "sensor_msgs/msg/MagneticField"
NINE_AXES = """\
name: compass
dt_ms: 1.0
inputs:
  - {name: imu, sensor: imu, encoder: imu_rate, shape: [2, 9], parameters: {axes: 9}}
populations:
  - {name: any, shape: [1]}
"""


def test_an_imu_waits_for_its_magnetometer_and_says_so(robot: Robot, tmp_path: Path) -> None:
    network = tmp_path / "compass.yaml"
    network.write_text(NINE_AXES)
    robot.start("imu_encoder", {"network": network})
    listener = robot.listener
    spikes = listener.collect("spikes/imu", "neuromorphic_ros/msg/SpikeArray")

    def stamped(type_name: str, **fields: Any) -> Any:
        header = {"stamp": listener.now_ns, "frame_id": "imu_link"}
        return listener.message(type_name, {"header": header, **fields})

    imu = listener.publisher("imu", "sensor_msgs/msg/Imu")
    listener.repeat(imu, lambda: stamped("sensor_msgs/msg/Imu"), 50.0)
    said = listener.reports("imu_encoder: input imu", "rejected")
    assert "no magnetometer message" in said
    magnetometer = listener.publisher("imu/mag", MAGNETOMETER)
    listener.repeat(magnetometer, lambda: stamped(MAGNETOMETER, magnetic_field={"x": 5e-5}), 50.0)
    listener.reports("imu_encoder: input imu", "receiving")
    # 6 is the x axis of the field, and the second row of nine is for plus.
    eventually(lambda: any(15 in item.message.address for item in spikes), "spikes of the field")
