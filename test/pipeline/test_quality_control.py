"""A quality thins the samples of cameras, and puts variants of the network into force."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.quality_control import compile_lower
from neuromorphic_ros.pipeline.tuning import tune
from neuromorphic_ros.power.quality import Quality
from neuromorphic_ros.power.sleep import SleepParameters
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.variant import Variant

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


def varied(**variants: Variant) -> NetworkSpec:
    return dataclasses.replace(find_network("motion_detector"), variants=variants)


def test_without_a_variant_the_next_better_network_runs() -> None:
    assert compile_lower(varied(), StreamingNetwork) == {}
    medium = compile_lower(varied(medium=Variant(dt_ms=2.0)), StreamingNetwork)
    assert medium[Quality.LOW] is medium[Quality.MEDIUM]
    low = compile_lower(varied(low=Variant(dt_ms=2.0), other=Variant()), StreamingNetwork)
    assert list(low) == [Quality.LOW]


@pytest.mark.parametrize("part", ["encoders", "decoders"])
def test_a_quality_cannot_change_what_goes_on_while_networks_take_turns(part: str) -> None:
    name = {"encoders": "dvs", "decoders": "detections"}[part]
    spec = varied(low=Variant(**{part: {name: {}}}))
    with pytest.raises(NetworkError, match=f"variant 'low' .* changes '{name}'"):
        compile_lower(spec, StreamingNetwork)


def test_at_low_quality_the_robot_drives_on_without_a_camera() -> None:
    spec = find_network("robot")
    pipeline = Pipeline(StreamingNetwork(spec), compile_lower(spec, StreamingNetwork))
    assert pipeline.sensors == ["camera", "imu", "scan"]
    assert encoded(pipeline)["dvs"] == 60
    low = pipeline.apply(Quality.LOW)
    assert pipeline.sensors == ["imu", "scan"]
    assert low.dt_ms == 4.0
    assert encoded(pipeline) == {"dvs": 0, "imu": 200}
    assert pipeline.core.runner.spec == low
    assert pipeline.motor is not None
    assert pipeline.motor.dt_ns == 4_000_000
    pipeline.apply(Quality.HIGH)
    assert encoded(pipeline)["dvs"] == 60
    assert pipeline.motor.dt_ns == 1_000_000


def test_a_camera_that_is_used_again_does_not_compare_with_what_it_saw_long_ago() -> None:
    spec = find_network("robot")
    pipeline = Pipeline(StreamingNetwork(spec), compile_lower(spec, StreamingNetwork))
    for quality, brightness in ((Quality.HIGH, 20), (Quality.LOW, 120), (Quality.HIGH, 220)):
        pipeline.apply(quality)
        stamp_ns = (100 + brightness) * SECOND_NS // 100
        fields = {
            "header": {"stamp": stamp_ns, "frame_id": "base"},
            "height": 96,
            "width": 128,
            "encoding": "mono8",
            "step": 128,
            "data": np.full(96 * 128, brightness, np.uint8),
        }
        taken = pipeline.receive("camera", to_message(IMAGE, fields), stamp_ns)
        assert [len(sample.spikes) for sample in taken.values()] == [0] * (quality > Quality.LOW)


@pytest.mark.parametrize(
    ("quality", "decisions"), [(Quality.HIGH, 50), (Quality.MEDIUM, 25), (Quality.LOW, 10)]
)
def test_readouts_decide_more_rarely_and_at_every_trigger(quality: Quality, decisions: int) -> None:
    pipeline = Pipeline(StreamingNetwork(find_network("obstacle_avoider")))
    pipeline.core.sleep = SleepParameters(after_s=0.0)
    pipeline.apply(quality)
    scan = {
        "angle_min": -2.0,
        "angle_increment": 0.01,
        "range_max": 30.0,
        "ranges": np.full(400, 1.5, np.float32),
    }
    triggers_ns = [100 * SECOND_NS + after_ms * 1_000_000 for after_ms in (0, 333, 777)]
    decided = []
    for stamp_ns in triggers_ns:
        fields = {**scan, "header": {"stamp": stamp_ns, "frame_id": "laser"}}
        pipeline.receive("scan", to_message("sensor_msgs/msg/LaserScan", fields), stamp_ns)
        decided += [each.step.stop_ns for each in pipeline.advance(stamp_ns + 10_000_000)]
    decided += [each.step.stop_ns for each in pipeline.advance(101 * SECOND_NS + 200_000_000)]
    within = {stop_ns for stop_ns in decided if stop_ns <= 101 * SECOND_NS}
    assert set(triggers_ns[1:]) <= within
    assert len(within) == decisions + len(triggers_ns[1:])
