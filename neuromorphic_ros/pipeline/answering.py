"""Work for a service, which answers why it could not if it could not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from neuromorphic_ros.errors import NeuromorphicError

T = TypeVar("T")


def answering(
    work: Callable[[], T], lock: AbstractContextManager[Any] | None = None
) -> Callable[[], T | str]:
    """Return what does the work, for another thread, and returns a reason instead of raising it.

    lock: held while it works; none: several may work at a time.
    """

    def answer() -> T | str:
        with lock or nullcontext():
            try:
                return work()
            except NeuromorphicError as refused:
                return str(refused)
            except Exception as failure:
                # A backend may fail in any way; whoever asked must not wait for ever.
                return f"failed: {failure!r}"

    return answer
