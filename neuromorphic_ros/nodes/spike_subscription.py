"""Subscriptions to the spikes of another node, loud about loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.nodes.conversion import message_class
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.nodes.output_publishers import SPIKE_QOS
from neuromorphic_ros.pipeline.messages import ReceivedSpikes, spikes_of
from neuromorphic_ros.pipeline.outputs import SPIKES, spike_topic


class SpikeSubscription:
    """Receive the SpikeArrays of one population and keep its line of the diagnostics."""

    def __init__(
        self,
        node: ManagedNode,
        population: str,
        shape: tuple[int, ...],
        receive: Callable[[ReceivedSpikes, str], None],
    ) -> None:
        """Subscribe until the node is deactivated; receive: called with spikes and frame id."""
        self._node = node
        self._population = population
        self._shape = shape
        self._receive = receive
        self._next: int | None = None
        self.lost = 0
        topic = spike_topic(population)
        node.listen(message_class(SPIKES), topic, self._on_message, SPIKE_QOS)

    def _on_message(self, message: Any) -> None:
        line = f"spikes {self._population}"
        # A publisher that starts anew counts from zero: that is no loss.
        if self._next is not None and message.sequence > self._next:
            self.lost += message.sequence - self._next
            reason = "messages were lost on the way; the machine or the network is overloaded"
            self._node.diagnostics.set(line, "warn", reason, lost=self.lost)
        self._next = message.sequence + 1
        try:
            received = spikes_of(message)
            if received.spikes.shape != self._shape:
                raise SpikeError(
                    f"'{self._population}' has shape {received.spikes.shape}, the network "
                    f"{self._shape}; give all nodes the same network"
                )
        except SpikeError as wrong:
            self._node.diagnostics.set(line, "error", f"message rejected: {wrong}")
            return
        self._receive(received, message.header.frame_id)
