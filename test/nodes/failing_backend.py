"""A node, named first, on a backend that fails while the last sector sees something."""

from __future__ import annotations

import importlib
import sys

from neuromorphic_ros.backends.base import Backend
from neuromorphic_ros.backends.registry import BACKENDS
from neuromorphic_ros.snn.streaming import StreamingNetwork, TickSpikes

LAST_SECTOR = 7


class FailingNetwork(StreamingNetwork):
    """A network on hardware that breaks down."""

    def run(self, spikes: TickSpikes) -> TickSpikes:
        if LAST_SECTOR in spikes.address:
            raise OSError("the chip does not answer")
        return super().run(spikes)


if __name__ == "__main__":
    BACKENDS["failing"] = Backend("failing", "", "works", "works", FailingNetwork)
    node = importlib.import_module(f"neuromorphic_ros.nodes.{sys.argv.pop(1)}")
    sys.exit(node.main())
