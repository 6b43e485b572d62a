"""The service that runs a spiking graph network on a given graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup

from neuromorphic_ros.nodes.background import Background
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.pipeline.graph_processing import GraphProcessing, ProcessedGraph
from neuromorphic_ros.pipeline.spike_processing import ProcessingError
from neuromorphic_ros.srv import ProcessGraph

NOT_SET = (
    "there is no spiking graph network: set parameter 'graph' to the path of its file, then "
    "configure the node"
)


class ProcessGraphService:
    """Offer `process_graph`; it computes beside the executor, so that the robot drives on."""

    def __init__(self, node: ManagedNode) -> None:
        """Declare the parameter and offer it as long as the node lives.

        `hardware` and `baseline` are those of `ProcessSpikesService`, which the node has too.
        """
        self._node = node
        node.parameter("graph", "", "Path of the spiking graph network of process_graph")
        self._processing: GraphProcessing | None = None
        self._background = Background(node)
        group = ReentrantCallbackGroup()
        node.create_service(ProcessGraph, "process_graph", self._on_request, callback_group=group)

    def configure(self) -> None:
        """Load the network, if any; raises NetworkError or HardwareModelError if it cannot."""
        path, hardware, baseline = map(self._node.value, ("graph", "hardware", "baseline"))
        self._processing = GraphProcessing(Path(path), hardware, baseline) if path else None

    def cleanup(self) -> None:
        """Drop the network."""
        self._processing = None

    async def _on_request(self, request: Any, response: Any) -> Any:
        def prepare() -> Callable[[], ProcessedGraph | str]:
            if self._processing is None:
                raise ProcessingError(NOT_SET)
            return self._processing.prepare(
                request.node_features,
                request.nodes,
                request.edge_index,
                request.edge_attributes,
                request.ticks,
            )

        def fill(processed: ProcessedGraph) -> None:
            response.output = processed.output.ravel()
            response.outputs = processed.output.shape[1]
            response.energy_pj = processed.energy_pj
            response.latency_us = processed.latency_us

        return await self._background.answer(response, prepare, fill)
