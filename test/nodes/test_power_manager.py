"""The power manager over DDS, on a board of files with programs that really run."""

from __future__ import annotations

import contextlib
import math
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from boards import NVPMODEL, calls, nano, write_program, write_zones
from harness import PATIENCE_S, Received, Robot, eventually
from neuromorphic_ros.srv import SetPowerMode
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

pytestmark = pytest.mark.ros

NODE = "power_manager"
STATUS = "neuromorphic_ros/msg/PowerStatus"
BATTERY = "sensor_msgs/msg/BatteryState"
TEMPERATURE = "sensor_msgs/msg/Temperature"
RATES = "neuromorphic_ros/msg/PopulationRates"
BOOL = "std_msgs/msg/Bool"
LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
LOW, MEDIUM, HIGH = 0, 1, 2
DISCHARGING, CHARGING = 2, 1
# Long enough for nobody to wait in vain on a loaded machine, and short enough for tests.
SWIFT = {"governor.min_dwell_s": 0.1}


@pytest.fixture
def board(tmp_path: Path) -> Path:
    return nano(tmp_path)


def start(robot: Robot, board: Path, **parameters: object) -> list[Received]:
    """Start the node on a board and return what it says."""
    received = robot.listener.collect("power_status", STATUS, LATCHED)
    robot.start(NODE, {"root": board, "period_s": 0.1, **SWIFT, **parameters})
    return received


def until(received: list[Received], **fields: object) -> Any:
    """Wait until the newest status has some values and return it."""

    def newest() -> Any:
        message = received[-1].message if received else None
        fits = message and all(getattr(message, name) == value for name, value in fields.items())
        return message if fits else None

    try:
        return eventually(newest, f"{fields}")
    except AssertionError as late:
        raise AssertionError(f"{late}; newest: {received[-1:]}") from None


@contextlib.contextmanager
def repeated(robot: Robot, topic: str, kind: str, **fields: object) -> Iterator[None]:
    """Publish a message again and again: a reader may know of this writer later than we."""
    publisher = robot.listener.publisher(topic, kind)
    message = robot.listener.message(kind, fields)
    timer = robot.listener.repeat(publisher, lambda: message, 10.0)
    try:
        yield
    finally:
        timer.cancel()
        robot.listener.node.destroy_publisher(publisher)


def ask(robot: Robot, mode: str) -> SetPowerMode.Response:
    return robot.listener.call(SetPowerMode, "set_power_mode", SetPowerMode.Request(mode=mode))


def test_a_machine_without_a_battery_works_at_its_best(robot: Robot, tmp_path: Path) -> None:
    received = start(robot, tmp_path)
    status = until(received, quality=HIGH, mode="", throttled=False, asleep=False)
    assert math.isnan(status.battery)
    assert math.isnan(status.temperature_c)
    robot.listener.reports(f"{NODE}: computer", "no Jetson")
    robot.listener.reports(f"{NODE}: board", "this machine has no power modes")
    refused = ask(robot, "5W")
    assert not refused.success
    assert "this machine has no power modes" in refused.message


def test_a_low_battery_lowers_quality_and_the_board_is_left_alone(
    robot: Robot, board: Path
) -> None:
    received = start(robot, board)
    until(received, quality=HIGH, mode="MAXN")
    with repeated(robot, "battery_state", BATTERY, percentage=0.1, power_supply_status=DISCHARGING):
        status = until(received, quality=LOW, mode="MAXN")
    assert status.battery == pytest.approx(0.1)
    assert "battery" in status.reason
    with repeated(robot, "battery_state", BATTERY, percentage=0.1, power_supply_status=CHARGING):
        until(received, quality=HIGH, mode="MAXN")
    assert calls(board) == []
    refused = ask(robot, "5W")
    assert (refused.success, refused.mode) == (False, "MAXN")
    assert "allow_hardware_control is false" in refused.message


def test_a_low_battery_changes_the_mode_of_the_board_if_allowed(robot: Robot, board: Path) -> None:
    received = start(robot, board, allow_hardware_control=True, hold_clocks=True)
    until(received, mode="MAXN")
    eventually(lambda: len(calls(board)) == 2, "clocks are held")
    with repeated(robot, "battery_state", BATTERY, percentage=0.1, power_supply_status=DISCHARGING):
        until(received, quality=LOW, mode="5W")
    assert calls(board) == [
        "jetson_clocks --store",
        "jetson_clocks ",
        "jetson_clocks --restore",
        "nvpmodel -m 1",
    ]
    with repeated(robot, "battery_state", BATTERY, percentage=0.9, power_supply_status=CHARGING):
        until(received, quality=HIGH, mode="MAXN")
    eventually(lambda: calls(board)[4:] == ["nvpmodel -m 0", *calls(board)[:2]], "held again")
    assert robot.listener.transition(f"/{NODE}", "deactivate")
    assert calls(board)[-1] == "jetson_clocks --restore"


def test_a_mode_that_is_asked_for_is_held_until_auto(robot: Robot, board: Path) -> None:
    received = start(robot, board, allow_hardware_control=True)
    until(received, mode="MAXN")
    given = ask(robot, "5W")
    assert (given.success, given.message, given.mode) == (True, "", "5W")
    until(received, mode="5W")
    unknown = ask(robot, "10W")
    assert (unknown.success, unknown.mode) == (False, "5W")
    assert "there are MAXN, 5W" in unknown.message
    assert ask(robot, "auto").success
    until(received, mode="MAXN")


def test_a_program_that_hangs_blocks_nobody(robot: Robot, board: Path) -> None:
    write_program(board, "usr/sbin/nvpmodel", "#!/bin/sh\nsleep 60\n")
    received = start(robot, board, allow_hardware_control=True, program_timeout_s=3.0)
    until(received, mode="MAXN")
    with repeated(robot, "battery_state", BATTERY, percentage=0.1, power_supply_status=DISCHARGING):
        until(received, quality=LOW)
        known, begun_s = len(received), time.monotonic()
        robot.listener.reports(f"{NODE}: board", "was not done after 3 s and was killed")
        assert len(received) - known >= (time.monotonic() - begun_s) // 2
        until(received, mode="MAXN", quality=LOW)
    refused = ask(robot, "5W")
    assert (refused.success, refused.mode) == (False, "MAXN")
    assert "was killed" in refused.message


def test_a_hot_board_is_throttled_whatever_a_thermometer_in_the_air_says(
    robot: Robot, board: Path
) -> None:
    received = start(robot, board)
    until(received, throttled=False)
    with repeated(robot, "temperature", TEMPERATURE, temperature=20.0):
        write_zones(board, {"CPU-therm": 95000})
        status = until(received, throttled=True)
        assert status.temperature_c == 95.0
        write_zones(board, {"CPU-therm": 40000})
        until(received, throttled=False, quality=HIGH)


def test_a_mode_that_is_asked_for_before_it_gets_hot_is_given_up(robot: Robot, board: Path) -> None:
    received = start(robot, board, allow_hardware_control=True)
    with repeated(robot, "battery_state", BATTERY, percentage=0.1, power_supply_status=DISCHARGING):
        until(received, quality=LOW, throttled=False, mode="5W")
        heats = f"echo 95000 > {board}/sys/class/thermal/thermal_zone0/temp; sleep 2"
        program = NVPMODEL.replace("#!/bin/sh\n", f"#!/bin/sh\n{heats}\n")
        write_program(board, "usr/sbin/nvpmodel", program)
        refused = ask(robot, "MAXN")
        assert not refused.success
        assert "'MAXN' is not set: 95.0 degC" in refused.message
        assert "95.0 degC" in ask(robot, "MAXN").message
        changed = ["nvpmodel -m 0", "nvpmodel -m 1"]
        eventually(lambda: calls(board)[-2:] == changed, "the smallest mode again")
        until(received, throttled=True, mode="5W")


def test_a_root_that_vanishes_stops_nobody(robot: Robot, board: Path) -> None:
    received = start(robot, board, allow_hardware_control=True)
    until(received, mode="MAXN")
    for each in board.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    until(received, mode="", quality=HIGH)
    refused = ask(robot, "5W")
    assert not refused.success
    assert "is missing" in refused.message
    nano(board)
    until(received, mode="MAXN", quality=HIGH)


def test_a_hot_temperature_message_throttles(robot: Robot, board: Path) -> None:
    received = start(robot, board)
    until(received, throttled=False)
    with repeated(robot, "temperature", TEMPERATURE, temperature=85.0):
        until(received, throttled=True, temperature_c=85.0)
    with repeated(robot, "temperature", TEMPERATURE, temperature=45.0):
        until(received, throttled=False)


@pytest.mark.parametrize(
    ("topic", "kind", "fields", "words"),
    [
        ("battery_state", BATTERY, {"percentage": math.nan}, "percentage is nan"),
        ("battery_state", BATTERY, {"percentage": 42.0}, "percentage is 42"),
        ("temperature", TEMPERATURE, {"temperature": math.nan}, "temperature is nan"),
        ("battery_state", BATTERY, {"percentage": -0.5}, "percentage is -0.5"),
        ("temperature", TEMPERATURE, {"temperature": math.inf}, "temperature is inf"),
        ("temperature", TEMPERATURE, {"temperature": 1e6}, "temperature is 1e+06"),
        ("rates", RATES, {"ticks": 10, "step_us_p50": 5.0, "window_s": 0.0}, "are no load"),
    ],
)
def test_a_bad_message_is_named_and_ignored(
    topic: str, kind: str, fields: dict[str, Any], words: str, robot: Robot, board: Path
) -> None:
    received = start(robot, board)
    with repeated(robot, topic, kind, **fields):
        robot.listener.reports(f"{NODE}: input {topic}", words)
        known = len(received)
        eventually(lambda: len(received) > known + 1, "it goes on")
    until(received, quality=HIGH, throttled=False, mode="MAXN")


def test_a_late_subscriber_learns_what_is_in_force(robot: Robot, board: Path) -> None:
    until(start(robot, board), mode="MAXN")
    assert robot.listener.transition(f"/{NODE}", "deactivate")
    late = robot.listener.collect("power_status", STATUS, LATCHED)
    assert until(late, mode="MAXN").header.stamp.sec > 0


def test_a_sleeping_network_is_told_of(robot: Robot, board: Path) -> None:
    received = start(robot, board)
    publisher = robot.listener.node.create_publisher(
        type(robot.listener.message(BOOL, {})), "asleep", LATCHED
    )
    for asleep in (True, False, True):
        publisher.publish(robot.listener.message(BOOL, {"data": asleep}))
        until(received, asleep=asleep)


def test_parameters_of_the_governor_change_while_it_runs(robot: Robot, board: Path) -> None:
    received = start(robot, board)
    with repeated(robot, "battery_state", BATTERY, percentage=0.6, power_supply_status=DISCHARGING):
        until(received, quality=HIGH)
        (refused,) = robot.listener.set_parameters(f"/{NODE}", governor__battery_low=0.9)
        assert "battery_low" in refused
        assert robot.listener.set_parameters(f"/{NODE}", governor__battery_medium=0.9) == [""]
        until(received, quality=MEDIUM)
    (fixed,) = robot.listener.set_parameters(f"/{NODE}", allow_hardware_control=True)
    assert "read-only" in fixed


def test_status_comes_every_second(robot: Robot, board: Path) -> None:
    received = start(robot, board)
    eventually(lambda: len(received) > 3, "statuses without news", PATIENCE_S)


def test_a_root_that_is_no_folder_is_refused(robot: Robot, tmp_path: Path) -> None:
    robot.start(NODE, {"root": tmp_path / "none"}, until="unconfigured")
    robot.listener.reports(f"{NODE}: lifecycle", "is no folder")
