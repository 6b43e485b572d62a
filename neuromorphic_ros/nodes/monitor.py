"""A running network as a live table in the terminal, or as lines where there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.qos import QoSProfile, qos_profile_sensor_data
from rich.console import Console
from rich.live import Live

from neuromorphic_ros.nodes.conversion import message_class
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.sensor_subscription import declare_transports, stream_of
from neuromorphic_ros.pipeline.outputs import DETECTIONS, ENERGY, RATES, TWIST_STAMPED
from neuromorphic_ros.pipeline.sensing import STREAMS
from neuromorphic_ros.report.live import (
    Rate,
    Status,
    status_line,
    status_table,
    with_command,
    with_detections,
    with_energy,
    with_rates,
)

DIAGNOSTICS = "diagnostic_msgs/msg/DiagnosticArray"
TABLE_PERIOD_S = 0.25
LINE_PERIOD_S = 2.0
DEPTH = 10


class Monitor(ManagedNode):
    """Show rates of messages and spikes, tick latency, energy, commands and detections."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("monitor")
        declare_transports(self)
        self.parameter(
            "sensors", ["camera", "imu", "scan"], f"Sensors to count: {', '.join(STREAMS)}"
        )
        self._console = Console(highlight=False)
        self._live: Live | None = None

    def activate(self) -> None:
        """Begin to listen and to show."""
        self._status = Status()
        self._rates: dict[str, Rate] = {}
        self._warnings: dict[str, str] = {}
        self._begun_ns = 0
        for sensor in self.value("sensors"):
            self._count(sensor)
        self._follow("cmd_vel", TWIST_STAMPED, with_command)
        self._follow("detections", DETECTIONS, with_detections)
        self._follow("rates", RATES, with_rates)
        self._follow("energy", ENERGY, with_energy)
        kind = message_class(DIAGNOSTICS)
        self.listen(kind, "/diagnostics", self._on_diagnostics, QoSProfile(depth=DEPTH))
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
            self.every(TABLE_PERIOD_S, self._show)
        else:
            self.every(LINE_PERIOD_S, self._show)

    def deactivate(self) -> None:
        """Leave the terminal as it was."""
        if self._live:
            self._live.stop()
            self._live = None

    def _count(self, sensor: str) -> None:
        stream, kind = stream_of(self, sensor)
        rate = self._rates.setdefault(sensor, Rate())

        def received(_: bytes) -> None:
            rate.count(self.steady_ns / 1e9)

        # They are only counted, and pictures are costly to convert.
        self.listen(kind, stream.topic, received, qos_profile_sensor_data, raw=True)

    def _follow(self, topic: str, kind: str, update: Callable[[Status, Any], Status]) -> None:
        rate = self._rates.setdefault(topic, Rate())

        def received(message: Any) -> None:
            rate.count(self.steady_ns / 1e9)
            self._status = update(self._status, message)

        self.listen(message_class(kind), topic, received, QoSProfile(depth=DEPTH))

    def _on_diagnostics(self, array: Any) -> None:
        for line in array.status:
            # The level is one octet, which rclpy gives as bytes.
            if line.level == b"\x00":
                self._warnings.pop(line.name, None)
            else:
                self._warnings[line.name] = line.message

    def _show(self) -> None:
        now_s = self.steady_ns / 1e9
        self._begun_ns = self._begun_ns or self.now_ns
        # A silent sensor is worth showing; a network that detects nothing has no such topic.
        shown = [*self.value("sensors")]
        shown += [name for name in ("cmd_vel", "detections") if self._rates[name].has_begun]
        self._status = self._status._replace(
            clock_s=(self.now_ns - self._begun_ns) / 1e9,
            message_hz={name: self._rates[name].hz(now_s) for name in shown},
            warnings=[f"{name}: {message}" for name, message in sorted(self._warnings.items())],
        )
        if self._live:
            self._live.update(status_table(self._status), refresh=True)
        elif self._status.network:
            print(status_line(self._status), flush=True)


def main() -> int:
    """Run the node."""
    return run(Monitor)
