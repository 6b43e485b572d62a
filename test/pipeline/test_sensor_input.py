from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.encoding.region import View
from neuromorphic_ros.errors import NetworkError, SensorError
from neuromorphic_ros.pipeline.encodings import ENCODERS
from neuromorphic_ros.pipeline.sensing import MESSAGE_TYPES
from neuromorphic_ros.pipeline.sensor_input import Encoded, SensorInput, sensors_of
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population

SECOND_NS = 1_000_000_000
DVS = Input("dvs", (2, 6, 8), "camera", "dvs")
SCALARS = ("temperature", "humidity", "pressure", "illuminance", "range", "array")
UNIT = {"low": 0.0, "high": 1.0}
SOURCES = (
    DVS,
    Input("scan", (38,), "scan", "scan_latency"),
    Input("scan", (36,), "scan", "scan_rate"),
    Input("scan", (2, 36), "scan", "scan_delta"),
    Input("imu", (2, 6), "imu", "imu_delta"),
    Input("imu", (2, 6), "imu", "imu_rate"),
    Input("imu", (6, 12), "imu", "imu_population"),
    Input("goal", (37,), "odom", "goal_bearing"),
    Input(
        "hinge",
        (2, 2),
        "joints",
        "joint_rate",
        {"joint": "hinge", "range_position": 1.0, "range_velocity": 1.0},
    ),
    *(
        Input("value", shape, sensor, encoder, parameters)
        for sensor in SCALARS
        for encoder, shape, parameters in (
            ("environment_rate", (1,), UNIT),
            ("environment_population", (1, 12), UNIT),
            ("environment_delta", (2, 1), UNIT),
            ("time_of_day", (12,), {}),
        )
    ),
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
    assert sensor.camera is not None
    assert sensor.camera.view == View.whole(16, 12)


def events(stamp_ns: int, seq: int, *words: int) -> Any:
    """Return a packet of a camera of 16x12 pixels."""
    return to_message(
        "event_camera_msgs/msg/EventPacket",
        {
            "header": {"stamp": stamp_ns, "frame_id": "eye"},
            "height": 12,
            "width": 16,
            "seq": seq,
            "time_base": stamp_ns,
            "encoding": "mono",
            "events": np.array(words, "<u8").tobytes(),
        },
    )


def test_packets_of_an_event_camera_become_events_at_the_size_of_the_network() -> None:
    sensor = SensorInput(DVS, seed=0)
    # x and y 15 and 11, ON, 5 and 7 ns after the stamp: the last of 2x2 pixels, half of which fire.
    words = [1 << 63 | 11 << 48 | 15 << 32 | late_ns for late_ns in (5, 7)]
    encoded = sensor.encode(events(SECOND_NS, 0, *words), 0)
    assert (encoded.spikes.address.tolist(), encoded.spikes.time_ns.tolist()) == ([95], [10**9 + 7])
    assert (encoded.stamp_ns, encoded.complete_ns) == (SECOND_NS, SECOND_NS + 7)
    assert encoded.frame_id == "eye"
    assert sensor.camera is not None
    assert sensor.camera.view == View.whole(16, 12)
    sensor.encode(events(2 * SECOND_NS, 4, *words), 0)
    assert sensor.counters["dvs.lost_packets"] == 3


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
        (Input("dvs", (2, 6, 8), "camera", "dvs", {"pos_thres": -1.0}), "pos_thres = -1"),
        (Input("scan", (5,), "scan", "scan_latency", {"sectors": 5}), r"makes \(7,\)"),
        (Input("imu", (6,), "imu", "imu_delta"), r"makes \(2, 6\)"),
        (Input("imu", (2, 6), "imu", "imu_delta", {"axes": 7}), "axes = 7"),
        (Input("imu", (2, 6), "imu", "imu_rate", {"axes": 9}), r"makes \(2, 9\)"),
        (Input("t", (3,), "temperature", "environment_rate", UNIT), r"makes \(1,\)"),
        (Input("t", (3,), "array", "environment_delta", UNIT), r"makes \(2, 1\)"),
        (Input("t", (1,), "temperature", "environment_rate", {"low": 1.0}), "high is missing"),
        (
            Input("t", (1,), "temperature", "environment_rate", {"low": 1.0, "high": 1.0}),
            "high 1.0 must be above low 1.0",
        ),
    ],
)
def test_what_a_network_asks_for_in_vain_is_refused_by_name(source: Input, reason: str) -> None:
    with pytest.raises(NetworkError, match=rf"'{source.name}'.*{reason}"):
        SensorInput(source, seed=0)


def spikes_of(source: Input, type_name: str, *fields: dict[str, Any]) -> list[Encoded]:
    """Encode messages with stamps, or arrivals, one second apart."""
    sensor = SensorInput(source, seed=0)
    encoded = []
    for index, values in enumerate(fields, 1):
        header = {"header": {"stamp": index * SECOND_NS}} if "data" not in values else {}
        message = to_message(type_name, header | values)
        encoded.append(sensor.encode(message, index * SECOND_NS))
    return encoded


@pytest.mark.parametrize(
    ("sensor", "name", "field", "low", "high"),
    [
        ("temperature", "Temperature", "temperature", -20.0, 60.0),
        ("humidity", "RelativeHumidity", "relative_humidity", 0.0, 1.0),
        ("pressure", "FluidPressure", "fluid_pressure", 9e4, 11e4),
        ("illuminance", "Illuminance", "illuminance", 0.0, 1000.0),
    ],
)
def test_scalars_are_read_in_the_unit_of_their_message(
    sensor: str, name: str, field: str, low: float, high: float
) -> None:
    parameters = {"low": low, "high": high, "max_rate_hz": 100.0, "hold_ms": 1000.0}
    source = Input("value", (1,), sensor, "environment_rate", parameters)
    values = [{field: low}, {field: (low + high) / 2}, {field: high}]
    encoded = spikes_of(source, f"sensor_msgs/msg/{name}", *values)
    assert [len(item.spikes) for item in encoded] == [0, 50, 100]


def test_a_message_without_header_is_stamped_by_its_arrival() -> None:
    parameters = {"low": 0.0, "high": 10.0, "steps": 10}
    source = Input("value", (2, 3), "array", "environment_delta", parameters)
    values = [{"data": [0.0, 5.0, 5.0]}, {"data": [2.0, 5.0, 4.0]}]
    first, second = spikes_of(source, "std_msgs/msg/Float32MultiArray", *values)
    assert len(first.spikes) == 0
    assert second.spikes.counts().tolist() == [[0, 0, 1], [2, 0, 0]]
    assert (second.stamp_ns, second.frame_id) == (2 * SECOND_NS, "")


@pytest.mark.parametrize(
    ("sensor", "name", "values", "reason"),
    [
        ("temperature", "sensor_msgs/msg/Temperature", {"temperature": np.nan}, "0 is nan"),
        ("humidity", "sensor_msgs/msg/RelativeHumidity", {"relative_humidity": np.inf}, "is inf"),
        ("array", "std_msgs/msg/Float32MultiArray", {"data": [0.0, 1.0]}, "has 2 values"),
        ("array", "std_msgs/msg/Float32MultiArray", {"data": []}, "has 0 values"),
        ("range", "sensor_msgs/msg/Range", {"range": np.nan}, "range is nan m"),
        ("range", "sensor_msgs/msg/Range", {"range": 3.0, "max_range": 2.0}, "range is 3 m"),
    ],
)
def test_values_that_cannot_be_used_are_refused(
    sensor: str, name: str, values: dict[str, Any], reason: str
) -> None:
    source = Input("value", (1,), sensor, "environment_rate", UNIT)
    with pytest.raises(SensorError, match=reason):
        spikes_of(source, name, values)


def imu(stamp_ns: int) -> Any:
    return to_message("sensor_msgs/msg/Imu", {"header": {"stamp": stamp_ns}})


def field(stamp_ns: int, x: float) -> Any:
    fields = {"header": {"stamp": stamp_ns}, "magnetic_field": {"x": x}}
    return to_message("sensor_msgs/msg/MagneticField", fields)


class TestNineAxes:
    source = Input("imu", (2, 9), "imu", "imu_delta", {"axes": 9, "step_magnetic_t": 1e-5})

    def test_the_magnetometer_completes_the_imu(self) -> None:
        sensor = SensorInput(self.source, seed=0)
        assert sensor.sensors == ("imu", "magnetometer")
        for stamp_ns, x in ((1, 0.0), (2, 3.05e-5)):
            assert sensor.receive("magnetometer", field(stamp_ns * SECOND_NS - 1, x), 0) is None
            encoded = sensor.receive("imu", imu(stamp_ns * SECOND_NS), 0)
        assert encoded is not None
        assert encoded.spikes.address.tolist() == [15, 15, 15]

    @pytest.mark.parametrize("magnetometer_first", [True, False])
    def test_which_of_two_messages_of_one_stamp_comes_first_does_not_matter(
        self, magnetometer_first: bool
    ) -> None:
        sensor = SensorInput(self.source, seed=0)
        spikes = []
        for index in range(4):
            stamp_ns = SECOND_NS + index * SECOND_NS // 100
            pair = [("magnetometer", field(stamp_ns, index * 1e-5)), ("imu", imu(stamp_ns))]
            for name, message in pair if magnetometer_first else reversed(pair):
                with contextlib.suppress(SensorError):
                    if encoded := sensor.receive(name, message, 0):
                        spikes.append(encoded.spikes.address.tolist())
        assert spikes == [[], [15], [15]]

    def test_without_it_the_reason_is_said(self) -> None:
        sensor = SensorInput(self.source, seed=0)
        with pytest.raises(SensorError, match="no magnetometer message"):
            sensor.receive("imu", imu(SECOND_NS), 0)

    def test_axes_that_are_not_reported_are_refused_and_the_last_ones_used(self) -> None:
        sensor = SensorInput(self.source, seed=0)
        sensor.receive("magnetometer", field(SECOND_NS, 1e-5), 0)
        with pytest.raises(SensorError, match="magnetometer value 0 is nan"):
            sensor.receive("magnetometer", field(SECOND_NS + 1, np.nan), 0)
        assert sensor.receive("imu", imu(SECOND_NS + 2), 0) is not None

    def test_readings_of_a_new_start_may_come_before_its_samples(self) -> None:
        sensor = SensorInput(self.source, seed=0)
        for start_ns in (9 * SECOND_NS, SECOND_NS):
            sensor.receive("magnetometer", field(start_ns - 1, 0.0), 0)
            assert sensor.receive("imu", imu(start_ns), 0) is not None

    def test_a_network_listens_to_both(self) -> None:
        spec = NetworkSpec("nine", 1.0, (self.source,), (Population("cell", (1,)),))
        assert sensors_of(spec) == ["imu", "magnetometer"]

    def test_other_sensors_are_not_its_business(self) -> None:
        sensor = SensorInput(self.source, seed=0)
        assert sensor.receive("scan", object(), 0) is None


def goal(stamp_ns: int, x: float, y: float, frame_id: str = "odom") -> Any:
    header = {"stamp": stamp_ns, "frame_id": frame_id}
    fields = {"header": header, "pose": {"position": {"x": x, "y": y}}}
    return to_message("geometry_msgs/msg/PoseStamped", fields)


def odometry(stamp_ns: int, heading_rad: float = 0.0) -> Any:
    orientation = {"z": np.sin(heading_rad / 2), "w": np.cos(heading_rad / 2)}
    header = {"stamp": stamp_ns, "frame_id": "odom"}
    fields = {"header": header, "pose": {"pose": {"orientation": orientation}}}
    return to_message("nav_msgs/msg/Odometry", fields)


class TestGoal:
    source = Input("goal", (5,), "odom", "goal_bearing", {"headings": 4})

    def test_odometry_turns_a_goal_into_a_bearing(self) -> None:
        sensor = SensorInput(self.source, seed=0)
        assert sensor.sensors == ("odom", "goal")
        sensor.receive("goal", goal(1, 0.0, 3.0), 0)
        for index, (heading_rad, heading) in enumerate(((0.8, 2), (-1.0, 3), (2.0, 1))):
            encoded = sensor.receive("odom", odometry(SECOND_NS + index, heading_rad), 0)
            assert encoded is not None
            assert encoded.spikes.address.tolist() == [heading]

    def test_a_goal_holds_until_the_next_one(self) -> None:
        sensor = SensorInput(self.source, seed=0)
        sensor.receive("goal", goal(SECOND_NS, 3.0, 0.1), 0)
        assert sensor.receive("odom", odometry(3600 * SECOND_NS), 0) is not None
        sensor.receive("goal", goal(3600 * SECOND_NS, 0.1, 0.0), 0)
        encoded = sensor.receive("odom", odometry(3601 * SECOND_NS), 0)
        assert encoded is not None
        assert encoded.spikes.address.tolist() == [4]

    def test_without_a_goal_the_reason_is_said(self) -> None:
        sensor = SensorInput(self.source, seed=0)
        with pytest.raises(SensorError, match="no goal message"):
            sensor.receive("odom", odometry(SECOND_NS), 0)

    def test_a_goal_in_another_frame_is_refused(self) -> None:
        sensor = SensorInput(self.source, seed=0)
        sensor.receive("goal", goal(1, 3.0, 0.0, "map"), 0)
        with pytest.raises(SensorError, match="the goal is in frame 'map'"):
            sensor.receive("odom", odometry(SECOND_NS), 0)


def test_an_unknown_orientation_is_told_from_a_known_one() -> None:
    source = Input("imu", (2, 6), "imu", "imu_delta", {"remove_gravity": True})
    up = {"orientation": {"w": 1.0}, "linear_acceleration": {"z": 9.80665}}
    assert len(spikes_of(source, "sensor_msgs/msg/Imu", up)) == 1
    unknown = {"orientation_covariance": [-1.0] + [0.0] * 8}
    with pytest.raises(SensorError, match="has no orientation"):
        spikes_of(source, "sensor_msgs/msg/Imu", up | unknown)


def test_inputs_of_one_network_do_not_spike_alike() -> None:
    values = UNIT | {"spiking": "poisson"}
    messages = [{"temperature": 0.5}]
    batches = [
        spikes_of(
            Input(name, (1,), "temperature", "environment_rate", values),
            "sensor_msgs/msg/Temperature",
            *messages,
        )[0].spikes
        for name in ("left", "right", "left")
    ]
    assert batches[0] == batches[2]
    assert batches[0] != batches[1]


def example(sensor: str, index: int) -> Any:
    """Return the `index`th of three different messages of a sensor, a second after the last."""
    value = index / 4.0
    fields: dict[str, dict[str, Any]] = {
        "scan": {
            "angle_min": -3.0,
            "angle_increment": 0.1,
            "range_min": 0.1,
            "range_max": 9.0,
            "ranges": np.full(60, 4.0 - index, np.float32),
        },
        "imu": {"angular_velocity": {"x": index, "y": -value}},
        "odom": {"pose": {"pose": {"position": {"x": value}}}},
        "temperature": {"temperature": value},
        "humidity": {"relative_humidity": value},
        "pressure": {"fluid_pressure": value},
        "illuminance": {"illuminance": value},
        "range": {"range": value, "max_range": 2.0},
        "joints": {"name": ["hinge"], "position": [value], "velocity": [-value]},
    }
    if sensor == "camera":
        return picture(index * SECOND_NS, 20 + 60 * index)
    type_name = MESSAGE_TYPES[sensor][0]
    if sensor == "array":
        return to_message(type_name, {"data": [value]})
    header = {"stamp": index * SECOND_NS, "frame_id": "it"}
    return to_message(type_name, {"header": header, **fields[sensor]})


@pytest.mark.parametrize(
    "source",
    [
        *SOURCES,
        *(
            dataclasses.replace(source, parameters=source.parameters | {"spiking": "poisson"})
            for source in SOURCES
            if str(source.encoder).endswith(("_rate", "_population"))
        ),
    ],
    ids=lambda source: f"{source.sensor} {source.encoder} {source.parameters.get('spiking', '')}",
)
def test_after_reset_every_encoder_gives_the_same_spikes_again(source: Input) -> None:
    sensor = SensorInput(source, seed=5)
    runs = []
    for _ in range(2):
        if source.sensor == "odom":
            sensor.receive("goal", goal(SECOND_NS // 2, 5.0, 0.0, "it"), 0)
        runs.append(
            [
                sensor.encode(example(str(source.sensor), index), index * SECOND_NS)
                for index in (1, 2, 3)
            ]
        )
        sensor.reset()
    assert runs[0] == runs[1]
    assert sum(len(item.spikes) for item in runs[0]) > 0


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: f"{source.sensor} {source.encoder}")
def test_every_encoder_has_described_parameters(source: Input) -> None:
    sensor = SensorInput(source, seed=0)
    assert [field.name for field in sensor.tunable.fields if not field.description] == []


def test_no_encoder_is_left_out() -> None:
    expected = [(sensor, encoder) for sensor, found in ENCODERS.items() for encoder in found]
    assert [(source.sensor, source.encoder) for source in SOURCES] == expected
