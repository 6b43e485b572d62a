"""What a robot tells Prometheus of its network and its power."""

from __future__ import annotations

import itertools
import math
from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from neuromorphic_ros.energy.meter import Reading

DECADES_PJ = tuple(10.0**exponent for exponent in range(2, 16))


class Metrics:
    """Metrics of one robot, in a registry of their own; what is not known is not there."""

    def __init__(self) -> None:
        """Start with empty counters."""
        self.registry = CollectorRegistry()

        def counter(name: str, words: str, *labels: str) -> Counter:
            return Counter(name, words, labels, registry=self.registry)

        def gauge(name: str, words: str, *labels: str) -> Gauge:
            return Gauge(name, words, labels, registry=self.registry)

        self._spikes = counter("neuromorphic_spikes", "Spikes", "network", "population")
        self._events = counter(
            "neuromorphic_synaptic_events",
            "Non-zero weights driven by spikes",
            "network",
            "projection",
        )
        self._updates = counter(
            "neuromorphic_neuron_updates", "Updates of neurons", "network", "state"
        )
        self._ticks = counter("neuromorphic_ticks", "Steps of the network", "network")
        self._late = counter("neuromorphic_late_spikes", "Spikes dropped as late", "network")
        self._energy = Histogram(
            "neuromorphic_energy_pj",
            "Priced energy of a window, static energy included where it is known",
            ("network", "hardware"),
            buckets=DECADES_PJ,
            registry=self.registry,
        )
        self._latency = _TickTimes()
        self.registry.register(self._latency)
        self._load = gauge("neuromorphic_load_ratio", "Share of time that ticks take", "network")
        self._power = gauge("neuromorphic_power_watts", "Measured power", "source")
        self._joules = counter("neuromorphic_measured_joules", "Measured energy", "meter")
        self._mode = gauge("neuromorphic_power_mode", "1 for the power mode in force", "mode")
        self._quality = gauge("neuromorphic_quality", "0 low, 1 medium, 2 high", "robot")
        self._asleep = gauge("neuromorphic_asleep", "1 while the network sleeps", "robot")
        self._throttled = gauge("neuromorphic_throttled", "1 while it is too hot", "robot")
        self._temperature = gauge("neuromorphic_temperature_celsius", "Hottest zone", "robot")
        self._battery = gauge("neuromorphic_battery_ratio", "Charge of the battery", "robot")
        self._late_before: dict[str, int] = {}

    def rates(self, rates: Any) -> None:
        """Add a PopulationRates."""
        network = rates.network
        for name, spikes in zip(rates.name, rates.spikes, strict=True):
            self._spikes.labels(network, name).inc(int(spikes))
        for name, events in zip(rates.projection, rates.projection_events, strict=True):
            self._events.labels(network, name).inc(int(events))
        active = sum(map(int, rates.active_updates))
        self._updates.labels(network, "active").inc(active)
        self._updates.labels(network, "idle").inc(sum(map(int, rates.neuron_updates)) - active)
        self._ticks.labels(network).inc(int(rates.ticks))
        late = int(rates.late_spikes)
        # The message counts since the start of its node, which may be a new one.
        before = self._late_before.get(network, 0)
        self._late.labels(network).inc(late - before if late >= before else late)
        self._late_before[network] = late
        self._latency.add(network, rates.step_us_bound, rates.step_us_count)
        if rates.window_s > 0 and not math.isnan(rates.step_us_p50):
            load = rates.step_us_p50 * 1e-6 * rates.ticks / rates.window_s
            self._load.labels(network).set(load)

    def energy(self, report: Mapping[str, Any]) -> None:
        """Add the fields of an EnergyReport of one window."""
        self._energy.labels(report["network"], report["hardware"]).observe(report["total_pj"])
        if not math.isnan(report["measured_j"]):
            self._joules.labels(report["meter"]).inc(report["measured_j"])

    def power(self, reading: Reading | None) -> None:
        """Take the present power of a meter; none: it cannot be read."""
        self._power.clear()
        if reading is None:
            return
        for source, power_w in reading.power_w.items():
            self._power.labels(source).set(power_w)
        if reading.total_w is not None:
            self._power.labels("total").set(reading.total_w)

    def status(self, status: Any) -> None:
        """Take a PowerStatus."""
        self._mode.clear()
        if status.mode:
            self._mode.labels(status.mode).set(1)
        for gauge, value in (
            (self._quality, status.quality),
            (self._asleep, status.asleep),
            (self._throttled, status.throttled),
            (self._temperature, status.temperature_c),
            (self._battery, status.battery),
        ):
            gauge.clear()
            if not math.isnan(value):
                gauge.labels("").set(float(value))


class _TickTimes(Collector):
    """A histogram of observations that come counted: prometheus_client has none."""

    def __init__(self) -> None:
        self._ticks: dict[str, Tally[float]] = {}

    def add(self, network: str, bounds_us: Any, ticks: Any) -> None:
        """Add ticks by the bucket of their time; the last bucket has no bound."""
        known = self._ticks.setdefault(network, Tally())
        for bound_us, number in itertools.zip_longest(bounds_us, ticks, fillvalue=math.inf):
            known[round(float(bound_us), 3)] += int(number)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yield the histogram as Prometheus wants it, cumulated."""
        family = HistogramMetricFamily(
            "neuromorphic_latency_us", "Time that one tick took", labels=["network"]
        )
        # A scrape comes in a thread of its own.
        for network, ticks in list(self._ticks.items()):
            bounds_us = sorted(ticks)
            cumulated = itertools.accumulate(ticks[bound_us] for bound_us in bounds_us)
            names = map(floatToGoString, bounds_us)
            family.add_metric([network], list(zip(names, cumulated, strict=True)), None)
        yield family
