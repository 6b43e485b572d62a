from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import behaviour
import numpy as np
import pytest

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.encoding.scan import Scan
from neuromorphic_ros.pipeline.energy_account import EnergyAccount, Hardware
from neuromorphic_ros.pipeline.networks import find_hardware
from neuromorphic_ros.pipeline.outputs import OutputMessage
from neuromorphic_ros.pipeline.replay import replay
from neuromorphic_ros.simulation.sensor_sample import START_NS

TOPICS = {"scan": "/scan", "camera": "/camera/image_raw", "imu": "/imu"}
MS = 1_000_000


class Outputs(NamedTuple):
    """What a replay publishes: messages by topic, and the commands."""

    counts: Counter[str]
    commands: behaviour.Commands


def replayed(network: str) -> Outputs:
    """Replay the simulated recording of the project."""
    pipeline = behaviour.pipeline_of(network)
    account = EnergyAccount(Hardware(find_hardware("loihi2"), find_hardware("horowitz_45nm_fp32")))
    topics = {sensor: TOPICS[sensor] for sensor in pipeline.sensors}
    counts: Counter[str] = Counter()
    commands = []
    with open_recording(behaviour.OWN) as recording:
        for output in replay(pipeline, recording, topics, account):
            assert isinstance(output, OutputMessage), output
            counts[output.topic] += 1
            if output.topic == "cmd_vel":
                twist = output.fields["twist"]
                commands.append((output.stamp_ns, twist["linear"]["x"], twist["angular"]["z"]))
    stamp_ns, linear_m_s, angular_rad_s = np.array(commands).T
    return Outputs(counts, behaviour.Commands(stamp_ns.astype(np.int64), linear_m_s, angular_rad_s))


def imu(acceleration_m_s2: float, taken_ns: int) -> behaviour.Message:
    fields = {
        "header": {"stamp": taken_ns},
        "linear_acceleration": {"x": acceleration_m_s2, "z": 9.8},
    }
    return behaviour.Message(to_message(behaviour.IMU, fields), taken_ns)


def test_runs_on_all_three_sensors_and_avoids_what_is_near() -> None:
    outputs = replayed("robot")
    assert outputs.counts["detections"] == 201
    assert outputs.counts["cmd_vel"] > 1000
    assert outputs.commands.linear_m_s.max() > 0.2
    scans = behaviour.recorded(behaviour.OWN, "/scan")
    stamps = np.array([scan.stamp_ns for scan in scans])
    cases, to_freer_side = behaviour.turns(outputs.commands, behaviour.nearest(scans), stamps)
    assert cases > 20
    assert to_freer_side >= 0.98


def test_commands_are_those_of_the_avoider_and_the_benchmark_runs_as_a_replay() -> None:
    scans = behaviour.recorded(behaviour.OWN, "/scan")
    shortcut, whole = behaviour.drive_by(scans), replayed("obstacle_avoider").commands
    known = np.intersect1d(shortcut.stamp_ns, whole.stamp_ns)
    assert known.size > 0.95 * whole.stamp_ns.size
    for one, other in zip(shortcut.at(known), whole.at(known), strict=True):
        np.testing.assert_allclose(one, other)


def test_normal_driving_is_no_shock() -> None:
    assert behaviour.shock_times(behaviour.recorded(behaviour.OWN, "/imu")).size == 0


@pytest.mark.parametrize("speed_m_s", [0.2, 0.3, 0.5])
def test_a_crash_is_a_shock_at_once(speed_m_s: float) -> None:
    messages, hit_ns = behaviour.crash(speed_m_s)
    shocks = behaviour.shock_times(messages)
    assert shocks.size == 1
    assert abs(shocks[0] - hit_ns) <= behaviour.IMU_PERIOD_NS


@pytest.mark.parametrize("angle_rad", [0.2, 1.0, 1.5])
def test_tilting_is_no_shock(angle_rad: float) -> None:
    angles = angle_rad * np.linspace(0.0, 1.0, 50)
    messages = [
        imu(9.8 * float(np.sin(angle)), START_NS + index * 20 * MS)
        for index, angle in enumerate(angles)
    ]
    assert behaviour.shock_times(messages).size == 0


def test_a_shock_stops_the_forward_neuron_for_half_a_second() -> None:
    pipeline = behaviour.pipeline_of("robot")
    free = Scan(np.full(360, 5.0, np.float32), -np.pi, np.radians(1.0), 0.1, 8.0)
    shock_ns = START_NS + 1000 * MS
    speeds_m_s = {}
    for now_ns in range(START_NS, START_NS + 3000 * MS, 20 * MS):
        pipeline.receive("imu", imu(30.0 * (now_ns == shock_ns), now_ns).content, now_ns)
        pipeline.receive("scan", behaviour.laser_scan(free, now_ns).content, now_ns)
        dark = behaviour.image(np.zeros((72, 96, 3), np.uint8), now_ns)
        pipeline.receive("camera", dark.content, now_ns)
        for decision in pipeline.advance(now_ns):
            if decision.command and decision.command.velocity:
                speeds_m_s[decision.step.stop_ns] = decision.command.velocity.linear_m_s
    assert speeds_m_s[shock_ns - 20 * MS] > 0.4
    assert speeds_m_s[shock_ns + 480 * MS] < 0.02
    assert speeds_m_s[shock_ns + 1500 * MS] > 0.4


@pytest.mark.data
def test_every_jolt_of_a_shaken_imu_halts(shared_data: Path) -> None:
    name, topic = behaviour.IMU_TOPICS[0]
    messages = behaviour.recorded(shared_data / name, topic)
    jolts, shocks = behaviour.jolt_times(messages), behaviour.shock_times(messages)
    assert jolts.size > 30
    assert behaviour.halting(jolts, shocks) == 1.0


@pytest.mark.data
def test_an_imu_turned_by_hand_feels_no_shock(shared_data: Path) -> None:
    name, topic = behaviour.IMU_TOPICS[1]
    assert behaviour.shock_times(behaviour.recorded(shared_data / name, topic)).size == 0
