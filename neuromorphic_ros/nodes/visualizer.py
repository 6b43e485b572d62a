"""What RViz, Foxglove and other viewers show of a robot, beside them rather than on the robot."""

from __future__ import annotations

import functools
import math
from typing import Any

from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.nodes.conversion import message_class
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.output_publishers import SPIKE_QOS, OutputPublishers
from neuromorphic_ros.nodes.rest import LATCHED
from neuromorphic_ros.pipeline.outputs import (
    DETECTIONS,
    ENERGY,
    RATES,
    SPIKES,
    TWIST,
    TWIST_STAMPED,
    spike_topic,
)
from neuromorphic_ros.pipeline.power_supervisor import POWER_STATUS
from neuromorphic_ros.pipeline.view import EVENTS, RASTER, TOPICS, View

INPUTS = {"rates": RATES, "energy": ENERGY, "detections": DETECTIONS, "power_status": POWER_STATUS}


class Visualizer(ManagedNode):
    """Draw spikes, events with boxes, and markers while somebody looks at them."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("visualizer")
        self.parameter("rate_hz", 10.0, "Pictures and markers per second [Hz]", low=0.5, high=60.0)
        self.parameter(
            "field_of_view_deg", 60.0, "Horizontal one of the camera [deg]", low=1.0, high=170.0
        )
        self.parameter("base_frame", "base_link", "Frame of the commands")
        self.parameter("stamped", True, "Commands are TwistStamped; false: Twist")
        self._outputs = OutputPublishers(self)
        self._spikes: dict[str, Subscription[Any]] = {}

    def configure(self) -> None:
        """Advertise what can be looked at."""
        for topic, kind in TOPICS.items():
            self._outputs.add(topic, kind)

    def activate(self) -> None:
        """Begin to listen and to draw."""
        field_of_view_rad = math.radians(self.value("field_of_view_deg"))
        self._view = View(self.value("base_frame"), field_of_view_rad)
        self._spikes = {}
        for topic, kind in INPUTS.items():
            self._listen(topic, kind)
        self._listen("cmd_vel", TWIST_STAMPED if self.value("stamped") else TWIST)
        self.every(1.0 / self.value("rate_hz"), self._draw)

    def cleanup(self) -> None:
        """Withdraw the topics."""
        self._outputs.close()

    def status(self) -> None:
        """Report who looks."""
        self._outputs.status(optional=True)

    def _listen(self, topic: str, kind: str) -> Subscription[Any]:
        qos = {SPIKES: SPIKE_QOS, POWER_STATUS: LATCHED}.get(kind, QoSProfile(depth=10))
        received = functools.partial(self._on_message, kind)
        return self.listen(message_class(kind), topic, received, qos)

    def _on_message(self, kind: str, message: Any) -> None:
        try:
            self._view.take(kind, message)
        except SpikeError as wrong:
            self.diagnostics.set("spikes", "error", f"message rejected: {wrong}")
        else:
            if kind == SPIKES:
                self.diagnostics.set("spikes", "ok", "receiving")

    def _draw(self) -> None:
        # The robot sends no spikes that nobody looks at.
        looked_at = self._outputs.wanted(RASTER) or self._outputs.wanted(EVENTS)
        wanted = self._view.populations if looked_at else ()
        for name in self._spikes.keys() - set(wanted):
            self.unlisten(self._spikes.pop(name))
        for name in wanted:
            if name not in self._spikes:
                self._spikes[name] = self._listen(spike_topic(name), SPIKES)
        self._outputs.publish(self._view.messages(self.now_ns, self._outputs.wanted))


def main() -> int:
    """Run the node."""
    return run(Visualizer)
