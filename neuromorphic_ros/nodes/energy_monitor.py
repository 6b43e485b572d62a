"""Rates of a network to energy reports."""

from __future__ import annotations

from typing import Any

from rclpy.qos import QoSProfile

from neuromorphic_ros.nodes.conversion import message_class, to_ros
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.output_publishers import OutputPublishers
from neuromorphic_ros.pipeline.energy_account import EnergyAccount, Hardware
from neuromorphic_ros.pipeline.networks import find_hardware, hardware_names
from neuromorphic_ros.pipeline.outputs import ENERGY, RATES, OutputMessage
from neuromorphic_ros.pipeline.sensing import nanoseconds
from neuromorphic_ros.srv import GetEnergyReport


class EnergyMonitor(ManagedNode):
    """Price the counts of a running network and keep the account."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("energy_monitor")
        names = ", ".join(hardware_names())
        self.parameter("hardware", "loihi2", f"Hardware model that prices the counts: {names}")
        self.parameter(
            "baseline", "horowitz_45nm_fp32", "Hardware model that prices the dense network"
        )
        self._outputs = OutputPublishers(self)
        self._account: EnergyAccount | None = None
        self.create_service(GetEnergyReport, "get_energy_report", self._on_request)

    def configure(self) -> None:
        """Read the hardware models."""
        hardware = Hardware(
            find_hardware(self.value("hardware")), find_hardware(self.value("baseline"))
        )
        self._account = EnergyAccount(hardware)
        self._outputs.add("energy", ENERGY)

    def activate(self) -> None:
        """Begin to listen."""
        self.listen(message_class(RATES), "rates", self._on_rates, QoSProfile(depth=10))

    def cleanup(self) -> None:
        """Drop the account."""
        self._account = None
        self._outputs.close()

    def _on_rates(self, rates: Any) -> None:
        assert self._account is not None
        stamp_ns = nanoseconds(rates.header.stamp)
        report = self._account.add(rates, stamp_ns)
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
