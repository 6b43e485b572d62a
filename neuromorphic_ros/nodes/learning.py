"""Learning of the network in a node: modulators in, learned weights kept."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from rclpy.qos import qos_profile_sensor_data
from std_msgs.msg import Float32

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.pipeline.core import SpikingCore
from neuromorphic_ros.pipeline.weight_keeper import WeightKeeper


class Learning:
    """Reward a network by topics, and keep what it learns in a file."""

    def __init__(self, node: ManagedNode) -> None:
        """Declare the parameters."""
        self._node = node
        node.parameter(
            "learned_weights",
            "",
            "File that learned weights are restored from and kept in; empty: they are not kept",
        )
        node.parameter(
            "checkpoint_s",
            10.0,
            "How often learned weights are written [s]",
            low=1.0,
            high=3600.0,
        )
        self._core: SpikingCore | None = None
        self._keeper: WeightKeeper | None = None

    def configure(self, core: SpikingCore) -> None:
        """Go on from what was learned; raises NetworkError if the file does not fit."""
        self._core, self._keeper = core, None
        file = self._node.value("learned_weights")
        if file and core.learning and core.learns:
            self._keeper = WeightKeeper(core.learning, Path(file).expanduser())

    def activate(self) -> None:
        """Begin to listen to modulators."""
        assert self._core is not None
        for modulator in self._core.modulators:
            callback = partial(self._on_level, modulator)
            self._node.listen(Float32, modulator, callback, qos_profile_sensor_data)

    def deactivate(self) -> None:
        """Write what has been learned."""
        if self._keeper:
            self._keeper.close()
            self._report(self._keeper)

    def cleanup(self) -> None:
        """Drop the network."""
        self._core = self._keeper = None

    def status(self) -> None:
        """Write what has been learned from time to time, and report."""
        if self._core is None or self._core.learning is None:
            return
        level, message, values = self._core.learning.health()
        self._node.diagnostics.set("learning", level, message, **values)
        if not self._core.learns:
            return
        if self._keeper:
            self._keeper.keep(self._node.steady_ns, self._node.value("checkpoint_s"))
            self._report(self._keeper)
        else:
            message = "not kept: parameter learned_weights names no file"
            self._node.diagnostics.set("learned weights", "ok", message)

    def _report(self, keeper: WeightKeeper) -> None:
        level, message, values = keeper.health()
        self._node.diagnostics.set("learned weights", level, message, **values)

    def _on_level(self, modulator: str, message: Any) -> None:
        assert self._core is not None
        try:
            self._core.modulate(modulator, message.data, self._node.now_ns)
        except SensorError as refused:
            self._node.diagnostics.set(modulator, "error", f"message rejected: {refused}")
        else:
            self._node.diagnostics.set(modulator, "ok", "receiving")
