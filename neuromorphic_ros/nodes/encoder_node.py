"""A sensor topic in, spikes out: what the encoder nodes have in common."""

from __future__ import annotations

from typing import Any

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.nodes.network_parameter import declare_network, network_of
from neuromorphic_ros.nodes.output_publishers import OutputPublishers
from neuromorphic_ros.nodes.sensor_subscription import SensorSubscription, declare_transport
from neuromorphic_ros.pipeline.messages import sample_arrays
from neuromorphic_ros.pipeline.outputs import Numbering
from neuromorphic_ros.pipeline.sensor_input import SensorInput


class EncoderNode(ManagedNode):
    """Encode one sensor for every input of the network that listens to it."""

    def __init__(self, name: str, sensor: str) -> None:
        """Declare the parameters; sensor: camera, scan or imu."""
        super().__init__(name)
        self._sensor = sensor
        declare_network(self)
        declare_transport(self)
        self._outputs = OutputPublishers(self)
        self._inputs_by_name: dict[str, SensorInput] = {}
        self._subscription: SensorSubscription | None = None

    def configure(self) -> None:
        """Build the encoders and advertise their spikes."""
        spec = network_of(self)
        self._inputs_by_name = {
            source.name: SensorInput(source, spec.seed)
            for source in spec.inputs
            if source.sensor == self._sensor
        }
        if not self._inputs_by_name:
            raise NetworkError(f"network '{spec.name}' has no input for the {self._sensor}")
        self.tuned.declare({name: item.tunable for name, item in self._inputs_by_name.items()})
        self._numbering = Numbering()
        self._outputs.add_spikes(self._inputs_by_name)

    def activate(self) -> None:
        """Begin to listen."""
        for item in self._inputs_by_name.values():
            item.reset()
        self._subscription = SensorSubscription(self, self._sensor, self._on_sensor)

    def cleanup(self) -> None:
        """Drop the encoders."""
        self._inputs_by_name = {}
        self._outputs.close()

    def status(self) -> None:
        """Report the input and who listens."""
        if self._subscription:
            self._subscription.status()
        self._outputs.status()

    def _on_sensor(self, sensor: str, message: Any) -> None:
        for name, item in self._inputs_by_name.items():
            sample = item.encode(message, self.now_ns)
            arrays = sample_arrays(name, sample)
            self._outputs.publish(self._numbering.messages(arrays, sample.stamp_ns))
