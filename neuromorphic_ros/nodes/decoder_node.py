"""Spikes of one population in, messages of one topic out: what the decoder nodes have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, Protocol, TypeVar

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.nodes.network_parameter import declare_network, network_of
from neuromorphic_ros.nodes.output_publishers import OutputPublishers
from neuromorphic_ros.nodes.spike_subscription import SpikeSubscription
from neuromorphic_ros.pipeline.messages import ReceivedSpikes
from neuromorphic_ros.pipeline.outputs import OutputMessage
from neuromorphic_ros.pipeline.tuning import Tunable
from neuromorphic_ros.snn.spec import NetworkSpec


class Readout(Protocol):
    """What is known of a readout, whatever it decodes."""

    population: str

    @property
    def tunables(self) -> Mapping[str, Tunable]:
        """Everything that can be changed while it runs, by parameter set."""

    def reset(self) -> None:
        """Forget all spikes."""


AnyReadout = TypeVar("AnyReadout", bound=Readout)


class DecoderNode(ManagedNode, ABC, Generic[AnyReadout]):
    """Decode by the readout of a network that `build` finds, if it has one."""

    def __init__(
        self,
        name: str,
        build: Callable[[NetworkSpec], AnyReadout | None],
        decoders: Iterable[str],
        topic: str,
        type_name: str,
    ) -> None:
        """Declare the parameters; decoders: what the readout may be by, topic: what it tells on."""
        super().__init__(name)
        declare_network(self)
        self._build = build
        self._decoders = " or ".join(decoders)
        self._advertised = (topic, type_name)
        self._outputs = OutputPublishers(self)
        self._readout: AnyReadout | None = None

    def configure(self) -> None:
        """Build the readout of the network."""
        spec = network_of(self)
        self._readout = self._build(spec)
        if self._readout is None:
            raise NetworkError(f"network '{spec.name}' has no readout by {self._decoders}")
        self.tuned.declare(self._readout.tunables)
        self._shape = spec.shapes[self._readout.population]
        self._outputs.add(*self._advertised)

    def activate(self) -> None:
        """Begin to listen."""
        assert self._readout is not None
        self._readout.reset()
        SpikeSubscription(self, self._readout.population, self._shape, self._on_spikes)

    def cleanup(self) -> None:
        """Drop the readout."""
        self._readout = None
        self._outputs.close()

    @abstractmethod
    def decoded(
        self, readout: AnyReadout, received: ReceivedSpikes, frame_id: str
    ) -> Iterable[OutputMessage]:
        """Return what follows from the spikes of one span."""

    def _on_spikes(self, received: ReceivedSpikes, frame_id: str) -> None:
        assert self._readout is not None
        self._outputs.publish(self.decoded(self._readout, received, frame_id))
