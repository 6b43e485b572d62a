"""The service that runs a sequence through a liquid state machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup

from neuromorphic_ros.nodes.background import Background
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.pipeline.sequence_processing import ProcessedSequence, SequenceProcessing
from neuromorphic_ros.pipeline.spike_processing import ProcessingError
from neuromorphic_ros.srv import ProcessSequence

NOT_SET = (
    "there is no liquid: set parameter 'liquid' to the name or path of its network, then configure "
    "the node"
)


class ProcessSequenceService:
    """Offer `process_sequence`; it computes beside the executor, so that the robot drives on."""

    def __init__(self, node: ManagedNode) -> None:
        """Declare the parameters and offer it as long as the node lives.

        `hardware` and `baseline` are those of `ProcessSpikesService`, which the node has too.
        """
        self._node = node
        node.parameter("liquid", "", "Network of process_sequence: name of a shipped one or path")
        node.parameter(
            "liquid_step_ticks", 100, "Ticks that a step of a sequence lasts", low=1, high=10_000
        )
        self._processing: SequenceProcessing | None = None
        self._background = Background(node)
        group = ReentrantCallbackGroup()
        node.create_service(
            ProcessSequence, "process_sequence", self._on_request, callback_group=group
        )

    def configure(self) -> None:
        """Compile the liquid, if any; raises NetworkError or HardwareModelError if it cannot."""
        names = ("liquid", "liquid_step_ticks", "hardware", "baseline")
        liquid, step_ticks, hardware, baseline = map(self._node.value, names)
        self._processing = (
            SequenceProcessing(liquid, step_ticks, hardware, baseline) if liquid else None
        )

    def cleanup(self) -> None:
        """Drop the liquid."""
        self._processing = None

    async def _on_request(self, request: Any, response: Any) -> Any:
        def prepare() -> Callable[[], ProcessedSequence | str]:
            if self._processing is None:
                raise ProcessingError(NOT_SET)
            return self._processing.prepare(request.sequence, request.steps, reset=request.reset)

        def fill(processed: ProcessedSequence) -> None:
            response.output = processed.output.ravel()
            response.outputs = processed.output.shape[1]
            response.energy_pj = processed.energy_pj
            response.latency_us = processed.latency_us

        return await self._background.answer(response, prepare, fill)
