"""The service that lists the networks that can be loaded by name."""

from __future__ import annotations

from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup

from neuromorphic_ros.msg import ModelInfo
from neuromorphic_ros.nodes.background import Background
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.pipeline.answering import answering
from neuromorphic_ros.pipeline.model_list import Listing, list_networks
from neuromorphic_ros.srv import ListModels


class ModelList:
    """Offer `list_models`; files are read beside the executor, so that the robot drives on."""

    def __init__(self, node: ManagedNode) -> None:
        """Offer it as long as the node lives."""
        self._node = node
        self._background = Background(node)
        group = ReentrantCallbackGroup()
        node.create_service(ListModels, "list_models", self._on_request, callback_group=group)

    async def _on_request(self, _: Any, response: Any) -> Any:
        if self._background.is_full:
            return response
        found = await self._background.result(answering(list_networks))
        listing = found if isinstance(found, Listing) else Listing((), (found,))
        for fault in listing.faults:
            self._node.get_logger().warning(fault)
        response.models = [ModelInfo(**each._asdict()) for each in listing.networks]
        return response
