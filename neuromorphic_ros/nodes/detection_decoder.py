"""Spikes of a retinotopic population, or of one of classes, to detections."""

from __future__ import annotations

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.network_parameter import declare_network, network_of
from neuromorphic_ros.nodes.output_publishers import OutputPublishers
from neuromorphic_ros.nodes.spike_subscription import SpikeSubscription
from neuromorphic_ros.pipeline.messages import ReceivedSpikes
from neuromorphic_ros.pipeline.outputs import DETECTIONS, detection_messages
from neuromorphic_ros.pipeline.readouts import (
    DETECTORS,
    DetectionReadout,
    detection_readout,
    encoder_view,
)
from neuromorphic_ros.pipeline.tuning import Tunable


class DetectionDecoder(ManagedNode):
    """Decode detections; boxes are in pixels of the camera if its size is given."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("detection_decoder")
        declare_network(self)
        self.parameter(
            "image_width", 0, "Width of the image [px]; 0: of the encoder", low=0, high=65_535
        )
        self.parameter(
            "image_height", 0, "Height of the image [px]; 0: of the encoder", low=0, high=65_535
        )
        self._outputs = OutputPublishers(self)
        self._detection: DetectionReadout | None = None

    def configure(self) -> None:
        """Build the readout of the network."""
        spec = network_of(self)
        self._detection = detection_readout(spec)
        if self._detection is None:
            raise NetworkError(f"network '{spec.name}' has no readout by {' or '.join(DETECTORS)}")
        self.tuned.declare({"detection": Tunable(self._detection, "parameters")})
        size = (self.value("image_width"), self.value("image_height"))
        self._view = encoder_view(spec, self._detection.population, *size)
        self._shape = spec.shapes[self._detection.population]
        self._outputs.add("detections", DETECTIONS)

    def activate(self) -> None:
        """Begin to listen."""
        assert self._detection is not None
        self._detection.reset()
        SpikeSubscription(self, self._detection.population, self._shape, self._on_spikes)

    def cleanup(self) -> None:
        """Drop the readout."""
        self._detection = None
        self._outputs.close()

    def _on_spikes(self, received: ReceivedSpikes, frame_id: str) -> None:
        assert self._detection is not None
        found = self._detection.decide(received.spikes, received.start_ns, received.complete_ns)
        self._outputs.publish(detection_messages(found, frame_id, self._view))


def main() -> int:
    """Run the node."""
    return run(DetectionDecoder)
