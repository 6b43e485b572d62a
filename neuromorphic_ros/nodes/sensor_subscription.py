"""Subscriptions to sensors, loud when nothing usable comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rclpy.qos import QoSProfile, ReliabilityPolicy

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.nodes.conversion import message_class
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.pipeline.sensing import STREAMS, TRANSPORTS, Stream
from neuromorphic_ros.pipeline.sensor_input import SensorInput
from neuromorphic_ros.pipeline.tuning import ParameterError


def declare_transports(node: ManagedNode) -> None:
    """Declare the parameters that choose in which form the messages of sensors come."""
    for sensor, parameter in TRANSPORTS.items():
        streams = STREAMS[sensor]
        choices = (f"{name}: {stream.type.split('/')[-1]}" for name, stream in streams.items())
        node.parameter(parameter, next(iter(streams)), "; ".join(choices))


def stream_of(node: ManagedNode, sensor: str) -> tuple[Stream, Any]:
    """Return the stream of a sensor that the parameters choose, and the class of its messages.

    Raises ParameterError if there is none such or its messages are not installed.
    """
    streams = STREAMS[sensor]
    if sensor not in TRANSPORTS:
        (stream,) = streams.values()
        return stream, message_class(stream.type)
    parameter = TRANSPORTS[sensor]
    transport = node.value(parameter)
    if transport not in streams:
        raise ParameterError(f"{parameter} is '{transport}'; choose one of {', '.join(streams)}")
    stream = streams[transport]
    try:
        return stream, message_class(stream.type)
    except ImportError:
        package = stream.type.split("/")[0]
        raise ParameterError(
            f"{parameter} is '{transport}', but {package} is not installed: sudo apt install "
            f"ros-$ROS_DISTRO-{package.replace('_', '-')}"
        ) from None


class SensorSubscription:
    """Receive the messages of one sensor and keep its line of the diagnostics."""

    def __init__(
        self,
        node: ManagedNode,
        sensor: str,
        receive: Callable[[str, Any], None],
        inputs: Iterable[SensorInput],
    ) -> None:
        """Subscribe until the node is deactivated.

        receive: called with sensor and message; a NeuromorphicError it raises rejects the message.
        inputs: of the network; what those that encode the sensor count is reported.
        """
        self._node = node
        self._sensor = sensor
        self._receive = receive
        self._inputs = [item for item in inputs if item.source.sensor == sensor]
        stream, message_type = stream_of(node, sensor)
        self._type = stream.type
        self._rare = stream.rare
        self.topic = node.resolve_topic_name(stream.topic)
        self._received = 0
        self._rejected = 0
        self._reported = 0
        qos = QoSProfile(depth=stream.depth, reliability=ReliabilityPolicy.BEST_EFFORT)
        self._subscription = node.listen(message_type, stream.topic, self._on_message, qos)

    def close(self) -> None:
        """Listen no longer, and say why."""
        self._node.unlisten(self._subscription)
        reason = "not used at this quality"
        self._node.diagnostics.set(f"input {self._sensor}", "ok", reason, **self._values)

    def status(self) -> None:
        """Update the diagnostics with what came since the last call."""
        came, self._reported = self._received - self._reported, self._received
        line = f"input {self._sensor}"
        if came or (self._rare and self._received):
            return
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        others = sorted({info.topic_type for info in publishers} - {self._type})
        if not publishers:
            reason = f"nobody publishes {self.topic}; remap {self.topic} to the sensor's topic"
        elif others:
            reason = f"{self.topic} has type {', '.join(others)}, not {self._type}"
        else:
            reason = f"{self.topic} is silent although {len(publishers)} publish it; check QoS"
        self._node.diagnostics.set(line, "warn", reason, **self._values)

    @property
    def _values(self) -> dict[str, object]:
        values: dict[str, object] = {
            "topic": self.topic,
            "received": self._received,
            "rejected": self._rejected,
        }
        for item in self._inputs:
            values |= item.counters
        return values

    def _on_message(self, message: Any) -> None:
        self._received += 1
        line = f"input {self._sensor}"
        try:
            self._receive(self._sensor, message)
        except NeuromorphicError as unusable:
            self._rejected += 1
            reason = f"message on {self.topic} rejected: {unusable}"
            self._node.diagnostics.set(line, "error", reason, rejected=self._rejected)
        else:
            self._node.diagnostics.set(line, "ok", "receiving", **self._values)
