"""Spikes of a population to the time to contact."""

from __future__ import annotations

from collections.abc import Iterable

from neuromorphic_ros.nodes.decoder_node import DecoderNode
from neuromorphic_ros.nodes.managed_node import run
from neuromorphic_ros.pipeline.contact_readout import ContactReadout
from neuromorphic_ros.pipeline.messages import ReceivedSpikes
from neuromorphic_ros.pipeline.outputs import TIME_TO_CONTACT, OutputMessage, contact_messages
from neuromorphic_ros.pipeline.readouts import contact_readout


class ContactDecoder(DecoderNode[ContactReadout]):
    """Decode the time to contact."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__(
            "contact_decoder",
            contact_readout,
            ["time_to_contact"],
            "time_to_contact",
            TIME_TO_CONTACT,
        )

    def decoded(
        self, readout: ContactReadout, received: ReceivedSpikes, frame_id: str
    ) -> Iterable[OutputMessage]:
        """Return the time to contact, if enough is seen."""
        return contact_messages(
            readout.decide(received.spikes, received.start_ns, received.complete_ns)
        )


def main() -> int:
    """Run the node."""
    return run(ContactDecoder)
