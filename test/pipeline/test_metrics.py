"""Numbers of messages as Prometheus reads them."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from monitoring.messages import rates
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from neuromorphic_ros.energy.meter import Reading
from neuromorphic_ros.pipeline.metrics import Metrics

REPORT = {
    "network": "net",
    "hardware": "loihi1",
    "total_pj": 2500.0,
    "measured_j": math.nan,
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


def test_power_that_is_not_measured_is_not_there() -> None:
    metrics = Metrics()
    metrics.power(Reading(0, {"in": 2.5, "cpu": 1.0}, {}, ("in",)))
    assert value(metrics, "power_watts", source="cpu") == 1.0
    assert value(metrics, "power_watts", source="total") == 2.5
    metrics.power(None)
    assert not [name for name, _ in scraped(metrics) if "watts" in name]


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
