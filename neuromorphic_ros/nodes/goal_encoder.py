"""Odometry and a goal to spikes."""

from __future__ import annotations

from neuromorphic_ros.nodes.encoder_node import EncoderNode
from neuromorphic_ros.nodes.managed_node import run


def main() -> int:
    """Run the node."""
    return run(lambda: EncoderNode("goal_encoder", ["odom"]))
