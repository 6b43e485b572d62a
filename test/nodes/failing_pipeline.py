"""The pipeline node on a backend that fails while the last sector of the lidar sees something."""

from __future__ import annotations

import sys

from neuromorphic_ros.backends.base import Backend
from neuromorphic_ros.backends.registry import BACKENDS
from neuromorphic_ros.nodes.pipeline import main
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
    sys.exit(main())
