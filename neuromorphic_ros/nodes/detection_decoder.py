"""Spikes of a retinotopic population, or of one of classes, to detections."""

from __future__ import annotations

from collections.abc import Iterable

from neuromorphic_ros.nodes.decoder_node import DecoderNode
from neuromorphic_ros.nodes.managed_node import run
from neuromorphic_ros.nodes.network_parameter import network_of
from neuromorphic_ros.pipeline.messages import ReceivedSpikes
from neuromorphic_ros.pipeline.outputs import DETECTIONS, OutputMessage, detection_messages
from neuromorphic_ros.pipeline.readouts import (
    DETECTORS,
    DetectionReadout,
    detection_readout,
    encoder_view,
)


class DetectionDecoder(DecoderNode[DetectionReadout]):
    """Decode detections; boxes are in pixels of the camera if its size is given."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__(
            "detection_decoder", detection_readout, DETECTORS, "detections", DETECTIONS
        )
        self.parameter(
            "image_width", 0, "Width of the image [px]; 0: of the encoder", low=0, high=65_535
        )
        self.parameter(
            "image_height", 0, "Height of the image [px]; 0: of the encoder", low=0, high=65_535
        )

    def configure(self) -> None:
        """Build the readout of the network, and find what its camera sees."""
        super().configure()
        assert self._readout is not None
        size = (self.value("image_width"), self.value("image_height"))
        self._view = encoder_view(network_of(self), self._readout.population, *size)

    def decoded(
        self, readout: DetectionReadout, received: ReceivedSpikes, frame_id: str
    ) -> Iterable[OutputMessage]:
        """Return the detections of each window that has ended."""
        found = readout.decide(received.spikes, received.start_ns, received.complete_ns)
        return detection_messages(found, frame_id, self._view)


def main() -> int:
    """Run the node."""
    return run(DetectionDecoder)
