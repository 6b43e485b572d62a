"""Temperature, humidity, pressure, light, distance and plain numbers to spikes."""

from __future__ import annotations

from neuromorphic_ros.nodes.encoder_node import EncoderNode
from neuromorphic_ros.nodes.managed_node import run
from neuromorphic_ros.pipeline.sensing import ENVIRONMENT


def main() -> int:
    """Run the node."""
    return run(lambda: EncoderNode("environment_encoder", list(ENVIRONMENT)))
