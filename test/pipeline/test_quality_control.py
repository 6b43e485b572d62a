"""A quality thins the samples of cameras and of nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.tuning import tune
from neuromorphic_ros.power.quality import Quality
from neuromorphic_ros.snn.streaming import StreamingNetwork

IMAGE = "sensor_msgs/msg/Image"
IMU = "sensor_msgs/msg/Imu"
SECOND_NS = 1_000_000_000


@pytest.fixture(scope="module")
def robot() -> Pipeline:
    return Pipeline(StreamingNetwork(find_network("robot")))


def encoded(pipeline: Pipeline, seconds: int = 2) -> dict[str, int]:
    """Send pictures at 30 Hz and IMU samples at 100 Hz; return how many of each are encoded."""
    pipeline.reset()
    found = {"dvs": 0, "imu": 0}
    for index in range(seconds * 300):
        stamp_ns = 100 * SECOND_NS + index * SECOND_NS // 300
        header = {"stamp": stamp_ns, "frame_id": "base"}
        if index % 10 == 0:
            picture = np.full(96 * 128, index % 200 + 20, np.uint8)
            fields = {
                "header": header,
                "height": 96,
                "width": 128,
                "encoding": "mono8",
                "step": 128,
                "data": picture,
            }
            found["dvs"] += len(pipeline.receive("camera", to_message(IMAGE, fields), stamp_ns))
        if index % 3 == 0:
            imu = to_message(IMU, {"header": header, "linear_acceleration": {"z": 9.81}})
            found["imu"] += len(pipeline.receive("imu", imu, stamp_ns))
        list(pipeline.advance(stamp_ns))
    return found


@pytest.mark.parametrize(
    ("quality", "pictures"), [(Quality.HIGH, 60), (Quality.MEDIUM, 30), (Quality.LOW, 10)]
)
def test_pictures_are_thinned_and_imu_samples_are_not(
    robot: Pipeline, quality: Quality, pictures: int
) -> None:
    robot.quality.apply(quality)
    found = encoded(robot)
    assert abs(found["dvs"] - pictures) <= 1
    assert found["imu"] == 200


def test_rates_can_be_tuned_while_a_quality_is_in_force(robot: Pipeline) -> None:
    robot.quality.apply(Quality.LOW)
    tune(robot.tunables, {"quality.low_camera_hz": 3.0})
    assert abs(encoded(robot)["dvs"] - 6) <= 1
    tune(robot.tunables, {"quality.low_camera_hz": 5.0})
    robot.quality.apply(Quality.HIGH)
