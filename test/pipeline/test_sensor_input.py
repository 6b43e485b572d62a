from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.errors import NetworkError, SensorError
from neuromorphic_ros.pipeline.sensor_input import ENCODERS, SensorInput
from neuromorphic_ros.snn.spec import Input

SECOND_NS = 1_000_000_000
DVS = Input("dvs", (2, 6, 8), "camera", "dvs")
SOURCES = (
    DVS,
    Input("scan", (38,), "scan", "scan_latency"),
    Input("scan", (36,), "scan", "scan_rate"),
    Input("imu", (2, 6), "imu", "imu_delta"),
)


def picture(stamp_ns: int, grey: int, frame_id: str = "camera") -> Any:
    return to_message(
        "sensor_msgs/msg/Image",
        {
            "header": {"stamp": stamp_ns, "frame_id": frame_id},
            "height": 12,
            "width": 16,
            "encoding": "mono8",
            "step": 16,
            "data": np.full(12 * 16, grey, np.uint8),
        },
    )


def test_pictures_become_events_at_the_size_of_the_encoder() -> None:
    sensor = SensorInput(DVS, seed=0)
    first = sensor.encode(picture(SECOND_NS, 50), 0)
    second = sensor.encode(picture(2 * SECOND_NS, 200, "eye"), 0)
    assert len(first.spikes) == 0
    assert set(second.spikes.address.tolist()) == set(range(48, 96)), "brighter: all of them ON"
    assert (second.stamp_ns, second.complete_ns) == (2 * SECOND_NS, 2 * SECOND_NS)
    assert second.frame_id == "eye"
    assert sensor.image_size == (16, 12)


def test_the_same_seed_gives_the_same_spikes() -> None:
    runs = []
    for seed in (1, 1, 2):
        sensor = SensorInput(DVS, seed)
        sensor.encode(picture(SECOND_NS, 50), 0)
        runs.append(sensor.encode(picture(2 * SECOND_NS, 90), 0).spikes)
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_a_stamp_far_in_the_past_is_a_new_start() -> None:
    sensor = SensorInput(DVS, seed=0)
    sensor.encode(picture(10 * SECOND_NS, 50), 0)
    assert len(sensor.encode(picture(SECOND_NS, 200), 0).spikes) == 0
    assert len(sensor.encode(picture(2 * SECOND_NS, 50), 0).spikes) > 0


def test_a_stamp_a_little_in_the_past_is_refused_and_changes_nothing() -> None:
    sensor = SensorInput(DVS, seed=0)
    sensor.encode(picture(2 * SECOND_NS, 50), 0)
    with pytest.raises(SensorError, match="is not after"):
        sensor.encode(picture(2 * SECOND_NS - 1, 200), 0)
    assert len(sensor.encode(picture(3 * SECOND_NS, 50), 0).spikes) == 0


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (Input("dvs", (2, 6, 8), "camera", "nothing"), "there are dvs"),
        (Input("dvs", (2, 6, 8), "camera", "scan_rate"), "for the camera there are dvs"),
        (Input("dvs", (6, 8), "camera", "dvs"), r"\(2, height, width\)"),
        (Input("dvs", (2, 6, 8), "camera", "dvs", {"threshold": 1.0}), "not a known field"),
        (Input("dvs", (2, 6, 8), "camera", "dvs", {"threshold_on": -1.0}), "threshold_on = -1"),
        (Input("scan", (5,), "scan", "scan_latency", {"sectors": 5}), r"makes \(7,\)"),
        (Input("imu", (6,), "imu", "imu_delta"), r"makes \(2, 6\)"),
    ],
)
def test_what_a_network_asks_for_in_vain_is_refused_by_name(source: Input, reason: str) -> None:
    with pytest.raises(NetworkError, match=rf"'{source.name}'.*{reason}"):
        SensorInput(source, seed=0)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: f"{source.sensor} {source.encoder}")
def test_every_encoder_has_described_parameters(source: Input) -> None:
    sensor = SensorInput(source, seed=0)
    assert [field.name for field in sensor.tunable.fields if not field.description] == []


def test_no_encoder_is_left_out() -> None:
    expected = [(sensor, encoder) for sensor, found in ENCODERS.items() for encoder in found]
    assert [(source.sensor, source.encoder) for source in SOURCES] == expected
