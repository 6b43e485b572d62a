"""Pictures or event packets to spikes."""

from __future__ import annotations

from neuromorphic_ros.nodes.encoder_node import EncoderNode
from neuromorphic_ros.nodes.event_reports import EventReports
from neuromorphic_ros.nodes.managed_node import run
from neuromorphic_ros.pipeline.event_images import EventImages
from neuromorphic_ros.pipeline.sensor_input import Encoded


class DvsEncoder(EncoderNode):
    """Encode a camera, report the rate of its events and show them."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("dvs_encoder", ["camera"])
        self._events = EventReports(self, self._outputs)
        self._images: EventImages | None = None

    def configure(self) -> None:
        """Build the encoders and advertise spikes and picture."""
        super().configure()
        self._images = self._events.configure(self._inputs_by_name.values())

    def encoded(self, name: str, sample: Encoded) -> None:
        """Publish the spikes of a sample and, while somebody listens, their picture."""
        super().encoded(name, sample)
        if self._images:
            self._outputs.publish(self._images.encoded(name, sample))

    def status(self) -> None:
        """Report the inputs, their events and who listens."""
        super().status()
        self._events.status()


def main() -> int:
    """Run the node."""
    return run(DvsEncoder)
