from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from neuromorphic_ros.decoding.detection import BlobDetection, BlobDetector
from neuromorphic_ros.decoding.differential_drive import DifferentialDrive, DifferentialDriveDecoder
from neuromorphic_ros.decoding.motion_guard import GuardParameters
from neuromorphic_ros.decoding.velocity import STANDSTILL, Velocity, VelocityLimits
from neuromorphic_ros.encoding.region import Region, View
from neuromorphic_ros.errors import NetworkError, SensorError
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.readouts import (
    DetectionReadout,
    MotorReadout,
    alert_readout,
    contact_readout,
    detection_readout,
    encoder_view,
    motor_readout,
)
from neuromorphic_ros.pipeline.tuning import ParameterError, Tunable, tune
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection, Readout
from neuromorphic_ros.spikes import SpikeBatch

MS = 1_000_000
PERIOD_NS = 20 * MS


def motor(**limits: float) -> MotorReadout:
    drive = DifferentialDrive(linear_gain_m_s=1.0, tau_ms=10.0)
    return MotorReadout(
        "motor",
        DifferentialDriveDecoder(drive, MS),
        VelocityLimits(**limits),
        GuardParameters(),
    )


def forward(start_ns: int) -> SpikeBatch:
    """Make a spike of the forward neuron in every tick of a period."""
    time_ns = np.arange(start_ns, start_ns + PERIOD_NS, MS)
    return SpikeBatch((3,), np.zeros(time_ns.size, np.uint32), time_ns)


def speeds(readout: MotorReadout, periods: range) -> list[float]:
    """Decide period by period with fresh input; return the forward velocities [m/s]."""
    found = []
    for period in periods:
        start_ns = period * PERIOD_NS
        command = readout.decide(forward(start_ns), start_ns, start_ns + PERIOD_NS, start_ns)
        assert command.velocity is not None
        found.append(command.velocity.linear_m_s)
    return found


def test_velocity_and_acceleration_stay_within_their_limits() -> None:
    found = speeds(motor(max_linear_m_s=0.3, max_linear_m_s2=2.0), range(100, 130))
    assert found[0] == pytest.approx(2.0 * 0.020)
    assert np.diff([0.0, *found]).max() <= 2.0 * 0.020 + 1e-12
    assert max(found) == 0.3


def test_a_command_that_is_not_finite_is_zero_and_motion_begins_again_from_standstill() -> None:
    readout = motor(max_linear_m_s2=2.0)
    speeds(readout, range(100, 110))
    readout._decoder._duty = np.array([math.nan, 0.0, 0.0, 0.0])
    start_ns = 110 * PERIOD_NS
    command = readout.decide(forward(start_ns), start_ns, start_ns + PERIOD_NS, start_ns)
    assert command.velocity == STANDSTILL
    assert "not finite" in command.reason
    assert speeds(readout, range(111, 112)) == [pytest.approx(2.0 * 0.020)]


def test_old_input_stops_motion_and_ends_commands_after_the_hold() -> None:
    readout = motor()
    speeds(readout, range(100, 110))
    stamp_ns = 110 * PERIOD_NS
    found: list[Velocity | None] = []
    for period in range(110, 200):
        start_ns = period * PERIOD_NS
        spikes = forward(start_ns)
        found.append(readout.decide(spikes, start_ns, start_ns + PERIOD_NS, stamp_ns).velocity)
    moving = [index for index, velocity in enumerate(found) if velocity and velocity.linear_m_s]
    zeros = [index for index, velocity in enumerate(found) if velocity == STANDSTILL]
    assert moving[-1] == 24
    assert zeros == list(range(25, 76))
    assert found[76:] == [None] * len(found[76:])


def test_nothing_moves_without_input() -> None:
    command = motor().decide(forward(0), 0, PERIOD_NS, None)
    assert command.velocity == STANDSTILL
    assert command.reason == "no input yet"


def test_time_that_goes_back_begins_anew() -> None:
    readout = motor(max_linear_m_s2=2.0)
    speeds(readout, range(100, 110))
    assert speeds(readout, range(10, 11)) == [pytest.approx(2.0 * 0.020)]


def test_a_changed_gain_holds_at_the_next_decision() -> None:
    readout = motor(max_linear_m_s=10.0, max_linear_m_s2=100.0)
    before = speeds(readout, range(100, 120))[-1]
    tune(readout.tunables, {"drive.linear_gain_m_s": 0.5})
    assert speeds(readout, range(120, 121))[-1] == pytest.approx(before / 2, rel=1e-3)


def test_detections_are_those_of_whole_windows() -> None:
    detector = BlobDetector(BlobDetection(window_ms=40.0, min_spikes=1))
    readout = DetectionReadout("map", (4, 4), detector)
    time_ns = np.array([5, 5, 25, 25]) * MS
    spikes = SpikeBatch((4, 4), np.array([0, 1, 0, 1], np.uint32), time_ns)
    assert readout.decide(spikes.between(0, PERIOD_NS), 0, PERIOD_NS) == []
    (found,) = readout.decide(spikes.between(PERIOD_NS, 2 * PERIOD_NS), PERIOD_NS, 2 * PERIOD_NS)
    assert found.stamp_ns == 40 * MS
    assert len(found.boxes) == 1
    assert readout.decide(SpikeBatch.empty((4, 4)), 0, 2 * PERIOD_NS)[0].boxes == ()


def test_a_network_gets_the_readouts_that_it_asks_for(spec: NetworkSpec) -> None:
    driving = motor_readout(spec)
    assert driving
    assert driving.population == "motor"
    assert driving.drive.linear_gain_m_s == 0.4
    assert detection_readout(spec)
    silent = dataclasses.replace(spec, readouts=())
    assert motor_readout(silent) is None
    assert detection_readout(silent) is None


@pytest.mark.parametrize(
    ("readouts", "reason"),
    [
        ([Readout("a", "telepathy", "motor")], "'telepathy'; there are differential_drive"),
        (
            [Readout(name, "differential_drive", "motor") for name in ("a", "b")],
            "several differential_drive readouts: a, b",
        ),
        ([Readout("a", "differential_drive", "motor", {"tau_ms": -1})], "tau_ms = -1"),
        ([Readout("a", "differential_drive", "motor", {"tau": 1})], "tau is not a known field"),
        ([Readout("a", "differential_drive", "map")], r"reads 'map' of shape \(2, 2\)"),
    ],
)
def test_readouts_that_cannot_be_built_are_named(
    spec: NetworkSpec, readouts: list[Readout], reason: str
) -> None:
    with pytest.raises(NetworkError, match=reason):
        motor_readout(dataclasses.replace(spec, readouts=tuple(readouts)))


def test_detections_need_a_map(spec: NetworkSpec) -> None:
    readouts = (Readout("a", "blob_detection", "motor"),)
    with pytest.raises(NetworkError, match=r"reads 'motor': .*population, not \(3,\)"):
        detection_readout(dataclasses.replace(spec, readouts=readouts))


def test_classes_are_as_many_as_the_channels_of_a_map(spec: NetworkSpec) -> None:
    readouts = (Readout("a", "blob_detection", "map", {"class_names": "car, bike"}),)
    with pytest.raises(NetworkError, match=r"readout 'a' reads 'map': .*'car, bike' are 2"):
        detection_readout(dataclasses.replace(spec, readouts=readouts))
    detection = detection_readout(spec)
    assert detection
    with pytest.raises(ParameterError, match="'car, bike' are 2"):
        tune({"x": Tunable(detection, "parameters")}, {"x.class_names": "car, bike"})
    assert detection.parameters == BlobDetection()


def test_an_alert_has_words_for_each_row_of_its_population(spec: NetworkSpec) -> None:
    assert alert_readout(spec) is None
    three = Readout("a", "alert", "motor", {"conditions": "forward, left, right"})
    alert = alert_readout(dataclasses.replace(spec, readouts=(three,)))
    assert alert
    assert (alert.name, alert.population) == ("a", "motor")
    two = Readout("a", "alert", "motor", {"conditions": "forward, turn"})
    with pytest.raises(NetworkError, match=r"readout 'a' reads 'motor': .*'forward, turn' are 2"):
        alert_readout(dataclasses.replace(spec, readouts=(two,)))


def test_a_time_to_contact_is_read_from_two_neurons(spec: NetworkSpec) -> None:
    assert contact_readout(spec) is None
    readout = Readout("c", "time_to_contact", "motor", {})
    with pytest.raises(NetworkError, match=r"readout 'c' reads 'motor': .*reads 2 neurons"):
        contact_readout(dataclasses.replace(spec, readouts=(readout,)))
    looming = contact_readout(find_network("looming"))
    assert looming
    assert looming.population == "expansion"


NAMED = Readout("b", "classification", "map", {"class_names": "cup, hand", "min_spikes": 1})


def test_a_network_may_name_classes(spec: NetworkSpec) -> None:
    readout = detection_readout(dataclasses.replace(spec, readouts=(NAMED,)))
    assert readout
    spikes = SpikeBatch((2, 2), np.array([3], np.uint32), np.array([5 * MS]))
    (found,) = readout.decide(spikes, 0, 50 * MS)
    assert [box.class_name for box in found.boxes] == ["hand"]
    with pytest.raises(ParameterError, match="'cup' are 1"):
        tune({"x": Tunable(readout, "parameters")}, {"x.class_names": "cup"})


@pytest.mark.parametrize(
    ("readouts", "reason"),
    [
        (
            [NAMED, Readout("a", "blob_detection", "map")],
            "several blob_detection or classification readouts: b, a",
        ),
        ([Readout("a", "classification", "map")], "class_names is missing"),
        ([dataclasses.replace(NAMED, population="motor")], r"reads 'motor': .*has 3 rows"),
    ],
)
def test_classes_that_cannot_be_named_are_refused(
    spec: NetworkSpec, readouts: list[Readout], reason: str
) -> None:
    with pytest.raises(NetworkError, match=reason):
        detection_readout(dataclasses.replace(spec, readouts=tuple(readouts)))


def test_boxes_refer_to_the_camera_behind_their_population() -> None:
    spec = NetworkSpec(
        name="eye",
        dt_ms=1.0,
        inputs=(Input("dvs", (2, 12, 16), "camera", "dvs", {"roi_width": 320}),),
        populations=(Population("map", (12, 16)), Population("blind", (1,))),
        projections=(Projection("dvs", "map", 1.0),),
    )
    assert encoder_view(spec, "map", 0, 0) == View.whole(16, 12)
    assert encoder_view(spec, "map", 640, 480) == View(640, 480, Region(0, 0, 320, 480))
    assert encoder_view(spec, "blind", 0, 0) == View.whole(0, 0)
    with pytest.raises(SensorError, match="not inside the picture of 160x120"):
        encoder_view(spec, "map", 160, 120)
