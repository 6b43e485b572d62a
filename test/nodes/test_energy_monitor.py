"""Rates over DDS to reports, measured where there is a meter, and to Prometheus."""

from __future__ import annotations

import math
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from energy.meters.trees import POWERCAP, nano, rapl
from harness import NodeProcess, Received, Robot, eventually, robot_domain
from monitoring.messages import RATES, rates
from neuromorphic_ros.srv import GetEnergyReport
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_srvs.srv import Trigger

from neuromorphic_ros.pipeline.outputs import ENERGY

from .driving import drive, write_network

pytestmark = pytest.mark.ros

NODE = "energy_monitor"
SECOND_NS = 1_000_000_000
ERROR = 2
TOTALS = QoSProfile(depth=1000, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@pytest.fixture
def robot() -> Iterator[Robot]:
    with robot_domain() as domain:
        yield domain


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Network:
    """A network that tells ten windows of one second per second."""

    def __init__(self, robot: Robot, name: str = "net") -> None:
        self.stamp_ns = 0
        self.name = name
        publisher = robot.listener.publisher("rates", RATES)
        self._timer = robot.listener.repeat(
            publisher, lambda: robot.listener.message(RATES, self._window()), 10.0
        )

    def _window(self) -> dict[str, Any]:
        self.stamp_ns += SECOND_NS
        return rates(network=self.name, header={"stamp": self.stamp_ns})

    def stop(self) -> None:
        self._timer.cancel()


def started(robot: Robot, root: Path, port: int, **parameters: object) -> NodeProcess:
    values = {"hardware": "loihi1", "root": root, "metrics_port": port, **parameters}
    return robot.start(NODE, values)


def monitored(robot: Robot, root: Path, port: int, **parameters: object) -> list[Received]:
    """Start the node and a network for it; return the list of reports that grows."""
    reports = robot.listener.collect("energy", ENERGY)
    started(robot, root, port, **parameters)
    Network(robot)
    eventually(lambda: reports, "a report")
    return reports


def scrape(port: int) -> str:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        return str(response.read().decode())


def measure_idle(robot: Robot) -> Any:
    return robot.listener.call(Trigger, "measure_idle", Trigger.Request())


def measure_idle_while(robot: Robot, happens: Callable[[], object]) -> Any:
    """Let something happen once a measurement goes on, and return its answer."""
    client = robot.listener.node.create_client(Trigger, "measure_idle")
    eventually(client.service_is_ready, "the service")
    asked: list[Any] = []
    # A server that has not discovered the client yet loses its answer.
    timer = robot.listener.node.create_timer(
        0.2, lambda: asked.append(client.call_async(Trigger.Request()))
    )
    eventually(lambda: len(asked) > 5, "requests")
    happens()
    answer = eventually(lambda: next((e.result() for e in list(asked) if e.done()), None), "answer")
    timer.cancel()
    return answer


def test_windows_are_measured_until_the_meter_vanishes(
    robot: Robot, tmp_path: Path, port: int
) -> None:
    folder = nano(tmp_path)
    reports = monitored(robot, tmp_path, port)
    eventually(lambda: reports[-1].message.measured_j > 0, "measured energy")
    report = reports[-1].message
    assert (report.meter, report.hardware) == ("ina3221", "loihi1")
    assert report.measured_j == pytest.approx(2.5 * report.measured_s)
    assert math.isnan(report.idle_w)
    assert math.isnan(report.above_idle_j)
    (folder / "in_power0_input").unlink()
    eventually(lambda: math.isnan(reports[-1].message.measured_j), "energy that is not known")
    robot.listener.reports(f"{NODE}: meter", "POM_5V_IN is gone")


def test_counters_of_a_processor_are_measured(robot: Robot, tmp_path: Path, port: int) -> None:
    rapl(tmp_path)
    counter = tmp_path / POWERCAP / "intel-rapl:0" / "energy_uj"
    grown_uj = 5_000_000

    def grow() -> None:
        nonlocal grown_uj
        grown_uj += 100_000
        # A file that is being written is empty for a moment, a counter never.
        whole = counter.with_name("next")
        whole.write_text(f"{grown_uj}\n")
        whole.replace(counter)

    robot.listener.node.create_timer(0.05, grow)
    reports = monitored(robot, tmp_path, port)
    eventually(lambda: reports[-1].message.measured_j > 0, "measured energy")
    assert reports[-1].message.meter == "rapl"
    power = 'neuromorphic_power_watts{source="package-0"}'
    eventually(lambda: power in scrape(port), "power by source")


def test_the_account_can_be_asked_for_and_reset(robot: Robot, tmp_path: Path, port: int) -> None:
    monitored(robot, tmp_path, port)
    request = GetEnergyReport.Request(reset=True)
    first = robot.listener.call(GetEnergyReport, "get_energy_report", request)
    assert first.success
    assert first.report.meter == "not measured"
    assert math.isnan(first.report.measured_j)
    assert first.report.baseline == "horowitz_45nm_int8"
    robot.listener.reports(f"{NODE}: meter", "not measured: no INA3221")


def test_the_total_is_latched_and_counters_grow_through_a_reset(
    robot: Robot, tmp_path: Path, port: int
) -> None:
    reports = robot.listener.collect("energy", ENERGY)
    started(robot, tmp_path, port)
    network = Network(robot)
    eventually(lambda: len(reports) > 3, "reports")
    network.stop()
    totals = robot.listener.collect("energy/total", ENERGY, TOTALS)
    eventually(lambda: totals, "the total")
    assert totals[0].message.ticks >= 4000
    assert totals[0].message.window_s == totals[0].message.ticks / 1000

    def ticks() -> float:
        (found,) = re.findall(r"^neuromorphic_ticks_total\{.*\} (.*)$", scrape(port), re.MULTILINE)
        return float(found)

    before = ticks()
    request = GetEnergyReport.Request(reset=True)
    robot.listener.call(GetEnergyReport, "get_energy_report", request)
    eventually(lambda: totals[-1].message.ticks == 0, "a total that begins anew")
    assert totals[-1].message.network == "net"
    assert ticks() >= before


def test_another_network_begins_a_new_total_and_the_old_one_is_logged_once(
    robot: Robot, tmp_path: Path, port: int
) -> None:
    totals = robot.listener.collect("energy/total", ENERGY, TOTALS)
    process = started(robot, tmp_path, port)
    network = Network(robot, "first")
    eventually(lambda: totals, "a total")
    network.name = "second"
    eventually(lambda: totals[-1].message.network == "second", "another total")
    started_anew = next(each.message for each in totals if each.message.network == "second")
    assert started_anew.ticks == 1000
    eventually(lambda: "before: network 'first': " in process.output, "a line of the log")
    eventually(lambda: totals[-1].message.ticks > 3000, "windows")
    assert process.output.count("the total begins anew") == 1
    robot.listener.reports(f"{NODE}: networks", "one at a time")


def test_a_network_beside_another_is_named_and_not_counted(
    robot: Robot, tmp_path: Path, port: int
) -> None:
    reports = monitored(robot, tmp_path, port)
    Network(robot, "rival")
    robot.listener.reports(f"{NODE}: networks", "beside")
    assert robot.listener.status(f"{NODE}: networks")[0] == ERROR
    # Either may be the one that is counted, but not the one and then again the other.
    counted = [each.message.network for each in reports]
    assert counted == sorted(counted)


def test_idle_power_is_measured_on_request_and_subtracted(
    robot: Robot, tmp_path: Path, port: int
) -> None:
    nano(tmp_path)
    started(robot, tmp_path, port, idle_measurement_s=1.0)
    answer = measure_idle(robot)
    assert (answer.success, answer.message[:8]) == (True, "2.500 W ")
    reports = robot.listener.collect("energy", ENERGY)
    Network(robot)
    eventually(lambda: reports and reports[-1].message.idle_j > 0, "idle energy")
    report = reports[-1].message
    assert report.idle_w == pytest.approx(2.5)
    assert report.idle_j == pytest.approx(2.5 * report.measured_s)
    assert report.above_idle_j == pytest.approx(0.0, abs=1e-6)
    request = GetEnergyReport.Request()
    total = robot.listener.call(GetEnergyReport, "get_energy_report", request).report
    assert total.idle_j == pytest.approx(2.5 * total.measured_s)
    shown = re.search(r'neuromorphic_idle_power_watts{source="total"} (\S+)', scrape(port))
    assert shown
    assert float(shown[1]) == pytest.approx(2.5)
    eventually(
        lambda: robot.listener.status_values(f"{NODE}: meter").get("idle") == "2.500 W",
        "idle power in the diagnostics",
    )


def test_idle_power_is_not_that_of_a_network_which_runs(
    robot: Robot, tmp_path: Path, port: int
) -> None:
    nano(tmp_path)
    monitored(robot, tmp_path, port)
    answer = measure_idle(robot)
    assert not answer.success
    assert "network 'net' runs" in answer.message


def test_idle_power_of_a_real_network_waits_for_its_sleep_and_ends_when_it_wakes(
    robot: Robot, tmp_path: Path, port: int
) -> None:
    nano(tmp_path)
    started(robot, tmp_path, port, idle_measurement_s=1.0)
    driving = drive(robot, write_network(tmp_path), composed=True)
    robot.listener.reports(f"{NODE}: energy", "counting")
    awake = measure_idle(robot)
    assert not awake.success
    assert "runs, and idle power is that of a rest" in awake.message
    driving.lidar.stop()
    eventually(lambda: measure_idle(robot).success, "idle power of a network that sleeps")
    assert robot.listener.set_parameters(NODE, idle_measurement_s=600.0) == [""]
    woken = measure_idle_while(robot, driving.lidar.resume)
    assert not woken.success
    assert "meanwhile: keep its sensors still" in woken.message


def test_a_message_that_does_not_fit_together_is_named_and_the_next_one_counts(
    robot: Robot, tmp_path: Path, port: int
) -> None:
    reports = monitored(robot, tmp_path, port)
    publisher = robot.listener.publisher("rates", RATES)
    odd = robot.listener.message(RATES, rates(name=["in"], network="odd"))
    timer = robot.listener.repeat(publisher, lambda: odd, 10.0)
    said = "message rejected: PopulationRates of 'odd' has 1 of name and 2 of size"
    robot.listener.reports(f"{NODE}: rates", said)
    timer.cancel()
    robot.listener.reports(f"{NODE}: rates", "receiving")
    assert {each.message.network for each in reports} == {"net"}


def test_without_a_meter_there_is_no_idle_power(robot: Robot, tmp_path: Path, port: int) -> None:
    started(robot, tmp_path, port)
    answer = measure_idle(robot)
    assert not answer.success
    assert answer.message.startswith("not measured: no INA3221")


def test_a_deactivation_ends_the_measurement_of_idle_power(
    robot: Robot, tmp_path: Path, port: int
) -> None:
    nano(tmp_path)
    started(robot, tmp_path, port, idle_measurement_s=600.0)
    answer = measure_idle_while(robot, lambda: robot.listener.transition(NODE, "deactivate"))
    assert answer.message == "the node was deactivated before idle power was known"
    assert measure_idle(robot).message == "the node is not active"
    assert robot.listener.transition(NODE, "activate")


def test_prometheus_is_served_and_a_port_in_use_is_named(
    robot: Robot, tmp_path: Path, port: int
) -> None:
    (tmp_path / "proc").symlink_to("/proc")
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
    eventually(lambda: "neuromorphic_spikes_total{" in scrape(port), "spikes in a scrape")
    eventually(lambda: "neuromorphic_cpu_ratio{" in scrape(port), "the use of the processor")


def test_what_another_node_rejects_is_counted(robot: Robot, tmp_path: Path, port: int) -> None:
    started(robot, tmp_path, port)
    robot.start("pipeline", {"network": write_network(tmp_path)})
    publisher = robot.listener.publisher("scan", "sensor_msgs/msg/LaserScan")
    empty = robot.listener.message("sensor_msgs/msg/LaserScan", {})
    robot.listener.repeat(publisher, lambda: empty, 10.0)
    rejected = 'neuromorphic_dropped_total{kind="rejected",part="pipeline: input scan"}'
    eventually(lambda: rejected in scrape(port), "messages that were rejected")
