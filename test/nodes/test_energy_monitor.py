"""Rates over DDS to reports, measured where there is a meter, and to Prometheus."""

from __future__ import annotations

import math
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from energy.meters.trees import nano
from harness import Received, Robot, eventually, robot_domain
from monitoring.messages import RATES, rates
from neuromorphic_ros.srv import GetEnergyReport

from neuromorphic_ros.pipeline.outputs import ENERGY

pytestmark = pytest.mark.ros

NODE = "energy_monitor"


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as domain:
        yield domain


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def monitored(robot: Robot, root: Path, port: int) -> list[Received]:
    """Start the node and rates for it; return the list of reports that grows."""
    reports = robot.listener.collect("energy", ENERGY)
    robot.start(NODE, {"hardware": "loihi1", "root": root, "metrics_port": port})
    publisher = robot.listener.publisher("rates", RATES)
    message = robot.listener.message(RATES, rates())
    robot.listener.repeat(publisher, lambda: message, 10.0)
    eventually(lambda: reports, "a report")
    return reports


def test_windows_are_measured_until_the_meter_vanishes(
    robot: Robot, tmp_path: Path, port: int
) -> None:
    folder = nano(tmp_path)
    reports = monitored(robot, tmp_path, port)
    eventually(lambda: reports[-1].message.measured_j > 0, "measured energy")
    assert reports[-1].message.meter == "ina3221"
    assert reports[-1].message.hardware == "loihi1"
    (folder / "in_power0_input").unlink()
    eventually(lambda: math.isnan(reports[-1].message.measured_j), "energy that is not known")
    robot.listener.reports(f"{NODE}: meter", "POM_5V_IN is gone")


def test_the_account_can_be_asked_for_and_reset(robot: Robot, tmp_path: Path, port: int) -> None:
    monitored(robot, tmp_path, port)
    request = GetEnergyReport.Request(reset=True)
    first = robot.listener.call(GetEnergyReport, "get_energy_report", request)
    assert first.success
    assert first.report.meter == "not measured"
    assert math.isnan(first.report.measured_j)
    assert first.report.baseline == "horowitz_45nm_int8"
    robot.listener.reports(f"{NODE}: meter", "not measured: no INA3221")


def test_prometheus_is_served_and_a_port_in_use_is_named(
    robot: Robot, tmp_path: Path, port: int
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        monitored(robot, tmp_path, port)
        robot.listener.reports(f"{NODE}: metrics", f"cannot be served on 127.0.0.1:{port}")
    assert robot.listener.transition(NODE, "deactivate")
    assert robot.listener.transition(NODE, "cleanup")
    assert robot.listener.transition(NODE, "configure")
    assert robot.listener.transition(NODE, "activate")
    robot.listener.reports(f"{NODE}: metrics", "served on")

    def scrape() -> bool:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
            return b"neuromorphic_spikes_total{" in response.read()

    eventually(scrape, "spikes in a scrape")
