"""The service that tells what the loaded network takes of some hardware."""

from __future__ import annotations

from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup

from neuromorphic_ros.nodes.background import Background
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.pipeline.hardware_description import Description, prepare
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.srv import DescribeHardware


class DescribeHardwareService:
    """Offer `describe_hardware`; networks are mapped beside the executor.

    The selected hardware is `hardware` of `ProcessSpikesService`, which the node has too.
    """

    def __init__(self, node: ManagedNode) -> None:
        """Offer it as long as the node lives."""
        self._node = node
        self._spec: NetworkSpec | None = None
        self._background = Background(node)
        group = ReentrantCallbackGroup()
        node.create_service(
            DescribeHardware, "describe_hardware", self._on_request, callback_group=group
        )

    def configure(self, spec: NetworkSpec) -> None:
        """Tell about a network."""
        self._spec = spec

    def cleanup(self) -> None:
        """Tell about no network."""
        self._spec = None

    async def _on_request(self, request: Any, response: Any) -> Any:
        def fill(found: Description) -> None:
            response.description = found.text

        hardware = request.hardware or self._node.value("hardware")
        return await self._background.answer(response, lambda: prepare(hardware, self._spec), fill)
