"""The service that lists the networks that can be loaded by name."""

from __future__ import annotations

import threading
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.task import Future

from neuromorphic_ros.msg import ModelInfo
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.pipeline.model_list import Listing, list_networks
from neuromorphic_ros.srv import ListModels


class ModelList:
    """Offer `list_models`; files are read beside the executor, so that the robot drives on."""

    def __init__(self, node: ManagedNode) -> None:
        """Offer it as long as the node lives."""
        self._node = node
        self._answer: Future[Listing] | None = None
        group = ReentrantCallbackGroup()
        node.create_service(ListModels, "list_models", self._on_request, callback_group=group)

    async def _on_request(self, _: Any, response: Any) -> Any:
        if self._answer is None or self._answer.done():
            self._answer = Future()
            read = threading.Thread(target=_read, args=(self._answer,), daemon=True)
            read.start()
        listing = await self._answer
        assert listing is not None
        for fault in listing.faults:
            self._node.get_logger().warning(fault)
        response.models = [ModelInfo(**each._asdict()) for each in listing.networks]
        return response


def _read(answer: Future[Listing]) -> None:
    try:
        answer.set_result(list_networks())
    except Exception as error:
        # Whoever asks must not wait for ever.
        answer.set_result(Listing((), (f"networks cannot be listed: {error!r}",)))
