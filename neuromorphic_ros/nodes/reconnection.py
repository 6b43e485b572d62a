"""A device that is opened again whenever it fails."""

from __future__ import annotations

from collections.abc import Callable

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.nodes.worker import Worker
from neuromorphic_ros.sensors.backoff import Backoff


def keep_connected(node: ManagedNode, worker: Worker, use: Callable[[Worker], bool]) -> None:
    """Use a device until the worker is to stop or `use` returns false, which is for good.

    When it raises SensorError, that is the diagnostic, and it is called again after a wait that
    doubles; when it returns true, at once.
    """
    backoff = Backoff()
    while not worker.stopping.is_set():
        begun_ns = node.steady_ns
        try:
            if not use(worker):
                return
        except SensorError as failed:
            if worker.stopping.is_set():
                return
            backoff = backoff.failed(node.steady_ns - begun_ns)
            node.diagnostics.set(
                "source",
                "error",
                f"{failed}; trying again in {backoff.wait_ns / 1e9:g} s",
                failures=backoff.failures,
            )
            worker.sleep_until(node.steady_ns + backoff.wait_ns)
