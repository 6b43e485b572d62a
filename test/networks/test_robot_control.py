"""The mobile manipulator steers, slows down, looks at what moves, keeps level and folds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import behaviour
import numpy as np
import numpy.typing as npt
import pytest

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.encoding.scan import Scan
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.readouts import Command
from neuromorphic_ros.simulation.sensor_sample import START_NS
from neuromorphic_ros.snn.streaming import StreamingNetwork

MS, S = 1_000_000, 1_000_000_000
ANGLES_RAD = -math.pi + np.radians(np.arange(360))
JOINTS = ("pan", "shoulder", "elbow", "forearm", "wrist", "tool")
HELD = {"pan": 0.0, "shoulder": -0.4, "elbow": 1.2, "forearm": 0.0, "wrist": 0.0, "tool": 0.0}
MAGNETIC = "sensor_msgs/msg/MagneticField"
DARK = np.zeros((72, 96, 3), np.uint8)
Picture = npt.NDArray[np.uint8]


class Body(NamedTuple):
    """What the inertial unit feels: x, y, z; at rest on level ground, with north ahead."""

    turn_rad_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    acceleration_m_s2: tuple[float, float, float] = (0.0, 0.0, 9.8)
    field_t: tuple[float, float, float] = (20e-6, 0.0, -44e-6)


class Acts(NamedTuple):
    """Commands, and positions of the joints [rad] by time [ns]."""

    commands: list[Command]
    joints: dict[int, dict[str, float]]

    @property
    def last(self) -> tuple[float, float]:
        """The last velocity."""
        velocity = self.commands[-1].velocity
        assert velocity
        return velocity

    def at(self, joint: str, time_ns: int) -> float:
        """Return the position of a joint at a time from the start."""
        return self.joints[START_NS + time_ns][joint]


def room(right_m: float, ahead_m: float, left_m: float) -> Scan:
    """Return three arcs around the robot; nothing is behind it."""
    inside = np.abs(ANGLES_RAD) < 2.1
    sides = [~inside, ANGLES_RAD < -behaviour.AHEAD_RAD, ANGLES_RAD > behaviour.AHEAD_RAD]
    ranges = np.select(sides, [9.0, right_m, left_m], ahead_m).astype(np.float32)
    return Scan(ranges, -math.pi, math.radians(1.0), 0.05, 10.0)


FREE = room(9, 9, 9)


def vector(values: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip("xyz", values, strict=True))


def acts(
    scan: Scan = FREE,
    picture: Callable[[float], Picture] = lambda _: DARK,
    body: Callable[[float], Body] = lambda _: Body(),
    duration_ns: int = 2 * S,
    network: str = "robot_control",
) -> Acts:
    """Return what the robot does with what it senses; picture, body: by time [s]."""
    pipeline = Pipeline(StreamingNetwork(find_network(network)))
    done = Acts([], {})
    for elapsed_ns in range(0, duration_ns, 10 * MS):
        now_ns, second = START_NS + elapsed_ns, elapsed_ns / S
        felt = body(second)
        if elapsed_ns % (20 * MS) == 0:
            before = {"stamp": now_ns - MS}
            field = {"header": before, "magnetic_field": vector(felt.field_t)}
            pipeline.receive("magnetometer", to_message(MAGNETIC, field), now_ns)
            imu = {
                "header": {"stamp": now_ns},
                "angular_velocity": vector(felt.turn_rad_s),
                "linear_acceleration": vector(felt.acceleration_m_s2),
            }
            pipeline.receive("imu", to_message(behaviour.IMU, imu), now_ns)
        if elapsed_ns % (50 * MS) == 0:
            seen = behaviour.image(picture(second), now_ns)
            pipeline.receive("camera", seen.content, now_ns)
        if elapsed_ns % (100 * MS) == 0:
            pipeline.receive("scan", behaviour.laser_scan(scan, now_ns).content, now_ns)
        for decision in pipeline.advance(now_ns):
            if decision.command:
                done.commands.append(decision.command)
            if decision.joints:
                named = zip(decision.joints.names, decision.joints.position_rad, strict=True)
                done.joints[decision.joints.stamp_ns] = dict(named)
    return done


def flicker(left: int, right: int, top: int = 0, bottom: int = 72) -> Callable[[float], Picture]:
    """Return a grey picture with a patch that turns bright and dark."""

    def picture(second: float) -> Picture:
        seen = np.full((72, 96, 3), 60, np.uint8)
        seen[top:bottom, left:right] = 60 + 140 * (round(second * 20) % 2)
        return seen

    return picture


def test_it_has_the_parts_of_the_robot() -> None:
    spec = find_network("robot_control")
    shapes = {name: math.prod(shape) for name, shape in spec.shapes.items()}
    assert shapes == {
        "vision": 1024,
        "lidar": 360,
        "imu": 18,
        "perception": 256,
        "planning": 128,
        "wheels": 3,
        "arm": 18,
    }
    assert {spec.population(name).model for name in ("perception", "planning")} == {"adex"}


def test_turns_to_the_freer_side() -> None:
    _, from_left = acts(room(3, 3, 0.7)).last
    _, from_right = acts(room(0.7, 3, 3)).last
    assert from_left < -0.2
    assert from_right > 0.2


def test_speed_falls_as_the_way_ahead_gets_shorter() -> None:
    speeds = [acts(room(4, ahead_m, 4)).last[0] for ahead_m in (4.0, 0.9, 0.4)]
    assert speeds[0] > speeds[1] > speeds[2]
    assert speeds[0] > 0.35
    assert speeds[2] < 0.1


@pytest.mark.parametrize("variant", ["medium", "low"])
def test_longer_ticks_drive_alike(variant: str) -> None:
    for scan in (FREE, room(0.7, 3, 3), room(3, 0.9, 3)):
        speed_m_s, turn_rad_s = acts(scan, network=f"robot_control@{variant}").last
        speed_before_m_s, turn_before_rad_s = acts(scan).last
        assert speed_m_s == pytest.approx(speed_before_m_s, abs=0.05)
        assert turn_rad_s == pytest.approx(turn_before_rad_s, abs=0.5)


def test_a_wall_straight_ahead_is_turned_away_from() -> None:
    _, turn_rad_s = acts(room(0.5, 0.4, 0.5)).last
    assert abs(turn_rad_s) > 0.5


def test_free_space_is_driven_straight_with_the_arm_held() -> None:
    done = acts()
    speed_m_s, turn_rad_s = done.last
    assert speed_m_s > 0.35
    assert turn_rad_s == 0.0
    assert list(done.joints.values())[-1] == pytest.approx(HELD, abs=1e-6)


@pytest.mark.parametrize(("left", "right", "side"), [(0, 24, 1.0), (72, 96, -1.0)])
def test_the_arm_looks_to_the_side_where_something_moves(
    left: int, right: int, side: float
) -> None:
    done = acts(picture=flicker(left, right))
    assert side * done.at("pan", 1800 * MS) > 0.3


@pytest.mark.parametrize(("top", "bottom", "side"), [(0, 18, -1.0), (54, 72, 1.0)])
def test_the_wrist_looks_up_and_down(top: int, bottom: int, side: float) -> None:
    done = acts(picture=flicker(36, 60, top, bottom))
    assert side * done.at("wrist", 1800 * MS) > 0.1
    assert abs(done.at("pan", 1800 * MS)) < 0.2


def test_a_change_of_the_light_is_not_looked_at() -> None:
    done = acts(picture=flicker(0, 96))
    assert max(abs(joints["pan"]) for joints in done.joints.values()) < 0.1
    assert max(abs(joints["wrist"]) for joints in done.joints.values()) < 0.1


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_the_gaze_turns_against_the_body(side: float) -> None:
    done = acts(body=lambda _: Body(turn_rad_s=(0.0, 0.0, 1.5 * side)))
    assert side * done.at("pan", 1800 * MS) < -0.3


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_the_forearm_rolls_against_a_lean(side: float) -> None:
    # Rolled to the right, up is on the left of the body.
    done = acts(body=lambda _: Body(acceleration_m_s2=(0.0, 4.9 * side, 8.5)))
    assert side * done.at("forearm", 1800 * MS) < -0.2


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_the_tool_turns_to_the_north(side: float) -> None:
    done = acts(body=lambda _: Body(field_t=(0.0, 20e-6 * side, -44e-6)))
    assert side * done.at("tool", 1800 * MS) > 0.4


def test_a_jolt_folds_the_arm_for_a_while() -> None:
    def body(second: float) -> Body:
        shaken = 0.49 < second < 0.55
        return Body(acceleration_m_s2=(15.0 * shaken, 0.0, 9.8))

    done = acts(body=body)
    assert done.at("elbow", 460 * MS) == pytest.approx(HELD["elbow"])
    folded = max(done.joints.values(), key=lambda joints: joints["elbow"])
    assert folded["elbow"] > 1.4
    assert folded["shoulder"] < -0.6
    assert done.at("elbow", 1800 * MS) == pytest.approx(HELD["elbow"], abs=0.1)


def test_driving_folds_nothing() -> None:
    def body(second: float) -> Body:
        return Body(acceleration_m_s2=(2.5 * math.sin(9.0 * second), 1.0, 9.8))

    assert max(joints["elbow"] for joints in acts(body=body).joints.values()) == HELD["elbow"]


def test_without_a_sensor_nothing_moves() -> None:
    pipeline = Pipeline(StreamingNetwork(find_network("robot_control")))
    for elapsed_ns in range(0, S, 100 * MS):
        now_ns = START_NS + elapsed_ns
        pipeline.receive("scan", behaviour.laser_scan(FREE, now_ns).content, now_ns)
        for decision in pipeline.advance(now_ns):
            assert decision.command
            assert decision.command.reason == "no input yet"
            assert decision.joints is None
