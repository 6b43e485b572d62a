"""What nodes with camera inputs tell of their events: lines of diagnostics, and a picture."""

from __future__ import annotations

from collections.abc import Iterable

from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.nodes.output_publishers import OutputPublishers
from neuromorphic_ros.pipeline.event_images import EVENT_IMAGE, EventImages
from neuromorphic_ros.pipeline.outputs import IMAGE
from neuromorphic_ros.pipeline.sensor_input import SensorInput


class EventReports:
    """Keep a line of the diagnostics for each camera input, and advertise `event_image`."""

    def __init__(self, node: ManagedNode, outputs: OutputPublishers) -> None:
        """Declare the parameter of the picture."""
        self._node = node
        self._outputs = outputs
        self._inputs: list[SensorInput] = []
        description = "Rate of event_image from the packets of an event camera [Hz]"
        node.parameter("event_image_hz", 30.0, description, low=1.0, high=1000.0)

    def configure(self, inputs: Iterable[SensorInput]) -> EventImages | None:
        """Advertise the picture and return what draws it, of the first camera; none: no camera."""
        self._inputs = [item for item in inputs if item.camera]
        if not self._inputs:
            return None
        self._outputs.add(EVENT_IMAGE, IMAGE)
        return EventImages(
            self._inputs[0], self._outputs.wanted, lambda: self._node.value("event_image_hz")
        )

    def status(self) -> None:
        """Update the diagnostics."""
        for item in self._inputs:
            if health := item.health():
                line = f"events {item.source.name}"
                self._node.diagnostics.set(line, health.level, health.message, **health.values)
