"""Spikes of a population to alerts."""

from __future__ import annotations

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.network_parameter import declare_network, network_of
from neuromorphic_ros.nodes.output_publishers import OutputPublishers
from neuromorphic_ros.nodes.spike_subscription import SpikeSubscription
from neuromorphic_ros.pipeline.alert_readout import AlertReadout, health
from neuromorphic_ros.pipeline.messages import ReceivedSpikes
from neuromorphic_ros.pipeline.outputs import ALERT, alert_messages
from neuromorphic_ros.pipeline.readouts import alert_readout


class AlertDecoder(ManagedNode):
    """Decode the level of alert."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("alert_decoder")
        declare_network(self)
        self._outputs = OutputPublishers(self)
        self._alert: AlertReadout | None = None

    def configure(self) -> None:
        """Build the readout of the network."""
        spec = network_of(self)
        self._alert = alert_readout(spec)
        if self._alert is None:
            raise NetworkError(f"network '{spec.name}' has no alert readout")
        self.tuned.declare(self._alert.tunables)
        self._shape = spec.shapes[self._alert.population]
        self._outputs.add("alert", ALERT)

    def activate(self) -> None:
        """Begin to listen."""
        assert self._alert is not None
        self._alert.reset()
        SpikeSubscription(self, self._alert.population, self._shape, self._on_spikes)

    def cleanup(self) -> None:
        """Drop the readout."""
        self._alert = None
        self._outputs.close()

    def _on_spikes(self, received: ReceivedSpikes, frame_id: str) -> None:
        assert self._alert is not None
        found = self._alert.decide(received.spikes, received.start_ns, received.complete_ns)
        self._outputs.publish(alert_messages(found, frame_id))
        if found:
            told = health(found)
            self.diagnostics.set("alert", told.level, told.message, **told.values)


def main() -> int:
    """Run the node."""
    return run(AlertDecoder)
