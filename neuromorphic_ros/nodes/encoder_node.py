"""Sensor topics in, spikes out: what the encoder nodes have in common."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.nodes.network_parameter import declare_network, network_of
from neuromorphic_ros.nodes.output_publishers import OutputPublishers
from neuromorphic_ros.nodes.quality_subscription import QualitySubscription
from neuromorphic_ros.nodes.sensor_subscription import SensorSubscription, declare_transports
from neuromorphic_ros.pipeline.messages import sample_arrays
from neuromorphic_ros.pipeline.outputs import Numbering
from neuromorphic_ros.pipeline.quality_control import QualityControl
from neuromorphic_ros.pipeline.sensor_input import Encoded, SensorInput
from neuromorphic_ros.pipeline.tuning import Tunable
from neuromorphic_ros.power.quality import Quality


class EncoderNode(ManagedNode):
    """Encode some kinds of sensor for every input of the network that listens to them."""

    def __init__(self, name: str, sensors: Collection[str]) -> None:
        """Declare the parameters; sensors: whose messages it encodes."""
        super().__init__(name)
        self._kinds = sensors
        declare_network(self)
        declare_transports(self)
        self._outputs = OutputPublishers(self)
        self._inputs_by_name: dict[str, SensorInput] = {}
        self._sensors: list[SensorSubscription] = []

    def configure(self) -> None:
        """Build the encoders and advertise their spikes."""
        spec = network_of(self)
        self._inputs_by_name = {
            source.name: SensorInput(source, spec.seed)
            for source in spec.inputs
            if source.sensor in self._kinds
        }
        if not self._inputs_by_name:
            wanted = " or ".join(self._kinds)
            raise NetworkError(f"network '{spec.name}' has no input for the {wanted}")
        self._quality = QualityControl(self._inputs_by_name.values())
        tunables = {name: item.tunable for name, item in self._inputs_by_name.items()}
        if "camera" in self._kinds:
            tunables["quality"] = Tunable(self._quality, "rates")
        self.tuned.declare(tunables)
        self._numbering = Numbering()
        self._outputs.add_spikes(self._inputs_by_name)

    def activate(self) -> None:
        """Begin to listen."""
        for item in self._inputs_by_name.values():
            item.reset()
        QualitySubscription(self, self._on_quality)
        listening = {sensor for item in self._inputs_by_name.values() for sensor in item.sensors}
        self._sensors = [
            SensorSubscription(self, sensor, self._on_sensor, self._inputs_by_name.values())
            for sensor in sorted(listening)
        ]

    def cleanup(self) -> None:
        """Drop the encoders."""
        self._inputs_by_name = {}
        self._outputs.close()

    def status(self) -> None:
        """Report the inputs and who listens."""
        for sensor in self._sensors:
            sensor.status()
        self._outputs.status()

    def encoded(self, name: str, sample: Encoded) -> None:
        """Publish what a sample of an input gave."""
        arrays = sample_arrays(name, sample)
        self._outputs.publish(self._numbering.messages(arrays, sample.stamp_ns))

    def _on_quality(self, quality: Quality) -> str:
        self._quality.apply(quality)
        return quality.name.lower()

    def _on_sensor(self, sensor: str, message: Any) -> None:
        for name, item in self._inputs_by_name.items():
            sample = item.receive(sensor, message, self.now_ns)
            if sample is not None:
                self.encoded(name, sample)
