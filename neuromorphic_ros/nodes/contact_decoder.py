"""Spikes of a population to the time to contact."""

from __future__ import annotations

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.network_parameter import declare_network, network_of
from neuromorphic_ros.nodes.output_publishers import OutputPublishers
from neuromorphic_ros.nodes.spike_subscription import SpikeSubscription
from neuromorphic_ros.pipeline.contact_readout import ContactReadout
from neuromorphic_ros.pipeline.messages import ReceivedSpikes
from neuromorphic_ros.pipeline.outputs import TIME_TO_CONTACT, contact_messages
from neuromorphic_ros.pipeline.readouts import contact_readout


class ContactDecoder(ManagedNode):
    """Decode the time to contact."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("contact_decoder")
        declare_network(self)
        self._outputs = OutputPublishers(self)
        self._contact: ContactReadout | None = None

    def configure(self) -> None:
        """Build the readout of the network."""
        spec = network_of(self)
        self._contact = contact_readout(spec)
        if self._contact is None:
            raise NetworkError(f"network '{spec.name}' has no time_to_contact readout")
        self.tuned.declare(self._contact.tunables)
        self._shape = spec.shapes[self._contact.population]
        self._outputs.add("time_to_contact", TIME_TO_CONTACT)

    def activate(self) -> None:
        """Begin to listen."""
        assert self._contact is not None
        self._contact.reset()
        SpikeSubscription(self, self._contact.population, self._shape, self._on_spikes)

    def cleanup(self) -> None:
        """Drop the readout."""
        self._contact = None
        self._outputs.close()

    def _on_spikes(self, received: ReceivedSpikes, frame_id: str) -> None:
        assert self._contact is not None
        found = self._contact.decide(received.spikes, received.start_ns, received.complete_ns)
        self._outputs.publish(contact_messages(found))


def main() -> int:
    """Run the node."""
    return run(ContactDecoder)
