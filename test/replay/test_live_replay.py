"""A recording through nodes over DDS gives what offline replay gives, spike by spike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from harness import Received, Robot, eventually, robot_domain

from neuromorphic_ros.backends.registry import backend
from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.typestore import stamp_ns
from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.pipeline.energy_account import EnergyAccount, Hardware
from neuromorphic_ros.pipeline.messages import spikes_of
from neuromorphic_ros.pipeline.networks import find_hardware, find_network
from neuromorphic_ros.pipeline.outputs import SPIKES, TWIST_STAMPED, OutputMessage, spike_topic
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.replay import replay
from neuromorphic_ros.pipeline.tuning import tune

pytestmark = pytest.mark.ros

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
LENGTH_S = 5.0
# Of decisions.
PERIOD_NS = 20_000_000
# A loaded machine may be late; what is compared is what is computed, not when.
PATIENT_CORE: dict[str, object] = {"core.max_lateness_ms": 3000.0}
PATIENT_MOTION: dict[str, object] = {
    "safety.input_timeout_s": 10.0,
    "safety.max_deadline_misses": 1000,
}
# A robot wants the newest command, a comparison all of them.
EVERY_COMMAND: dict[str, object] = {"qos_overrides./cmd_vel.publisher.depth": 1000}

Spike = tuple[int, int]
Twist = tuple[float, float]


class Case(NamedTuple):
    """A recording, cut to a few seconds, and what reads it; topics: by sensor.

    complete_ns: stamp up to which every sensor has sent all that it will.
    """

    bag: Path
    network: str
    topics: Mapping[str, str]
    complete_ns: int


class Result(NamedTuple):
    """Spikes as (time, address) by population, and the commands while the recording lasts."""

    spikes: dict[str, list[Spike]]
    commands: list[Twist]


@pytest.fixture(scope="module", params=["hokuyo", "wheeled_robot"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    if request.param == "hokuyo":
        shared: Path = request.getfixturevalue("shared_data")
        topics = {"scan": "/rear_scan"}
        source, network = shared / "bag_scan_dual_hokuyo" / "scans_demo.bag", "obstacle_avoider"
    else:
        topics = {"camera": "/camera/image_raw", "imu": "/imu", "scan": "/scan"}
        source, network = RECORDINGS / "wheeled_robot", "robot"
    bag = tmp_path_factory.mktemp("bags") / request.param
    with open_recording(source) as recording, RecordingWriter(bag) as writer:
        for message in recording.messages(topics.values()):
            if message.log_ns < recording.start_ns + LENGTH_S * 1e9:
                writer.add_topic(message.topic, message.type, types=message.types)
                writer.write(message.topic, message.type, message.raw, message.log_ns)
    with open_recording(bag) as recording:
        stamps = {item.topic: stamp_ns(item.decode()) for item in recording.messages()}
    return Case(bag, network, topics, min(stamps.values()))


@pytest.fixture(scope="module")
def offline(case: Case) -> Result:
    pipeline = Pipeline(backend("jetson").compiled(find_network(case.network)))
    tune(pipeline.tunables, {**PATIENT_CORE, **PATIENT_MOTION})
    hardware = Hardware(find_hardware("loihi2"), find_hardware("horowitz_45nm_fp32"))
    with open_recording(case.bag) as recording:
        outputs = [
            output
            for output in replay(pipeline, recording, case.topics, EnergyAccount(hardware))
            if isinstance(output, OutputMessage)
        ]
    spikes: dict[str, list[Spike]] = {name: [] for name in pipeline.core.runner.spec.shapes}
    for output in outputs:
        if output.type == SPIKES:
            fields = output.fields
            times = (fields["offset_ns"].astype(int) + fields["header"]["stamp"]).tolist()
            spikes[fields["population"]] += zip(times, fields["address"].tolist(), strict=True)
    twists = [output.fields["twist"] for output in outputs if output.type == TWIST_STAMPED]
    stamps = [output.stamp_ns for output in outputs if output.type == TWIST_STAMPED]
    commands = [
        (twist["linear"]["x"], twist["angular"]["z"])
        for twist, made_ns in zip(twists, stamps, strict=True)
        if made_ns <= case.complete_ns
    ]
    assert any(commands)
    return Result(until(case.complete_ns, spikes), moving(commands))


def until(end_ns: int, spikes: Mapping[str, Iterable[Spike]]) -> dict[str, list[Spike]]:
    return {name: [spike for spike in items if spike[0] < end_ns] for name, items in spikes.items()}


def moving(commands: list[Twist]) -> list[Twist]:
    """Drop the zeros before the first motion: live, their number depends on when nodes started."""
    first = next((index for index, command in enumerate(commands) if any(command)), len(commands))
    return commands[first:]


def play(robot: Robot, case: Case, spikes: Mapping[str, list[Received]]) -> None:
    """Play the recording to its end, once everybody hears everybody."""
    player = robot.start(
        "bag_player",
        {
            "path": case.bag,
            "wait_for": list(case.topics.values()),
            "exit_at_end": True,
        },
        until="active",
    )
    assert player.wait() == 0, player.output
    eventually(
        lambda: all(
            received and spikes_of(received[-1].message).complete_ns >= case.complete_ns - PERIOD_NS
            for received in spikes.values()
        ),
        "all spikes arrived",
    )


def result(case: Case, spikes: Mapping[str, list[Received]], commands: list[Received]) -> Result:
    found: dict[str, list[Spike]] = {}
    for name, received in spikes.items():
        batches = [spikes_of(item.message).spikes for item in received]
        found[name] = [
            spike
            for batch in batches
            for spike in zip(batch.time_ns.tolist(), batch.address.tolist(), strict=True)
        ]
    twists = [(item.message.twist.linear.x, item.message.twist.angular.z) for item in commands]
    return Result(until(case.complete_ns, found), moving(twists))


def remapped(case: Case) -> dict[str, str]:
    names = {"camera": "image_raw", "imu": "imu", "scan": "scan"}
    return {names[sensor]: topic for sensor, topic in case.topics.items()}


def reliable(case: Case) -> dict[str, object]:
    """Sensor data may be lost on a loaded machine; a comparison needs all of it."""
    parameters: dict[str, object] = {"network": case.network, "use_sim_time": True}
    for topic in case.topics.values():
        parameters[f"qos_overrides.{topic}.subscription.reliability"] = "reliable"
        parameters[f"qos_overrides.{topic}.subscription.depth"] = 1000
    return parameters


def assert_same(live: Result, offline: Result) -> None:
    for name, expected in offline.spikes.items():
        assert len(live.spikes[name]) == len(expected), name
        assert live.spikes[name] == expected, name
    assert live.commands[: len(offline.commands)] == offline.commands


def test_the_composed_node_gives_what_offline_replay_gives(case: Case, offline: Result) -> None:
    with robot_domain() as robot:
        spikes = {
            name: robot.listener.collect(spike_topic(name), SPIKES) for name in offline.spikes
        }
        commands = robot.listener.collect("cmd_vel", TWIST_STAMPED)
        robot.start(
            "pipeline",
            {**reliable(case), **PATIENT_CORE, **PATIENT_MOTION, **EVERY_COMMAND},
            remap=remapped(case),
        )
        hears(robot, "pipeline", dict.fromkeys(offline.spikes, 1))
        play(robot, case, spikes)
        assert_same(result(case, spikes, commands), offline)


def test_separate_nodes_give_what_offline_replay_gives(case: Case, offline: Result) -> None:
    with robot_domain() as robot:
        spikes = {
            name: robot.listener.collect(spike_topic(name), SPIKES) for name in offline.spikes
        }
        commands = robot.listener.collect("cmd_vel", TWIST_STAMPED)
        own: dict[str, Any] = {"network": case.network, "use_sim_time": True}
        robot.start("spiking_core", {**own, **PATIENT_CORE})
        robot.start("motor_decoder", {**own, **PATIENT_MOTION, **EVERY_COMMAND})
        encoders = {"camera": "dvs_encoder", "imu": "imu_encoder", "scan": "scan_encoder"}
        for sensor in case.topics:
            robot.start(encoders[sensor], reliable(case), remap=remapped(case))
        for source in find_network(case.network).inputs:
            # The core and this test.
            hears(robot, encoders[source.sensor], {source.name: 2})
        hears(robot, "spiking_core", {"motor": 2})
        play(robot, case, spikes)
        assert_same(result(case, spikes, commands), offline)


def hears(robot: Robot, node: str, listeners: Mapping[str, int]) -> None:
    """Wait until so many listen to the spikes of populations."""
    for name, count in listeners.items():
        eventually(
            lambda name=name, count=count: (
                int(robot.listener.status_values(f"{node}: output").get(spike_topic(name), 0))
                >= count
            ),
            f"{count} listen to spikes of {name}",
        )
