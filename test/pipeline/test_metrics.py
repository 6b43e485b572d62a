"""Numbers of messages as Prometheus reads them."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from monitoring.messages import diagnostics, rates
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from neuromorphic_ros.pipeline.metrics import Metrics

REPORT = {
    "network": "net",
    "hardware": "loihi1",
    "total_pj": 2500.0,
    "measured_j": math.nan,
    "idle_j": math.nan,
    "meter": "not measured",
}


def scraped(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = generate_latest(metrics.registry).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return scraped(metrics).get((f"neuromorphic_{name}", frozenset(labels.items())))


def message(**changes: Any) -> SimpleNamespace:
    return SimpleNamespace(**rates(**changes))


def test_counts_add_up_over_windows() -> None:
    metrics = Metrics()
    metrics.rates(message())
    metrics.rates(message(late_spikes=5))
    assert value(metrics, "spikes_total", network="net", population="in") == 60
    assert value(metrics, "synaptic_events_total", network="net", projection="out -> out") == 10
    assert value(metrics, "neuron_updates_total", network="net", state="active") == 80
    assert value(metrics, "neuron_updates_total", network="net", state="idle") == 3920
    assert value(metrics, "ticks_total", network="net") == 2000
    assert value(metrics, "late_spikes_total", network="net") == 5
    assert value(metrics, "load_ratio", network="net") == pytest.approx(0.004)


def test_late_spikes_of_a_core_that_starts_anew_do_not_go_back() -> None:
    metrics = Metrics()
    metrics.rates(message(late_spikes=7))
    metrics.rates(message(late_spikes=2))
    assert value(metrics, "late_spikes_total", network="net") == 9


def test_times_of_ticks_are_cumulated_by_bucket() -> None:
    metrics = Metrics()
    metrics.rates(message())
    buckets = {
        dict(labels)["le"]: number
        for (name, labels), number in scraped(metrics).items()
        if name == "neuromorphic_latency_us_bucket"
    }
    assert [buckets[bound] for bound in ("1.0", "2.0", "10.0", "500000.0", "+Inf")] == [
        0, 600, 999, 999, 1000,
    ]  # fmt: skip


def test_priced_energy_is_a_histogram_and_measured_energy_a_counter() -> None:
    metrics = Metrics()
    metrics.energy(REPORT)
    assert value(metrics, "energy_pj_sum", network="net", hardware="loihi1") == 2500.0
    assert value(metrics, "energy_pj_bucket", network="net", hardware="loihi1", le="1000.0") == 0
    assert not [name for name, _ in scraped(metrics) if "joules_total" in name]
    metrics.energy(REPORT | {"measured_j": 0.5, "meter": "rapl"})
    assert value(metrics, "measured_joules_total", meter="rapl") == 0.5
    assert value(metrics, "idle_joules_total", meter="rapl") is None
    metrics.energy(REPORT | {"measured_j": 0.5, "idle_j": 0.25, "meter": "rapl"})
    assert value(metrics, "idle_joules_total", meter="rapl") == 0.25


def test_energy_that_flows_back_is_left_out() -> None:
    metrics = Metrics()
    metrics.energy(REPORT | {"measured_j": -0.5, "meter": "tegrastats"})
    assert value(metrics, "measured_joules_total", meter="tegrastats") is None


def test_power_that_is_not_measured_is_not_there() -> None:
    metrics = Metrics()
    metrics.power({"in": 2.5, "cpu": 1.0}, 0.5)
    assert value(metrics, "power_watts", source="cpu") == 1.0
    assert value(metrics, "idle_power_watts", source="total") == 0.5
    metrics.power({"cpu": 1.5})
    assert value(metrics, "power_watts", source="cpu") == 1.5
    assert value(metrics, "power_watts", source="in") is None
    metrics.power({})
    assert not [name for name, _ in scraped(metrics) if "watts" in name]


def test_the_load_of_a_network_that_is_not_timed_or_gone_is_not_there() -> None:
    metrics = Metrics()
    metrics.rates(message())
    metrics.rates(message(network="other", step_us_p50=math.nan))
    assert not [name for name, _ in scraped(metrics) if "load" in name]


def test_the_use_of_the_processor_is_shown_while_it_is_known() -> None:
    metrics = Metrics()
    metrics.processor(0.25)
    assert value(metrics, "cpu_ratio", robot="") == 0.25
    metrics.processor(math.nan)
    assert value(metrics, "cpu_ratio", robot="") is None


def test_what_nodes_dropped_is_added_by_kind_and_part() -> None:
    metrics = Metrics()
    scan = "pipeline: input scan"
    metrics.diagnostics(diagnostics(scan, received="9", rejected="2"), "/")
    metrics.diagnostics(diagnostics(scan, rejected="5"), "/")
    # The node was started again.
    metrics.diagnostics(diagnostics(scan, rejected="1"), "/")
    metrics.diagnostics(diagnostics("pipeline: input camera", **{"dvs.lost_packets": "4"}), "/")
    assert value(metrics, "dropped_total", kind="rejected", part=scan) == 6
    part = "pipeline: input camera dvs"
    assert value(metrics, "dropped_total", kind="lost_packets", part=part) == 4
    assert not [labels for name, labels in scraped(metrics) if ("kind", "received") in labels]


@pytest.mark.parametrize("text", ["", "-1", "1e3", "many", "9" * 400, "\u00b2"])
def test_what_is_no_count_is_not_added(text: str) -> None:
    metrics = Metrics()
    metrics.diagnostics(diagnostics("spiking_core: spikes scan", lost=text), "/")
    assert not [name for name, _ in scraped(metrics) if "dropped_total" in name]


@pytest.mark.parametrize(
    ("name", "hardware_id", "namespace", "counted"),
    [
        ("robot1/pipeline: input scan", "pipeline", "/robot1", True),
        ("robot1/pipeline: input scan", "pipeline", "/", False),
        ("pipeline: input scan", "pipeline", "/robot1", False),
        ("a/b/pipeline: input scan", "pipeline", "/a/b", True),
        ("driver: port", "serial 5", "/", False),
    ],
)
def test_only_the_nodes_of_the_namespace_are_counted(
    name: str, hardware_id: str, namespace: str, counted: bool
) -> None:
    metrics = Metrics()
    metrics.diagnostics(diagnostics(name, hardware_id, lost="1"), namespace)
    assert bool(value(metrics, "dropped_total", kind="lost", part=name)) is counted


def test_the_status_replaces_the_one_before_and_nan_is_left_out() -> None:
    metrics = Metrics()
    status = SimpleNamespace(
        mode="MAXN", quality=2, asleep=False, throttled=False, temperature_c=41.5, battery=0.5
    )
    metrics.status(status)
    assert value(metrics, "power_mode", mode="MAXN") == 1
    assert value(metrics, "temperature_celsius", robot="") == 41.5
    metrics.status(SimpleNamespace(**vars(status) | {"mode": "5W", "battery": math.nan}))
    assert value(metrics, "power_mode", mode="MAXN") is None
    assert value(metrics, "power_mode", mode="5W") == 1
    assert value(metrics, "battery_ratio", robot="") is None
