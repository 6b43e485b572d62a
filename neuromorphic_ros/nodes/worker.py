"""A thread of a node that plays, captures or simulates."""

from __future__ import annotations

import threading
from collections.abc import Callable

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.nodes.managed_node import ManagedNode


class Worker:
    """Run a function beside the executor and report how it ended."""

    def __init__(self, node: ManagedNode, work: Callable[[Worker], None]) -> None:
        """Start at once; `work` returns soon after `stopping` is set."""
        self._node = node
        self._work = work
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=node.get_name(), daemon=True)
        self._thread.start()

    def sleep_until(self, steady_ns: int) -> bool:
        """Wait for a steady time; return false if the worker is to stop."""
        return not self.stopping.wait(max(0.0, (steady_ns - self._node.steady_ns) / 1e9))

    def stop(self, timeout_s: float | None = None) -> bool:
        """Let the work end and wait for it; return false if it has not after `timeout_s`."""
        self.stopping.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._work(self)
        except NeuromorphicError as error:
            self._node.diagnostics.set("source", "error", str(error))
        except Exception as error:
            # A thread that dies in silence looks like a sensor that does.
            self._node.diagnostics.set("source", "error", f"failed: {error!r}")
