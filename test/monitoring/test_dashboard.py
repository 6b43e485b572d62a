"""The dashboard asks for nothing that a running exporter does not tell."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import urlopen

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from neuromorphic_ros.energy.meter import Reading
from neuromorphic_ros.pipeline.metrics import Metrics

from .messages import rates

pytest.importorskip("rclpy", reason="the server is a part of the nodes")
from neuromorphic_ros.nodes.metrics_server import MetricsServer

FOLDER = Path(__file__).parents[2] / "monitoring"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "grafana" / "dashboard.json").read_text())
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.fixture(scope="module")
def told() -> set[str]:
    """Names of all samples of a scrape over HTTP."""
    metrics = Metrics()
    metrics.rates(SimpleNamespace(**rates()))
    report = {"network": "net", "hardware": "loihi1", "total_pj": 1.0, "meter": "rapl"}
    metrics.energy(report | {"measured_j": 0.5})
    metrics.power(Reading(0, {"VDD_IN": 5.0}, {}, ("VDD_IN",)))
    metrics.status(
        SimpleNamespace(
            mode="MAXN", quality=2, asleep=False, throttled=False, temperature_c=41.5, battery=0.5
        )
    )
    server = MetricsServer(metrics.registry, "127.0.0.1", 0)
    try:
        with urlopen(server.url, timeout=10) as response:
            text = response.read().decode()
    finally:
        server.close()
    return {
        sample.name for family in text_string_to_metric_families(text) for sample in family.samples
    }


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_of_the_dashboard_exists(expression: str, told: set[str]) -> None:
    wanted = set(re.findall(r"neuromorphic_\w+", expression))
    assert wanted
    assert wanted <= told


def test_every_metric_that_is_promised_is_shown() -> None:
    shown = " ".join(EXPRESSIONS)
    for name in (
        "spikes_total",
        "synaptic_events_total",
        "energy_pj_bucket",
        "latency_us_bucket",
        "power_watts",
        "power_mode",
        "temperature_celsius",
        "late_spikes_total",
        "load_ratio",
    ):
        assert f"neuromorphic_{name}" in shown


def test_panels_are_apart_and_use_the_chosen_source() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    assert [item["name"] for item in DASHBOARD["templating"]["list"]] == ["datasource"]


def test_prometheus_scrapes_where_the_node_serves_by_default() -> None:
    configuration = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    (job,) = configuration["scrape_configs"]
    node = Path(__file__).parents[2] / "neuromorphic_ros" / "nodes" / "energy_monitor.py"
    source = node.read_text()
    address = re.search(r'"metrics_address", "([^"]+)"', source)
    port = re.search(r'"metrics_port", (\d+)', source)
    assert address
    assert port
    assert job["static_configs"] == [{"targets": [f"{address[1]}:{port[1]}"]}]
