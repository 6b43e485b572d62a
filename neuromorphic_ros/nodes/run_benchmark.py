"""The service that measures a network on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup

from neuromorphic_ros.backends.base import Compile
from neuromorphic_ros.nodes.background import Background
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.pipeline.energy_account import priced_on
from neuromorphic_ros.pipeline.network_benchmark import (
    Benchmark,
    BenchmarkError,
    Workload,
    accuracy,
    prepare,
)
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.srv import RunBenchmark

NOT_SET = "the node has no network: configure it"


class RunBenchmarkService:
    """Offer `run_benchmark`; it measures beside the executor, so that the robot drives on.

    `hardware` and `baseline` are those of `ProcessSpikesService`, which the node has too.
    """

    def __init__(self, node: ManagedNode) -> None:
        """Offer it as long as the node lives."""
        self._node = node
        self._loaded: tuple[NetworkSpec, Compile] | None = None
        self._background = Background(node)
        group = ReentrantCallbackGroup()
        node.create_service(RunBenchmark, "run_benchmark", self._on_request, callback_group=group)

    def configure(self, spec: NetworkSpec, compile_network: Compile) -> None:
        """Measure a network if the request names none, on the backend of the node."""
        self._loaded = spec, compile_network

    def cleanup(self) -> None:
        """Drop the network."""
        self._loaded = None

    async def _on_request(self, request: Any, response: Any) -> Any:
        def prepare_() -> Callable[[], Benchmark | str]:
            if self._loaded is None:
                raise BenchmarkError(NOT_SET)
            spec, compile_network = self._loaded
            spec = find_network(request.model) if request.model else spec
            hardware = priced_on(self._node.value("hardware"), self._node.value("baseline"))
            workload = Workload(request.batch, request.ticks, request.iterations, request.activity)
            response.hardware, response.baseline = hardware.model.name, hardware.baseline.name
            response.accuracy = accuracy(spec.name)
            return prepare(spec, compile_network, workload, hardware)

        def fill(found: Benchmark) -> None:
            for name, value in found._asdict().items():
                setattr(response, name, value)

        return await self._background.answer(response, prepare_, fill)
