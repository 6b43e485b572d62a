"""The service that replaces the network of a node."""

from __future__ import annotations

from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.parameter import Parameter

from neuromorphic_ros.msg import ModelInfo
from neuromorphic_ros.nodes.backend_parameters import compiler_of
from neuromorphic_ros.nodes.background import Background
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.pipeline.model_list import ListedNetwork
from neuromorphic_ros.pipeline.network_loading import trial
from neuromorphic_ros.srv import LoadNetwork


class LoadNetworkService:
    """Offer `load_network`.

    The network is read and compiled beside the executor; only if it would run is the node
    deactivated, which stops the robot, and configured again with it. Parameters of its encoders and
    decoders are then those that the node was started with.
    """

    def __init__(self, node: ManagedNode) -> None:
        """Offer it as long as the node lives."""
        self._node = node
        self._background = Background(node)
        group = ReentrantCallbackGroup()
        node.create_service(LoadNetwork, "load_network", self._on_request, callback_group=group)

    async def _on_request(self, request: Any, response: Any) -> Any:
        def fill(found: ListedNetwork) -> None:
            before = [self._node.get_parameter(name) for name in ("network", "variant")]
            self._node.set_parameters(
                [Parameter("network", value=request.network), Parameter("variant", value="")]
            )
            response.success = self._node.restart()
            if response.success:
                response.info = ModelInfo(**found._asdict())
            else:
                response.message = self._node.diagnostics.message("lifecycle")
                self._node.set_parameters(before)
                self._node.restart()

        return await self._background.answer(
            response, lambda: trial(request.network, compiler_of(self._node)), fill
        )
