"""Slow sensors over DDS, with and without headers, through one node."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from harness import Received, Robot, eventually, robot_domain

from neuromorphic_ros.pipeline.messages import spikes_of
from neuromorphic_ros.pipeline.outputs import SPIKES
from neuromorphic_ros.spikes import SpikeBatch

pytestmark = pytest.mark.ros

NODE = "environment_encoder"
TEMPERATURE = "sensor_msgs/msg/Temperature"
RANGE = "sensor_msgs/msg/Range"
ARRAY = "std_msgs/msg/Float32MultiArray"
NETWORK = """\
name: surroundings
dt_ms: 1.0
inputs:
  - {name: warmth, sensor: temperature, encoder: environment_rate, shape: [1],
     parameters: {low: 0.0, high: 40.0, max_rate_hz: 100.0, hold_ms: 1000.0}}
  - {name: distance, sensor: range, encoder: environment_population, shape: [1, 5],
     parameters: {low: 0.0, high: 3.0, fields: 5, hold_ms: 100.0}}
  - {name: levels, sensor: array, encoder: environment_delta, shape: [2, 3],
     parameters: {low: 0.0, high: 10.0, steps: 10}}
populations:
  - {name: any, shape: [1]}
"""


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Robot]:
    network = tmp_path_factory.mktemp("network") / "surroundings.yaml"
    network.write_text(NETWORK)
    with robot_domain() as domain:
        domain.start(NODE, {"network": network})
        yield domain


class Sensor:
    """Publish messages of one sensor and receive their spikes, one by one."""

    def __init__(self, robot: Robot, topic: str, type_name: str, population: str) -> None:
        """Wait until both sides know each other."""
        self._robot, self._type = robot, type_name
        self._received: list[Received] = robot.listener.collect(f"spikes/{population}", SPIKES)
        self._publisher = robot.listener.publisher(topic, type_name)
        eventually(self._publisher.get_subscription_count, f"{NODE} listens to {topic}")
        eventually(
            lambda: (
                robot.listener.status_values(f"{NODE}: output").get(f"spikes/{population}") == "1"
            ),
            f"this test listens to spikes of {population}",
        )

    def send(self, **fields: Any) -> Any:
        """Publish a message and return the SpikeArray that it becomes."""
        known = len(self._received)
        self._robot.listener.publish(self._publisher, self._type, fields)
        eventually(lambda: len(self._received) > known, "spikes")
        return self._received[known].message

    @contextlib.contextmanager
    def repeated(self, **fields: Any) -> Iterator[None]:
        """Publish a message again and again: a reader may know of this writer later than we."""
        message = self._robot.listener.message(self._type, fields)
        timer = self._robot.listener.repeat(self._publisher, lambda: message, 10.0)
        try:
            yield
        finally:
            timer.cancel()

    def spikes(self, **fields: Any) -> SpikeBatch:
        """Publish a message and return its spikes."""
        return spikes_of(self.send(**fields)).spikes


def header(stamp_ns: int) -> dict[str, Any]:
    return {"stamp": stamp_ns, "frame_id": "roof"}


def test_a_temperature_becomes_a_rate(robot: Robot) -> None:
    thermometer = Sensor(robot, "temperature", TEMPERATURE, "warmth")
    stamp_ns = robot.listener.now_ns
    array = thermometer.send(header=header(stamp_ns), temperature=30.0)
    assert (array.header.frame_id, len(array.address)) == ("roof", 75)
    warmer = thermometer.spikes(header=header(stamp_ns + 10**9), temperature=99.0)
    assert len(warmer) == 100
    values = eventually(
        lambda: robot.listener.status_values(f"{NODE}: input temperature"), "diagnostics"
    )
    assert values["topic"] == "/temperature"
    eventually(
        lambda: robot.listener.status_values(f"{NODE}: input temperature")["warmth.clipped"] == "1",
        "the value above the range is counted",
    )


def test_a_distance_becomes_the_response_of_its_field_and_nothing_seen_that_of_the_last(
    robot: Robot,
) -> None:
    sonar = Sensor(robot, "range", RANGE, "distance")
    stamp_ns = robot.listener.now_ns
    limits = {"min_range": 0.1, "max_range": 2.5}
    near = sonar.spikes(header=header(stamp_ns), range=0.5, **limits)
    assert near.counts()[0].argmax() == 1
    free = sonar.spikes(header=header(stamp_ns + 10**9), range=float("inf"), **limits)
    assert free.counts()[0].argmax() in (3, 4)


def test_numbers_without_a_header_are_stamped_by_their_arrival(robot: Robot) -> None:
    numbers = Sensor(robot, "array", ARRAY, "levels")
    before_ns = robot.listener.now_ns
    assert len(numbers.spikes(data=np.array([0.0, 5.0, 9.0], np.float32))) == 0
    array = numbers.send(data=np.array([3.0, 5.0, 8.0], np.float32))
    spikes = spikes_of(array).spikes
    assert spikes.counts().tolist() == [[0, 0, 1], [3, 0, 0]]
    assert before_ns <= spikes.time_ns[0] <= spikes.time_ns[-1] <= robot.listener.now_ns
    assert array.header.frame_id == ""


def test_what_cannot_be_used_is_named_and_later_messages_are(robot: Robot) -> None:
    numbers = Sensor(robot, "array", ARRAY, "levels")
    with numbers.repeated(data=np.zeros(2, np.float32)):
        said = robot.listener.reports(f"{NODE}: input array", "rejected")
    assert "has 2 values; the input takes 3" in said
    numbers.send(data=np.zeros(3, np.float32))
    robot.listener.reports(f"{NODE}: input array", "receiving")


def test_ranges_can_be_changed_while_it_runs(robot: Robot) -> None:
    thermometer = Sensor(robot, "temperature", TEMPERATURE, "warmth")
    assert robot.listener.set_parameters(NODE, warmth__high=60.0) == [""]
    (refused,) = robot.listener.set_parameters(NODE, warmth__low=60.0)
    assert "high 60.0 must be above low 60.0" in refused
    stamp_ns = robot.listener.now_ns + 20 * 10**9
    assert len(thermometer.spikes(header=header(stamp_ns), temperature=30.0)) == 50
    assert robot.listener.set_parameters(NODE, warmth__high=40.0) == [""]
