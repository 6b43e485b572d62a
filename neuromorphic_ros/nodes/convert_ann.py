"""The service that converts a conventional network."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup

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
        order = Order(
            model=Path(request.model),
            target=request.target,
            calibration=Path(request.calibration),
            bits=request.bits or None,
        )
        folder = self._node.value("conversion_folder")

        def fill(written: WrittenNetwork) -> None:
            response.message = written.summary
            response.info = ModelInfo(**written.info._asdict())
            self._tell(f"wrote {written.info.file}")

        answer = await self._background.answer(
            response,
            lambda: prepare(order, request.output, folder, self._tell, self._lock),
            fill,
        )
        if not answer.success:
            self._tell(f"refused: {answer.message}")
        return answer

    def _tell(self, words: str) -> None:
        self._node.diagnostics.set(LINE, "ok", words)
