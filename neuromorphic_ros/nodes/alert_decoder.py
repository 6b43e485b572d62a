"""Spikes of a population to alerts."""

from __future__ import annotations

from collections.abc import Iterable

from neuromorphic_ros.nodes.decoder_node import DecoderNode
from neuromorphic_ros.nodes.managed_node import run
from neuromorphic_ros.pipeline.alert_readout import AlertReadout, health
from neuromorphic_ros.pipeline.messages import ReceivedSpikes
from neuromorphic_ros.pipeline.outputs import ALERT, OutputMessage, alert_messages
from neuromorphic_ros.pipeline.readouts import alert_readout


class AlertDecoder(DecoderNode[AlertReadout]):
    """Decode the level of alert."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("alert_decoder", alert_readout, ["alert"], "alert", ALERT)

    def decoded(
        self, readout: AlertReadout, received: ReceivedSpikes, frame_id: str
    ) -> Iterable[OutputMessage]:
        """Return the alert that is to be told, and say the same on the diagnostics."""
        found = readout.decide(received.spikes, received.start_ns, received.complete_ns)
        if found:
            told = health(found)
            self.diagnostics.set("alert", told.level, told.message, **told.values)
        return alert_messages(found, frame_id)


def main() -> int:
    """Run the node."""
    return run(AlertDecoder)
