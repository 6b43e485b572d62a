"""A running robot as a live picture in the terminal, as lines where there is none, or once."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from lifecycle_msgs.srv import GetState
from rclpy.client import Client
from rclpy.node import NodeNameNonExistentError
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from rclpy.task import Future
from rich.console import Console
from rich.live import Live

from neuromorphic_ros.nodes.conversion import message_class
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.rest import LATCHED
from neuromorphic_ros.pipeline.energy_account import ENERGY_TOTAL
from neuromorphic_ros.pipeline.outputs import DETECTIONS, ENERGY, RATES, TWIST, TWIST_STAMPED
from neuromorphic_ros.pipeline.power_supervisor import POWER_STATUS
from neuromorphic_ros.pipeline.sensing import MESSAGE_TYPES, nanoseconds, raw_stamp_ns
from neuromorphic_ros.report.dashboard import WIDTH, dashboard, dashboard_svg, status_line
from neuromorphic_ros.report.html import ReportError, write_file
from neuromorphic_ros.report.live import (
    WINDOW_S,
    Arrivals,
    Status,
    node_of,
    with_command,
    with_detections,
    with_diagnostics,
    with_energy,
    with_power,
    with_rates,
)

DIAGNOSTICS = "diagnostic_msgs/msg/DiagnosticArray"
DISCOVERY_PERIOD_S = 0.5
PICTURE_PERIOD_S = 0.25
LINE_PERIOD_S = 2.0
# Nodes report every second, and so does the network; discovery takes its time on a busy machine.
ONCE_TIMEOUT_S = 10.0
# An answer may be lost, that of a node which has not discovered the question's sender yet.
ANSWER_S = 2.0
GONE, SILENT = "gone", "no answer"


class Output(NamedTuple):
    """What a node tells on topics of one type, and how these are listened to."""

    update: Callable[[Status, Any], Status]
    qos: QoSProfile = QoSProfile(depth=10)


OUTPUTS = {
    TWIST_STAMPED: Output(with_command),
    TWIST: Output(with_command),
    DETECTIONS: Output(with_detections),
    RATES: Output(with_rates),
    ENERGY: Output(with_energy),
    POWER_STATUS: Output(with_power, LATCHED),
}
SENSORS = frozenset(kind for kinds in MESSAGE_TYPES.values() for kind in kinds)


class Question(NamedTuple):
    """A request for the state of a node, sent at a steady time."""

    answer: Future[Any]
    sent_ns: int


class Monitor(ManagedNode):
    """Show nodes, rates of messages and spikes, times of ticks, energy, power and commands.

    Nodes are those of this namespace that have a lifecycle and speak on /diagnostics. Topics are
    what they publish, and the sensors that they listen to. Nobody works for being watched: spikes
    and pictures, which nodes make on demand, are not asked for.
    """

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("monitor")
        self.parameter("once", False, "Print one picture when everything is known, then end")
        self.parameter("svg", "", "File for the one picture, as SVG, instead of the terminal")
        self._console = Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = WIDTH
        self._live: Live | None = None

    def activate(self) -> None:
        """Begin to look for nodes, to listen and to show."""
        self._status = Status()
        self._arrivals: dict[str, Arrivals] = {}
        self._state_clients: dict[str, Client[Any, Any]] = {}
        self._questions: dict[str, Question] = {}
        self._begun_ns = 0
        self._begun_to_look_ns = self._incomplete_ns = self.steady_ns
        qos = QoSProfile(depth=100)
        self.listen(message_class(DIAGNOSTICS), "/diagnostics", self._on_diagnostics, qos)
        self.every(DISCOVERY_PERIOD_S, self._discover)
        if self.value("once") or self.value("svg"):
            self.every(PICTURE_PERIOD_S, self._show_once)
        elif self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
            self.every(PICTURE_PERIOD_S, self._show)
        else:
            self.every(LINE_PERIOD_S, self._show)

    def deactivate(self) -> None:
        """Leave the terminal as it was."""
        if self._live:
            self._live.stop()
            self._live = None
        for client in self._state_clients.values():
            self.destroy_client(client)

    def _on_diagnostics(self, array: Any) -> None:
        self._status = with_diagnostics(self._status, array)

    def _discover(self) -> None:
        """Ask the nodes that report for their state, and follow their topics."""
        alive = {
            f"{namespace.rstrip('/')}/{name}": (name, namespace)
            for name, namespace in self.get_node_names_and_namespaces()
        }
        within = self.get_namespace().rstrip("/") + "/"
        reporting = {node_of(line) for line in self._status.lines}
        reporting.discard(self.get_fully_qualified_name())
        services = dict(self.get_service_names_and_types())
        for node in reporting & alive.keys() - self._state_clients.keys():
            if node.startswith(within) and f"{node}/get_state" in services:
                self._state_clients[node] = self.create_client(GetState, f"{node}/get_state")
                self._told(node, "")
        for node, client in self._state_clients.items():
            if node not in alive:
                self._told(node, GONE)
                continue
            self._ask(node, client)
            self._follow(*alive[node])

    def _ask(self, node: str, client: Client[Any, Any]) -> None:
        if (pending := self._questions.get(node)) is not None:
            if self.steady_ns - pending.sent_ns < ANSWER_S * 1e9:
                return
            client.remove_pending_request(pending.answer)
            self._told(node, SILENT)
        answer = client.call_async(GetState.Request())
        self._questions[node] = Question(answer, self.steady_ns)
        answer.add_done_callback(functools.partial(self._on_state, node))

    def _on_state(self, node: str, answer: Future[Any]) -> None:
        del self._questions[node]
        if (response := answer.result()) is not None:
            self._told(node, response.current_state.label)

    def _told(self, node: str, state: str) -> None:
        self._status = self._status._replace(states={**self._status.states, node: state})

    def _follow(self, name: str, namespace: str) -> None:
        try:
            published = self.get_publisher_names_and_types_by_node(name, namespace)
            heard = self.get_subscriber_names_and_types_by_node(name, namespace)
        except NodeNameNonExistentError:
            return
        for topic, (kind, *_) in published:
            if kind in OUTPUTS and not topic.endswith(f"/{ENERGY_TOTAL}"):
                self._count(topic, kind, OUTPUTS[kind])
        for topic, (kind, *_) in heard:
            if kind in SENSORS and self.count_publishers(topic):
                self._count(topic, kind)

    def _count(self, topic: str, kind: str, output: Output | None = None) -> None:
        if topic in self._arrivals:
            return
        try:
            message_type = message_class(kind)
        except ImportError:
            return
        arrivals = self._arrivals[topic] = Arrivals()
        stamped = "header" in message_type.get_fields_and_field_types()

        def received(message: Any) -> None:
            # A recording that is played again sets the clock back.
            if not 0 < self._begun_ns <= self.now_ns:
                self._begun_ns = self.now_ns
            age_s = math.nan
            if stamped:
                stamp = nanoseconds(message.header.stamp) if output else raw_stamp_ns(message)
                age_s = (self.now_ns - stamp) / 1e9
            arrivals.count(self.steady_ns / 1e9, age_s)
            if output:
                self._status = output.update(self._status, message)

        # Sensors are only counted, and pictures are costly to convert.
        qos = output.qos if output else qos_profile_sensor_data
        self.listen(message_type, topic, received, qos, raw=output is None)

    def _now(self) -> Status:
        now_s = self.steady_ns / 1e9
        return self._status._replace(
            clock_s=(self.now_ns - self._begun_ns) / 1e9 if self._begun_ns else 0.0,
            topics={topic: item.at(now_s) for topic, item in sorted(self._arrivals.items())},
        )

    def _show(self) -> None:
        status = self._now()
        if self._live:
            self._live.update(dashboard(status), refresh=True)
        elif status.network:
            print(status_line(status), flush=True)

    def _show_once(self) -> None:
        status, now_ns = self._now(), self.steady_ns
        if not status.is_complete:
            self._incomplete_ns = now_ns
        # Rates are of a window, which is to be filled.
        is_known = now_ns - self._incomplete_ns > WINDOW_S * 1e9
        if not is_known and now_ns - self._begun_to_look_ns < ONCE_TIMEOUT_S * 1e9:
            return
        try:
            if self.value("svg"):
                write_file(dashboard_svg(status).encode(), Path(self.value("svg")))
            else:
                self._console.print(dashboard(status))
        except ReportError as refused:
            self.get_logger().error(str(refused))
            self.end(1)
        else:
            self.end(0 if status.states else 1)


def main() -> int:
    """Run the node."""
    return run(Monitor)
