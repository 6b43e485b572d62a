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

from neuromorphic_ros.energy.energy_integral import TOTAL

ENERGY_BOUNDS_PJ = tuple(
    mantissa * 10.0**exponent for exponent in range(2, 16) for mantissa in (1.0, 2.0, 5.0)
)
# Values of diagnostics that count what a node did not use, by the last part of their names.
# Messages of sensors and spikes; spikes of a core; packets and events of an event camera.
DROPPED = ("rejected", "lost", "late_spikes")
DROPPED_OF_INPUTS = ("lost_packets", "invalid_events", "late_events")
MOST_DIGITS = 18


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
        self._dropped = counter(
            "neuromorphic_dropped", "What nodes lost, rejected or dropped", "kind", "part"
        )
        self._energy = Histogram(
            "neuromorphic_energy_pj",
            "Priced energy of a window, static energy included where it is known",
            ("network", "hardware"),
            buckets=ENERGY_BOUNDS_PJ,
            registry=self.registry,
        )
        self._latency = _TickTimes()
        self.registry.register(self._latency)
        self._load = gauge("neuromorphic_load_ratio", "Share of time that ticks take", "network")
        self._processor = gauge("neuromorphic_cpu_ratio", "Used share of all cores", "robot")
        self._power = gauge("neuromorphic_power_watts", "Measured power", "source")
        self._idle = gauge(
            "neuromorphic_idle_power_watts", "Measured power while the network rested", "source"
        )
        self._joules = counter("neuromorphic_measured_joules", "Measured energy", "meter")
        self._idle_joules = counter(
            "neuromorphic_idle_joules", "Idle power over the time of the measured energy", "meter"
        )
        self._mode = gauge("neuromorphic_power_mode", "1 for the power mode in force", "mode")
        self._quality = gauge("neuromorphic_quality", "0 low, 1 medium, 2 high", "robot")
        self._asleep = gauge("neuromorphic_asleep", "1 while the network sleeps", "robot")
        self._throttled = gauge("neuromorphic_throttled", "1 while it is too hot", "robot")
        self._temperature = gauge("neuromorphic_temperature_celsius", "Hottest zone", "robot")
        self._battery = gauge("neuromorphic_battery_ratio", "Charge of the battery", "robot")
        self._before: dict[tuple[str, ...], int] = {}
        self._shown: dict[Gauge, set[str]] = {}

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
        self._late.labels(network).inc(self._grown((network,), int(rates.late_spikes)))
        self._latency.add(network, rates.step_us_bound, rates.step_us_count)
        if rates.window_s > 0:
            load = rates.step_us_p50 * 1e-6 * rates.ticks / rates.window_s
            self._show(self._load, {network: load})

    def energy(self, report: Mapping[str, Any]) -> None:
        """Add the fields of an EnergyReport of one window."""
        self._energy.labels(report["network"], report["hardware"]).observe(report["total_pj"])
        for counter, joules in (
            (self._joules, report["measured_j"]),
            (self._idle_joules, report["idle_j"]),
        ):
            # A counter cannot go back, as the energy of a supply that is fed does.
            if joules >= 0:
                counter.labels(report["meter"]).inc(joules)

    def power(self, power_w: Mapping[str, float], idle_w: float = math.nan) -> None:
        """Take the present power by source; none: it cannot be read."""
        self._show(self._power, power_w)
        self._show(self._idle, {TOTAL: idle_w})

    def processor(self, ratio: float) -> None:
        """Take the used share of the processor; NaN: not known."""
        self._show(self._processor, {"": ratio})

    def status(self, status: Any) -> None:
        """Take a PowerStatus."""
        self._show(self._mode, {status.mode: 1.0} if status.mode else {})
        for gauge, value in (
            (self._quality, status.quality),
            (self._asleep, status.asleep),
            (self._throttled, status.throttled),
            (self._temperature, status.temperature_c),
            (self._battery, status.battery),
        ):
            self._show(gauge, {"": float(value)})

    def diagnostics(self, array: Any, namespace: str) -> None:
        """Add what a DiagnosticArray of the nodes in a namespace says of things not used."""
        for line in array.status:
            node = line.name.partition(":")[0]
            space, _, name = node.rpartition("/")
            if space != namespace.strip("/") or line.hardware_id != name:
                continue
            for item in line.values:
                source, _, kind = item.key.rpartition(".")
                known = DROPPED_OF_INPUTS if source else DROPPED
                # Any program may write any text there.
                if kind in known and item.value.isdecimal() and len(item.value) <= MOST_DIGITS:
                    part = f"{line.name} {source}".rstrip()
                    grown = self._grown((kind, part), int(item.value))
                    self._dropped.labels(kind, part).inc(grown)

    def _show(self, gauge: Gauge, values: Mapping[str, float]) -> None:
        """Let a gauge have these values by label and no others; NaN: not known."""
        known = {label: value for label, value in values.items() if not math.isnan(value)}
        # A scrape may come at any time: what stays must not vanish in between.
        for label in self._shown.get(gauge, set()) - known.keys():
            gauge.remove(label)
        for label, value in known.items():
            gauge.labels(label).set(value)
        self._shown[gauge] = set(known)

    def _grown(self, what: tuple[str, ...], count: int) -> int:
        """Return by how much a count grew that begins anew with its node."""
        before = self._before.get(what, 0)
        self._before[what] = count
        return count - before if count >= before else count


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
