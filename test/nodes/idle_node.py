"""A node that nothing wakes for an hour but what it is asked for."""

from __future__ import annotations

import sys

from neuromorphic_ros.nodes import managed_node, model_list

if __name__ == "__main__":
    managed_node.SPIN_S = managed_node.PERIOD_S = 3600.0

    class IdleNode(managed_node.ManagedNode):
        """Lists models."""

        def __init__(self) -> None:
            super().__init__("listing")
            self._models = model_list.ModelList(self)

    sys.exit(managed_node.run(IdleNode))
