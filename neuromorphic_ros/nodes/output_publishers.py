"""Publishers of what a pipeline sends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rclpy.lifecycle import LifecyclePublisher
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions

from neuromorphic_ros.nodes.conversion import message_class, to_ros
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.pipeline.outputs import SPIKES, OutputMessage, spike_topic

# Spikes must not be lost on the way to the next node, and a step can be a burst of messages.
SPIKE_QOS = QoSProfile(depth=200)
OUTPUT_QOS = QoSProfile(depth=10)


class OutputPublishers:
    """Hold one lifecycle publisher per topic."""

    def __init__(self, node: ManagedNode) -> None:
        """Start without publishers."""
        self._node = node
        self._publishers: dict[str, LifecyclePublisher[Any]] = {}

    def add(self, topic: str, type_name: str) -> None:
        """Advertise a topic."""
        self._publishers[topic] = self._node.create_lifecycle_publisher(
            message_class(type_name),
            topic,
            SPIKE_QOS if type_name == SPIKES else OUTPUT_QOS,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    def add_spikes(self, names: Iterable[str]) -> None:
        """Advertise the spikes of inputs or populations."""
        for name in names:
            self.add(spike_topic(name), SPIKES)

    def wanted(self, topic: str) -> bool:
        """Tell whether anybody listens to a topic."""
        return bool(self._publishers[topic].get_subscription_count())

    def status(self, *, optional: bool = False) -> None:
        """Report how many listen to each topic; nobody on any: warn, unless that is optional."""
        listeners = {
            topic: publisher.get_subscription_count()
            for topic, publisher in self._publishers.items()
        }
        if optional or any(listeners.values()):
            self._node.diagnostics.set("output", "ok", "publishing", **listeners)
        else:
            topics = ", ".join(map(self._node.resolve_topic_name, listeners))
            self._node.diagnostics.set("output", "warn", f"nobody listens to {topics}", **listeners)

    def publish(self, messages: Iterable[OutputMessage]) -> None:
        """Publish messages on the topics they name."""
        for message in messages:
            self._publishers[message.topic].publish(to_ros(message.type, message.fields))

    def close(self) -> None:
        """Withdraw all topics."""
        for publisher in self._publishers.values():
            self._node.destroy_lifecycle_publisher(publisher)
        self._publishers = {}
