"""What a node says about itself on /diagnostics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

PERIOD_S = 1.0
LOG_PERIOD_NS = 5_000_000_000

_LEVELS = {
    "ok": DiagnosticStatus.OK,
    "warn": DiagnosticStatus.WARN,
    "error": DiagnosticStatus.ERROR,
}


class Status(NamedTuple):
    """One line of a node's health; level: ok, warn or error."""

    level: str
    message: str
    values: Mapping[str, object] = {}


class Diagnostics:
    """Publish the status lines of a node, at once when a level changes and every second."""

    def __init__(self, node: Node) -> None:
        """Publish from `node` in any of its lifecycle states."""
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._lines: dict[str, Status] = {}
        self._logged_ns: dict[str, int] = {}
        self._clock = Clock(clock_type=ClockType.STEADY_TIME)

    def set(self, name: str, level: str, message: str, **values: object) -> None:
        """Set a status line; a changed level is logged and published at once.

        Changing messages of one level are logged every five seconds.
        """
        previous = self._lines.get(name, Status("ok", ""))
        self._lines[name] = Status(level, message, values)
        now_ns = self._clock.now().nanoseconds
        turned = level != previous.level
        due = now_ns - self._logged_ns.get(name, -LOG_PERIOD_NS) >= LOG_PERIOD_NS
        if turned or (level != "ok" and message != previous.message and due):
            self._logged_ns[name] = now_ns
            self._log(name, level, message)
        if turned:
            self.publish()

    def message(self, name: str) -> str:
        """Return the message of a status line; empty: there is none."""
        return self._lines.get(name, Status("ok", "")).message

    def clear(self) -> None:
        """Forget all lines."""
        self._lines = {}

    def publish(self) -> None:
        """Publish all lines."""
        # Workers set lines from threads of their own.
        lines = list(self._lines.items())
        array = DiagnosticArray()
        array.header.stamp = self._node.get_clock().now().to_msg()
        prefix = self._node.get_fully_qualified_name().lstrip("/")
        array.status = [
            DiagnosticStatus(
                level=_LEVELS[status.level],
                name=f"{prefix}: {name}",
                message=status.message,
                hardware_id=self._node.get_name(),
                values=[
                    KeyValue(key=key, value=str(value)) for key, value in status.values.items()
                ],
            )
            for name, status in lines
        ]
        self._publisher.publish(array)

    def _log(self, name: str, level: str, message: str) -> None:
        logger = self._node.get_logger()
        if level == "ok":
            logger.info(f"{name}: {message}")
        elif level == "warn":
            logger.warning(f"{name}: {message}")
        else:
            logger.error(f"{name}: {message}")
