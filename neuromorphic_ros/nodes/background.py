"""What services compute beside the executor, so that the robot drives on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from rclpy.task import Future

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.nodes.managed_node import ManagedNode

T = TypeVar("T")

MAX_WAITING = 16


class Background:
    """Threads that compute what a service is asked for."""

    def __init__(self, node: ManagedNode) -> None:
        """Compute nothing yet."""
        self._node = node
        self._waiting = 0

    @property
    def is_full(self) -> bool:
        """Tell whether as many requests wait as may."""
        return self._waiting >= MAX_WAITING

    async def answer(
        self, response: Any, prepare: Callable[[], Callable[[], T | str]], fill: Callable[[T], None]
    ) -> Any:
        """Return the response of a service, with `success` and `message` set.

        prepare: checks the request, raises NeuromorphicError if it is wrong, and returns the work,
        which must not raise and returns why it could not if it could not. fill: puts what comes of
        it into the response.
        """
        if self.is_full:
            response.message = "busy"
            return response
        try:
            work = prepare()
        except NeuromorphicError as refused:
            response.message = str(refused)
            return response
        found = await self.result(work)
        if isinstance(found, str):
            response.message = found
        else:
            response.success = True
            fill(found)
        return response

    async def result(self, work: Callable[[], T]) -> T:
        """Return what `work`, which must not raise, returns in a thread of its own."""
        answer: Future[T] = Future(executor=self._node.executor)
        self._waiting += 1

        def compute() -> None:
            answer.set_result(work())
            # A result alone does not end the wait of an idle executor.
            if executor := self._node.executor:
                executor.wake()

        threading.Thread(target=compute, daemon=True).start()
        found = await answer
        self._waiting -= 1
        return cast("T", found)
