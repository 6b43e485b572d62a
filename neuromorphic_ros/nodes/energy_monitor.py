"""Rates of a network to energy reports, with what a meter says, for ROS and for Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rclpy.qos import QoSProfile

from neuromorphic_ros.energy.meters.registry import AUTO, METERS, NONE, find_meter
from neuromorphic_ros.msg import PowerStatus
from neuromorphic_ros.nodes.conversion import message_class, to_ros
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.metrics_server import MetricsError, MetricsServer
from neuromorphic_ros.nodes.output_publishers import OutputPublishers
from neuromorphic_ros.nodes.rest import LATCHED
from neuromorphic_ros.pipeline.energy_account import EnergyAccount, priced_on
from neuromorphic_ros.pipeline.metrics import Metrics
from neuromorphic_ros.pipeline.networks import hardware_names
from neuromorphic_ros.pipeline.outputs import ENERGY, RATES, OutputMessage
from neuromorphic_ros.pipeline.power_measurement import PowerMeasurement
from neuromorphic_ros.pipeline.sensing import nanoseconds
from neuromorphic_ros.srv import GetEnergyReport


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
        self._outputs = OutputPublishers(self)
        self._account: EnergyAccount | None = None
        self._metrics = Metrics()
        self._server: MetricsServer | None = None
        self.create_service(GetEnergyReport, "get_energy_report", self._on_request)

    def configure(self) -> None:
        """Read the hardware models, find a meter and serve the metrics."""
        self._account = EnergyAccount(priced_on(self.value("hardware"), self.value("baseline")))
        self._measurement = PowerMeasurement(
            find_meter(self.value("meter"), Path(self.value("root")))
        )
        self._outputs.add("energy", ENERGY)
        self._serve()

    def activate(self) -> None:
        """Begin to listen and to measure."""
        self.listen(message_class(RATES), "rates", self._on_rates, QoSProfile(depth=10))
        self.listen(PowerStatus, "power_status", self._metrics.status, LATCHED)
        if self._measurement.has_meter:
            self.every(self.value("meter_period_s"), self._read)

    def cleanup(self) -> None:
        """Drop the account, and no longer serve."""
        self._account = None
        self._outputs.close()
        if self._server:
            self._server.close()
            self._server = None

    def status(self) -> None:
        """Report what the meter says."""
        health = self._measurement.health()
        self.diagnostics.set("meter", health.level, health.message, **health.values)

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
        self._measurement.read(self.steady_ns)
        self._metrics.power(self._measurement.reading)

    def _on_rates(self, rates: Any) -> None:
        assert self._account is not None
        stamp_ns = nanoseconds(rates.header.stamp)
        measured = self._measurement.take(self.steady_ns)
        report = self._account.add(rates, stamp_ns, measured)
        self._metrics.rates(rates)
        self._metrics.energy(report)
        self._outputs.publish([OutputMessage("energy", ENERGY, stamp_ns, report)])
        self.diagnostics.set(
            "energy",
            "ok",
            "counting",
            network=rates.network,
            total_pj=f"{report['total_pj']:.0f}",
            lower_bound=report["lower_bound"],
            grade=report["grade"],
            measured=report["meter"],
        )

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
        return response


def main() -> int:
    """Run the node."""
    return run(EnergyMonitor)
