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

from neuromorphic_ros.pipeline.metrics import Metrics

from .messages import diagnostics, rates

pytest.importorskip("rclpy", reason="the server is a part of the nodes")
from neuromorphic_ros.nodes.metrics_server import MetricsServer

FOLDER = Path(__file__).parents[2] / "monitoring"
PROVISIONING = FOLDER / "grafana" / "provisioning"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "grafana" / "dashboard.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
TARGETS: list[dict[str, Any]] = [target for panel in PANELS for target in panel["targets"]]
SHOWN = " ".join(target["expr"] for target in TARGETS)
# Labels, and words of PromQL that take them.
NAMED = re.compile(r"\b(?:by|without|ignoring|on) ?\(([^)]*)\)")
MATCHED = re.compile(r"(\w+) ?(?:=~|!~|!=|=) ?\"")


@pytest.fixture(scope="module")
def told() -> dict[str, set[str]]:
    """Names and labels of all samples of a scrape over HTTP."""
    metrics = Metrics()
    metrics.rates(SimpleNamespace(**rates()))
    report = {"network": "net", "hardware": "loihi1", "total_pj": 1.0, "meter": "rapl"}
    metrics.energy(report | {"measured_j": 0.5, "idle_j": 0.25})
    metrics.power({"VDD_IN": 5.0, "total": 5.0}, 2.0)
    metrics.processor(0.25)
    metrics.diagnostics(diagnostics("spiking_core: spikes scan", lost="1"), "/")
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
    samples: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples.setdefault(sample.name, set()).update(sample.labels)
    return samples


def test_there_are_panels() -> None:
    titles = [panel["title"].lower() for panel in PANELS]
    for words in (
        "priced energy",
        "spike rate per population",
        "distribution",
        "hardware utilisation",
        "power mode",
    ):
        assert [title for title in titles if words in title]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target["expr"])
def test_every_metric_and_label_of_the_dashboard_exists(
    target: dict[str, Any], told: dict[str, set[str]]
) -> None:
    expression = target["expr"]
    wanted = re.findall(r"neuromorphic_\w+", expression)
    assert wanted
    assert set(wanted) <= told.keys()
    labels = set(MATCHED.findall(expression))
    for names in NAMED.findall(expression):
        labels |= {name.strip() for name in names.split(",")}
    labels |= set(re.findall(r"\{\{ ?(\w+) ?\}\}", target["legendFormat"]))
    for metric in wanted:
        assert labels <= told[metric]


def test_the_search_for_labels_finds_them() -> None:
    expression = 'sum by (le, a) (rate(x{state="active", b!~"c"}[1m])) / ignoring(d) y'
    assert NAMED.findall(expression) == ["le, a", "d"]
    assert MATCHED.findall(expression) == ["state", "b"]


def test_every_metric_that_is_told_is_shown_and_documented(told: dict[str, set[str]]) -> None:
    page = (FOLDER.parent / "docs" / "monitoring.md").read_text("utf-8")
    # When a counter began is of no interest.
    for name in (name for name in told if not name.endswith("_created")):
        metric, labels = re.sub(r"_(bucket|sum|count)$", "", name), told[name]
        assert metric in SHOWN
        (row,) = re.findall(rf"^\| `{metric}` \|(.*)\|.*\|$", page, re.MULTILINE)
        # What Prometheus itself adds to histograms, and a label that is always empty.
        assert {label for label in labels - {"le", "robot"} if f"`{label}`" not in row} == set()


def test_panels_are_apart() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        x, y, width, height = (panel["gridPos"][name] for name in "xywh")
        cells = {(x + column, y + row) for column in range(width) for row in range(height)}
        assert max(column for column, _ in cells) < 24
        assert not cells & taken
        taken |= cells


def test_panels_use_the_provisioned_source_unless_another_is_chosen() -> None:
    (source,) = provisioned("datasources")["datasources"]
    (variable,) = DASHBOARD["templating"]["list"]
    assert (variable["name"], variable["type"]) == ("datasource", "datasource")
    assert variable["current"]["value"] == source["uid"]
    assert variable["query"] == source["type"] == "prometheus"
    assert {panel["datasource"]["uid"] for panel in PANELS} == {"${datasource}"}
    assert source["isDefault"]


def test_grafana_finds_this_dashboard_alone_where_the_docs_mount_it() -> None:
    (provider,) = provisioned("dashboards")["providers"]
    page = (FOLDER.parent / "docs" / "monitoring.md").read_text("utf-8")
    mounted = provider["options"]["path"]
    assert f"$PWD/monitoring/grafana:{mounted}:ro" in page
    assert f"GF_PATHS_PROVISIONING={mounted}/provisioning" in page
    assert list((FOLDER / "grafana").rglob("*.json")) == [FOLDER / "grafana" / "dashboard.json"]


def provisioned(kind: str) -> dict[str, Any]:
    (file,) = (PROVISIONING / kind).iterdir()
    content: dict[str, Any] = yaml.safe_load(file.read_text())
    assert content["apiVersion"] == 1
    return content


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
