from __future__ import annotations

import time
from pathlib import Path

import pytest
from harness import Robot, eventually

from .driving import Drive, speed, wait_for_motion, write_network

pytestmark = pytest.mark.ros

WARN, ERROR = 1, 2


def forward_after(driving: Drive, since_s: float) -> float:
    """Return the speed that commands have settled at [m/s]."""
    eventually(lambda: driving.commands[-1].at_s > since_s + 0.6, "commands go on")
    return speed(driving.commands[-1].message)


def test_a_gain_holds_from_the_next_tick_on(driving: Drive) -> None:
    ask = driving.robot.listener
    node = driving.motion_node
    before = ask.parameter(node, "drive.linear_gain_m_s")
    assert before == 0.4
    assert ask.set_parameters(node, drive__linear_gain_m_s=0.2) == [""]
    assert forward_after(driving, time.monotonic()) == pytest.approx(0.2, rel=0.05)
    assert ask.set_parameters(node, drive__linear_gain_m_s=0.4) == [""]
    assert forward_after(driving, time.monotonic()) == pytest.approx(0.4, rel=0.05)


def test_an_encoder_threshold_holds_from_the_next_sample_on(driving: Drive) -> None:
    ask = driving.robot.listener
    # What the lidar sees at 1 m is now too far to be seen.
    assert ask.set_parameters(driving.encoder_node, scan__near_m=0.1, scan__far_m=0.5) == ["", ""]
    assert forward_after(driving, time.monotonic()) == pytest.approx(0.0, abs=0.01)
    assert ask.set_parameters(driving.encoder_node, scan__far_m=5.0, scan__near_m=1.0) == ["", ""]
    wait_for_motion(driving)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("limits.max_linear_m_s", 11.0, "range"),
        ("limits.max_linear_m_s", float("nan"), "range"),
        ("limits.max_linear_m_s", "fast", "type"),
        ("safety.max_deadline_misses", 0, "range"),
        ("limits.max_linear_km_h", 1.0, "declare"),
        ("stamped", False, "read-only"),
    ],
)
def test_a_bad_value_is_refused_with_the_reason_and_changes_nothing(
    driving: Drive, name: str, value: object, reason: str
) -> None:
    ask = driving.robot.listener
    (refusal,) = ask.set_parameters(driving.motion_node, **{name.replace(".", "__"): value})
    assert reason in refusal.lower()
    assert ask.parameter(driving.motion_node, "limits.max_linear_m_s") == 0.5


def test_values_that_contradict_each_other_are_refused_with_the_reason(driving: Drive) -> None:
    ask = driving.robot.listener
    (refusal,) = ask.set_parameters(driving.encoder_node, scan__near_m=6.0)
    assert "far_m 5.0 must be above near_m 6.0" in refusal
    assert ask.parameter(driving.encoder_node, "scan.near_m") == 1.0


def test_what_would_change_the_shape_of_a_running_network_is_refused(driving: Drive) -> None:
    ask = driving.robot.listener
    (refusal,) = ask.set_parameters(driving.encoder_node, scan__sectors=9)
    assert "sectors cannot change from 8 to 9" in refusal
    assert ask.parameter(driving.encoder_node, "scan.sectors") == 8


def test_a_parameter_file_is_stronger_than_the_network(robot: Robot, tmp_path: Path) -> None:
    network = write_network(tmp_path)
    file = tmp_path / "parameters.yaml"
    file.write_text(
        f"/**:\n  ros__parameters:\n    network: {network}\n    hardware: loihi2\n"
        "/**/pipeline:\n  ros__parameters:\n    drive: {linear_gain_m_s: 0.3}\n"
        "    scan: {max_rate_hz: 50.0}\n"
    )
    robot.start("pipeline", params_file=file)
    assert robot.listener.parameter("pipeline", "drive.linear_gain_m_s") == 0.3
    assert robot.listener.parameter("pipeline", "scan.max_rate_hz") == 50.0
    assert robot.listener.parameter("pipeline", "scan.far_m") == 5.0
    assert robot.listener.status("pipeline: parameters") == (0, "")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("drive.linear_gain_m_s", 99.0, "drive.linear_gain_m_s"),
        ("drive.linear_gain_m_s", ".nan", "drive.linear_gain_m_s"),
        ("drive.linear_gain_m_s", "fast", "drive.linear_gain_m_s"),
        ("scan.near_m", 9.0, "far_m 5.0 must be above near_m 9.0"),
        ("network", 5, "parameter 'network'"),
        ("backend", "abacus", "backend 'abacus' is unknown"),
        ("engine", "abacus", "backend 'jetson' has no engine 'abacus'"),
        ("device", "tpu", "device"),
    ],
)
def test_a_wrong_value_at_start_is_reported_and_the_node_lives(
    robot: Robot, tmp_path: Path, name: str, value: object, reason: str
) -> None:
    values: dict[str, object] = {"network": write_network(tmp_path), name: value}
    process = robot.start("pipeline", values, until="unconfigured")
    said = robot.listener.reports("pipeline: lifecycle", reason)
    assert said.startswith("cannot configure")
    assert robot.listener.status("pipeline: lifecycle")[0] == ERROR
    eventually(lambda: reason in process.output, "a line of the log")
    assert not robot.listener.transition("pipeline", "configure")
    assert process.is_alive


def test_parameters_that_do_not_exist_are_named(robot: Robot, tmp_path: Path) -> None:
    values = {
        "network": write_network(tmp_path),
        "hardware": "loihi2",
        "limits.max_linear_km_h": 2.0,
        "netwerk": "robot",
        "detection.window_ms": 50.0,
    }
    robot.start("pipeline", values)
    said = robot.listener.reports("pipeline: parameters", "no such parameters")
    assert said.startswith("no such parameters: limits.max_linear_km_h, netwerk; there are")
    assert "limits.max_linear_m_s" in said
    assert robot.listener.status("pipeline: parameters")[0] == WARN
