"""The quality that the power manager allows, from its latched status."""

from __future__ import annotations

from collections.abc import Callable

from neuromorphic_ros.msg import PowerStatus
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.nodes.rest import LATCHED
from neuromorphic_ros.power.quality import Quality


class QualitySubscription:
    """Follow `power_status` until the node is deactivated; nothing polls."""

    def __init__(self, node: ManagedNode, apply: Callable[[Quality], str]) -> None:
        """apply: called with every other quality than before, returns what is in force."""
        self._node = node
        self._apply = apply
        self._quality: Quality | None = None
        node.listen(PowerStatus, "power_status", self._on_status, LATCHED)

    def _on_status(self, status: PowerStatus) -> None:
        try:
            quality = Quality(status.quality)
        except ValueError:
            reason = f"power_status has quality {status.quality}; there are 0, 1, 2"
            self._quality = None
            self._node.diagnostics.set("quality", "error", reason)
            return
        if quality is not self._quality:
            self._quality = quality
            self._node.diagnostics.set("quality", "ok", self._apply(quality))
