"""Rates of a network to energy reports, with what a meter says, for ROS and for Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecyclePublisher
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.task import Future
from std_srvs.srv import Trigger

from neuromorphic_ros.energy.meter import MeterError
from neuromorphic_ros.energy.meters.registry import AUTO, METERS, NONE, Found, find_meter
from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.msg import PowerStatus
from neuromorphic_ros.nodes.conversion import message_class, to_ros
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.metrics_server import MetricsError, MetricsServer
from neuromorphic_ros.nodes.output_publishers import OutputPublishers
from neuromorphic_ros.nodes.rest import LATCHED
from neuromorphic_ros.pipeline.concurrent_networks import ConcurrentNetworks
from neuromorphic_ros.pipeline.energy_account import (
    ENERGY_TOTAL,
    EnergyAccount,
    priced_on,
    report_values,
    total_words,
)
from neuromorphic_ros.pipeline.idle_measurement import Answer, IdleMeasurement
from neuromorphic_ros.pipeline.messages import check_rates
from neuromorphic_ros.pipeline.metrics import Metrics
from neuromorphic_ros.pipeline.networks import hardware_names
from neuromorphic_ros.pipeline.outputs import ENERGY, RATES, OutputMessage
from neuromorphic_ros.pipeline.power_measurement import PowerMeasurement
from neuromorphic_ros.pipeline.power_situation import ASLEEP
from neuromorphic_ros.pipeline.processor_use import ProcessorUse
from neuromorphic_ros.pipeline.sensing import nanoseconds
from neuromorphic_ros.srv import GetEnergyReport

DIAGNOSTICS = "diagnostic_msgs/msg/DiagnosticArray"
DIAGNOSTICS_DEPTH = 100


class EnergyMonitor(ManagedNode):
    """Price the counts of a running network, measure where there is a meter, keep the account."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("energy_monitor")
        names = ", ".join(hardware_names())
        self.parameter("hardware", "loihi2", f"Hardware model that prices the counts: {names}")
        self.parameter(
            "baseline",
            "",
            "Hardware model that prices the dense network; empty: the one that hardware names",
        )
        meters = ", ".join((AUTO, NONE, *METERS))
        self.parameter("meter", AUTO, f"Meter of real power: {meters}")
        self.parameter("root", "/", "Folder of the computer's files, for meters")
        self.parameter("meter_period_s", 0.1, "Time between readings [s]", low=0.01, high=60.0)
        self.parameter("metrics_address", "127.0.0.1", "Address on which metrics are served")
        self.parameter(
            "metrics_port", 9464, "Port of the metrics for Prometheus; 0: none", low=0, high=65535
        )
        self.parameter(
            "idle_measurement_s", 10.0, "How long measure_idle measures [s]", low=1.0, high=600.0
        )
        self._outputs = OutputPublishers(self)
        self._total: LifecyclePublisher[Any] | None = None
        self._account: EnergyAccount | None = None
        self._metrics = Metrics()
        self._server: MetricsServer | None = None
        self._measure(Found(None, ""))
        self._answer: Future[Answer] | None = None
        self._measuring = False
        self.create_service(GetEnergyReport, "get_energy_report", self._on_request)
        # A measurement takes its time, and everything else goes on meanwhile.
        group = ReentrantCallbackGroup()
        self.create_service(Trigger, "measure_idle", self._on_measure_idle, callback_group=group)

    def configure(self) -> None:
        """Read the hardware models, find a meter and serve the metrics."""
        self._account = EnergyAccount(priced_on(self.value("hardware"), self.value("baseline")))
        self._measure(find_meter(self.value("meter"), Path(self.value("root"))))
        self._processor = ProcessorUse(Path(self.value("root")))
        self._outputs.add("energy", ENERGY)
        self._total = self.create_lifecycle_publisher(
            message_class(ENERGY),
            ENERGY_TOTAL,
            LATCHED,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        self._serve()

    def activate(self) -> None:
        """Begin to listen and to measure."""
        self._networks = ConcurrentNetworks()
        self.listen(message_class(RATES), "rates", self._on_rates, QoSProfile(depth=10))
        self.listen(message_class(ASLEEP), "asleep", self._on_asleep, LATCHED)
        self.listen(PowerStatus, "power_status", self._metrics.status, LATCHED)
        kind, qos = message_class(DIAGNOSTICS), QoSProfile(depth=DIAGNOSTICS_DEPTH)
        self.listen(kind, "/diagnostics", self._on_diagnostics, qos)
        self._measurement.start(self.steady_ns)
        if self._measurement.has_meter:
            self.every(self.value("meter_period_s"), self._read)
        self._measuring = True

    def deactivate(self) -> None:
        """Give up a measurement of idle power."""
        self._measuring = False
        self._idle.cancel()
        self._reply(Answer(False, "the node was deactivated before idle power was known"))
        self._metrics.power({})

    def cleanup(self) -> None:
        """Drop the account, and no longer serve."""
        self._account = None
        # What a meter has started ends with it.
        self._measure(Found(None, ""))
        self._outputs.close()
        if self._total:
            self.destroy_lifecycle_publisher(self._total)
            self._total = None
        if self._server:
            self._server.close()
            self._server = None

    def status(self) -> None:
        """Report what the meter says, and who is not counted."""
        health = self._measurement.health()
        self.diagnostics.set("meter", health.level, health.message, **health.values)
        problem = self._networks.problem(self.steady_ns)
        level = "error" if problem else "ok"
        self.diagnostics.set("networks", level, problem or "one at a time")
        self._metrics.processor(self._processor.read())

    def _measure(self, found: Found) -> None:
        self._measurement = PowerMeasurement(found)
        self._idle = IdleMeasurement(self._measurement)

    def _serve(self) -> None:
        port = self.value("metrics_port")
        if not port:
            return
        try:
            self._server = MetricsServer(
                self._metrics.registry, self.value("metrics_address"), port
            )
        except MetricsError as refused:
            self.diagnostics.set("metrics", "warn", str(refused))
        else:
            self.diagnostics.set("metrics", "ok", f"served on {self._server.url}")

    def _read(self) -> None:
        now_ns = self.steady_ns
        self._measurement.read(now_ns)
        if answer := self._idle.step(now_ns):
            self._reply(answer)
        self._metrics.power(self._measurement.power_w, self._measurement.idle_w)

    def _on_asleep(self, message: Any) -> None:
        self._idle.asleep(message.data)

    def _on_diagnostics(self, array: Any) -> None:
        self._metrics.diagnostics(array, self.get_namespace())

    def _on_rates(self, rates: Any) -> None:
        assert self._account is not None
        stamp_ns, now_ns = nanoseconds(rates.header.stamp), self.steady_ns
        try:
            check_rates(rates)
        except SpikeError as wrong:
            self.diagnostics.set("rates", "error", f"message rejected: {wrong}")
            return
        self.diagnostics.set("rates", "ok", "receiving")
        self._idle.rates(rates, now_ns)
        if not self._networks.take(rates, stamp_ns, now_ns):
            return
        if self._account.begins_with(rates):
            self._measurement.begin_window(now_ns, rates.window_s)
        report = self._account.add(rates, stamp_ns, self._measurement.take(now_ns))
        if self._account.ended:
            self.get_logger().info(
                f"the total begins anew; before: {total_words(self._account.ended)}"
            )
        self._metrics.rates(rates)
        self._metrics.energy(report)
        self._outputs.publish([OutputMessage("energy", ENERGY, stamp_ns, report)])
        self._publish_total()
        self.diagnostics.set("energy", "ok", "counting", **report_values(report))

    def _publish_total(self) -> None:
        total = self._account.total() if self._account else None
        if total and self._total:
            self._total.publish(to_ros(ENERGY, total))

    def _on_request(
        self, request: GetEnergyReport.Request, response: GetEnergyReport.Response
    ) -> GetEnergyReport.Response:
        total = self._account.total() if self._account else None
        response.success = total is not None
        if total is None:
            response.message = "nothing has been counted; is the network running?"
            return response
        response.report = to_ros(ENERGY, total)
        if request.reset and self._account:
            self._account.reset()
            self._publish_total()
        return response

    async def _on_measure_idle(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        if not self._measuring:
            response.message = "the node is not active"
            return response
        told = self.count_publishers(self.resolve_topic_name("asleep")) > 0
        try:
            duration_s = self.value("idle_measurement_s")
            self._idle.begin(duration_s, self.steady_ns, sleep_is_told=told)
        except MeterError as refused:
            response.message = str(refused)
            return response
        if self._answer is None:
            self._answer = Future(executor=self.executor)
        answer = await self._answer
        assert answer is not None
        response.success, response.message = answer
        return response

    def _reply(self, answer: Answer) -> None:
        """Let all requests for idle power go on that wait."""
        if self._answer:
            self._answer.set_result(answer)
            self._answer = None


def main() -> int:
    """Run the node."""
    return run(EnergyMonitor)
