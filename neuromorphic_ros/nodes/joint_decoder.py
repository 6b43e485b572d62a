"""Spikes of a population to the positions of joints."""

from __future__ import annotations

from collections.abc import Iterable

from neuromorphic_ros.nodes.decoder_node import DecoderNode
from neuromorphic_ros.nodes.managed_node import run
from neuromorphic_ros.pipeline.joint_readout import JointReadout
from neuromorphic_ros.pipeline.messages import ReceivedSpikes
from neuromorphic_ros.pipeline.outputs import JOINT_TRAJECTORY, OutputMessage, joint_messages
from neuromorphic_ros.pipeline.readouts import joint_readout


class JointDecoder(DecoderNode[JointReadout]):
    """Decode where joints are to be."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__(
            "joint_decoder",
            joint_readout,
            ["joint_positions"],
            "joint_trajectory",
            JOINT_TRAJECTORY,
        )

    def decoded(
        self, readout: JointReadout, received: ReceivedSpikes, frame_id: str
    ) -> Iterable[OutputMessage]:
        """Return where the joints are to be, if the input tells what is now."""
        return joint_messages(
            readout.decide(
                received.spikes, received.start_ns, received.complete_ns, received.input_stamp_ns
            )
        )


def main() -> int:
    """Run the node."""
    return run(JointDecoder)
