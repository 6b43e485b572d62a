"""A node with the list of models of a folder, which is read only while its timer goes on: SHARE."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from neuromorphic_ros.nodes import model_list
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.pipeline import networks
from neuromorphic_ros.pipeline.model_list import Listing, list_networks

BEATS, PATIENCE_S = 5, 20.0


class ListingNode(ManagedNode):
    """Beats twenty times a second."""

    def __init__(self) -> None:
        super().__init__("listing")
        self._models = model_list.ModelList(self)

    def activate(self) -> None:
        self.every(0.05, beat.release)


def list_while_it_beats() -> Listing:
    """Read the files, but not before some more beats."""
    while beat.acquire(blocking=False):
        pass
    if not all(beat.acquire(timeout=PATIENCE_S) for _ in range(BEATS)):
        raise TimeoutError("the node stands still")
    return list_networks()


if __name__ == "__main__":
    share, beat = Path(sys.argv.pop(1)), threading.Semaphore(0)
    networks.share_directory = lambda: share
    model_list.list_networks = list_while_it_beats
    sys.exit(run(ListingNode))
