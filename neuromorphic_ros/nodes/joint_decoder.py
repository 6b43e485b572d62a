"""Spikes of a population to the positions of joints."""

from __future__ import annotations

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.network_parameter import declare_network, network_of
from neuromorphic_ros.nodes.output_publishers import OutputPublishers
from neuromorphic_ros.nodes.spike_subscription import SpikeSubscription
from neuromorphic_ros.pipeline.joint_readout import JointReadout
from neuromorphic_ros.pipeline.messages import ReceivedSpikes
from neuromorphic_ros.pipeline.outputs import JOINT_TRAJECTORY, joint_messages
from neuromorphic_ros.pipeline.readouts import joint_readout


class JointDecoder(ManagedNode):
    """Decode where joints are to be."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("joint_decoder")
        declare_network(self)
        self._outputs = OutputPublishers(self)
        self._joints: JointReadout | None = None

    def configure(self) -> None:
        """Build the readout of the network."""
        spec = network_of(self)
        self._joints = joint_readout(spec)
        if self._joints is None:
            raise NetworkError(f"network '{spec.name}' has no joint_positions readout")
        self.tuned.declare(self._joints.tunables)
        self._shape = spec.shapes[self._joints.population]
        self._outputs.add("joint_trajectory", JOINT_TRAJECTORY)

    def activate(self) -> None:
        """Begin to listen."""
        assert self._joints is not None
        self._joints.reset()
        SpikeSubscription(self, self._joints.population, self._shape, self._on_spikes)

    def cleanup(self) -> None:
        """Drop the readout."""
        self._joints = None
        self._outputs.close()

    def _on_spikes(self, received: ReceivedSpikes, frame_id: str) -> None:
        assert self._joints is not None
        command = self._joints.decide(
            received.spikes, received.start_ns, received.complete_ns, received.input_stamp_ns
        )
        self._outputs.publish(joint_messages(command))


def main() -> int:
    """Run the node."""
    return run(JointDecoder)
