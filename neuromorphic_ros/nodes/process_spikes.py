"""The service that runs a node's network on given spikes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup

from neuromorphic_ros.backends.base import Compile
from neuromorphic_ros.nodes.background import Background
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.pipeline.core import SpikingCore
from neuromorphic_ros.pipeline.networks import hardware_names
from neuromorphic_ros.pipeline.spike_processing import Processed, ProcessingError, SpikeProcessing
from neuromorphic_ros.srv import ProcessSpikes

NOT_SET = "the node has no network: configure it"


class ProcessSpikesService:
    """Offer `process_spikes`; it computes beside the executor, so that the robot drives on."""

    def __init__(self, node: ManagedNode) -> None:
        """Declare the parameters and offer it as long as the node lives."""
        self._node = node
        names = ", ".join(hardware_names())
        node.parameter("hardware", "loihi2", f"Hardware model that prices process_spikes: {names}")
        node.parameter("baseline", "", "Hardware model beside it; empty: the one it names")
        self._processing: SpikeProcessing | None = None
        self._background = Background(node)
        group = ReentrantCallbackGroup()
        node.create_service(ProcessSpikes, "process_spikes", self._on_request, callback_group=group)

    def configure(self, core: SpikingCore, compile_network: Compile) -> None:
        """Process with the network of a core; raises HardwareModelError if there is no price."""
        hardware, baseline = self._node.value("hardware"), self._node.value("baseline")
        self._processing = SpikeProcessing(core, compile_network, hardware, baseline)

    def cleanup(self) -> None:
        """Drop the network."""
        self._processing = None

    async def _on_request(self, request: Any, response: Any) -> Any:
        processing = self._processing

        def prepare() -> Callable[[], Processed | str]:
            if processing is None:
                raise ProcessingError(NOT_SET)
            return processing.prepare(request.spikes, request.batch, request.ticks, request.reward)

        def fill(processed: Processed) -> None:
            # The node may have another network by now.
            if processing and processing is self._processing:
                processing.take_over(processed)
            response.spike_count = processed.spike_count.ravel()
            response.outputs = processed.spike_count.shape[1]
            response.energy_pj = processed.energy_pj
            response.energy_per_spike_pj = processed.energy_per_spike_pj
            response.latency_us = processed.latency_us

        return await self._background.answer(response, prepare, fill)
