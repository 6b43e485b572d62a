"""The service that converts a conventional network."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.msg import ModelInfo
from neuromorphic_ros.nodes.background import Background
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.pipeline.ann_conversion import Order
from neuromorphic_ros.pipeline.conversion_request import WrittenNetwork, prepare
from neuromorphic_ros.srv import ConvertAnn

LINE = "convert_ann"


class ConvertAnnService:
    """Offer `convert_ann`; it converts beside the executor, one network at a time.

    How far it is becomes a diagnostic.
    """

    def __init__(self, node: ManagedNode) -> None:
        """Declare the parameter and offer it as long as the node lives."""
        self._node = node
        node.parameter(
            "conversion_folder", "", "Folder that convert_ann writes to; empty: it does not"
        )
        self._lock = threading.Lock()
        self._background = Background(node)
        group = ReentrantCallbackGroup()
        node.create_service(ConvertAnn, "convert_ann", self._on_request, callback_group=group)

    async def _on_request(self, request: Any, response: Any) -> Any:
        if self._background.is_full:
            response.message = "busy"
            return response
        order = Order(
            model=Path(request.model),
            target=request.target,
            calibration=Path(request.calibration),
            bits=request.bits or None,
        )
        folder = self._node.value("conversion_folder")
        try:
            work = prepare(order, request.output, folder, self._tell, self._lock)
        except NeuromorphicError as refused:
            response.message = str(refused)
            return response
        written = await self._background.result(work)
        response.success = isinstance(written, WrittenNetwork)
        if isinstance(written, WrittenNetwork):
            response.message = written.summary
            response.info = ModelInfo(**written.info._asdict())
            self._tell(f"wrote {written.info.file}")
        else:
            response.message = written
            self._tell(f"refused: {written}")
        return response

    def _tell(self, words: str) -> None:
        self._node.diagnostics.set(LINE, "ok", words)
