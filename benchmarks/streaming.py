"""Time the ticks of the streaming engine beside other frameworks and a kernel written in C.

One call a tick, batch 1, one thread; the same weights, inputs and output spikes on every side.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import math
import statistics
import sys
import time
import timeit
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, Protocol

import numpy as np
from peers.kernel import Kernel, Step, build
from peers.works import DECAY, Work, addresses, compared, scaled
from reporting import Row, table

from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.patterns import Random
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.snn.weights import Precision
from neuromorphic_ros.spikes import Addresses

ACTIVITIES = (0.01, 0.05, 0.2)
ROUNDS = 11
DT_MS = 1.0


class Side(Protocol):
    """One network in one framework."""

    def prepare(self, spikes: Addresses) -> Any:
        """Return one tick's input as this side takes it; not timed."""

    def step(self, spikes: Any) -> Any:
        """Run one tick; timed."""

    def fired(self, output: Any) -> Addresses:
        """Return the addresses of the neurons that fired; not timed."""


class Streaming:
    """One network in the streaming engine."""

    def __init__(self, spec: NetworkSpec) -> None:
        self.network = StreamingNetwork(spec)
        self.step = self.network.step

    def prepare(self, spikes: Addresses) -> Addresses:
        """Return the addresses as they are."""
        return spikes

    def fired(self, output: Addresses) -> Addresses:
        """Return a copy of what the next tick overwrites."""
        return np.array(output)


def neuron(threshold: float) -> Lif:
    """Return the neuron of all networks here."""
    return Lif(tau_mem_ms=DT_MS / (1 - DECAY), integrator="euler", threshold=threshold)


def spec_of(work: Work) -> NetworkSpec:
    """Return a work as a network, in which populations share the first and the last layer."""
    inputs = [Input(name=f"input{i}", shape=(size,)) for i, size in enumerate(work.inputs)]
    populations, projections = [], []
    sources = [(node.name, node.shape[0]) for node in inputs]
    for depth, layer in enumerate(work.layers):
        sizes = work.outputs if layer is work.layers[-1] else (layer.weights.shape[1],)
        targets = [(f"layer{depth}_{i}", size) for i, size in enumerate(sizes)]
        columns = np.split(layer.weights, list(accumulate(sizes))[:-1], axis=1)
        for (post, size), column in zip(targets, columns, strict=True):
            populations.append(Population(name=post, shape=(size,), neuron=neuron(layer.threshold)))
            rows = np.split(column, list(accumulate(count for _, count in sources))[:-1])
            for (pre, _), block in zip(sources, rows, strict=True):
                projections.append(Projection(pre=pre, post=post, weights=Array(block)))
        if layer.recurrent is not None:
            post = targets[0][0]
            projections.append(
                Projection(pre=post, post=post, weights=Array(layer.recurrent), delay_ticks=1)
            )
        sources = targets
    return NetworkSpec(
        name=work.name,
        dt_ms=DT_MS,
        inputs=tuple(inputs),
        populations=tuple(populations),
        projections=tuple(projections),
    )


def measure(work: Work, kernel: Step | None, frameworks: Sequence[str]) -> Row:
    """Run a work on every side, check the spikes, then time the sides in turn; medians."""
    ours = Streaming(spec_of(work))
    sides: dict[str, Side] = {"ours": ours}
    if kernel is not None:
        sides["c"] = Kernel(kernel, work)
    if frameworks:
        from peers.frameworks import Framework

        sides |= {name: Framework(name, work) for name in frameworks}
    inputs = {name: [side.prepare(tick) for tick in work.spikes] for name, side in sides.items()}

    equal = True
    for name, side in sides.items():
        fired = [side.fired(side.step(tick)) for tick in inputs[name]]
        if not all(map(np.array_equal, fired, work.answer)):
            equal = False
            print(f"{work.name} at {work.activity:.0%}: {name} fires otherwise", file=sys.stderr)

    together = TickSpikes(
        np.concatenate(work.spikes), np.cumsum([0, *map(len, work.spikes)], dtype=np.int64)
    )
    us: dict[str, list[float]] = {name: [] for name in (*sides, "many")}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            us[name].append(tick_us(side, inputs[name]))
        ours.network.run(together)
        once = timeit.timeit(lambda: ours.network.run(together), number=1)
        us["many"].append(1e6 * once / together.ticks)
    median = {name: statistics.median(times) for name, times in us.items()}

    events = work.synaptic_events
    return {
        "work": work.name,
        "activity": work.activity,
        "neuron_activity": work.neuron_activity,
        "synapses": work.synapses,
        "synaptic_events": events,
        "ours_us": median["ours"],
        "ours_many_us": median["many"],
        "c_us": median.get("c"),
        "peers": {name: median[name] for name in frameworks},
        "spikes_equal": equal,
        "ns_per_event": 1e3 * median["ours"] / events,
        "times_real_time": 1e3 * DT_MS / median["ours"],
        "times_real_time_many": 1e3 * DT_MS / median["many"],
    }


def tick_us(side: Side, inputs: Sequence[Any]) -> float:
    """Time a pass over the ticks, after one that fills the caches; per tick."""
    step = side.step

    def run() -> None:
        for tick in inputs:
            step(tick)

    run()
    return 1e6 * timeit.timeit(run, number=1) / len(inputs)


def measure_large(neurons: int, probability: float, activity: float = 0.01) -> Iterator[Row]:
    """Run one sparse layer with weights in float32, then in int8.

    All weights are 1, so that the spikes must be the same.
    """
    inputs = addresses(np.random.default_rng(0).random((20, neurons)) < activity)
    # As active as its input: the membrane has mean 2 m and variance 4/3 m.
    mean = activity * neurons * probability
    threshold = round(2 * mean + 2.33 * math.sqrt(4 / 3 * mean)) + 1 / 3
    reference: list[Addresses] = []
    precisions: tuple[Precision, ...] = ("float32", "int8")
    for precision in precisions:
        spec = NetworkSpec(
            name="large",
            dt_ms=DT_MS,
            inputs=(Input(name="input", shape=(neurons,)),),
            populations=(Population(name="layer", shape=(neurons,), neuron=neuron(threshold)),),
            projections=(
                Projection(
                    pre="input",
                    post="layer",
                    pattern=Random(probability=probability),
                    precision=precision,
                ),
            ),
            max_synapses=2**31,
        )
        begun = time.perf_counter()
        ours = Streaming(spec)
        load_s = time.perf_counter() - begun

        fired = [ours.fired(ours.step(tick)) for tick in inputs]
        reference = reference or fired
        us = statistics.median(tick_us(ours, inputs) for _ in range(3))
        counts = ours.network.counts()
        connections = ours.network.connections
        synapses = sum(int(each.synapses_per_row.sum()) for each in connections)
        held_bytes = sum(each.bytes for each in connections)
        events = counts.synaptic_events.sum() / counts.ticks
        yield {
            "work": f"large_{precision}",
            "activity": activity,
            "neuron_activity": sum(map(len, fired)) / len(fired) / neurons,
            "synapses": synapses,
            "synaptic_events": events,
            "ours_us": us,
            "c_us": None,
            "peers": {},
            "spikes_equal": all(map(np.array_equal, fired, reference)),
            "ns_per_event": 1e3 * us / events,
            "times_real_time": 1e3 * DT_MS / us,
            "bytes_per_synapse": held_bytes / synapses,
            "load_s": load_s,
        }


def shown(row: Row) -> Row:
    """Return a row as the table shows it: each peer a column, and the ratios that matter."""
    flat = {key: value for key, value in row.items() if key != "peers"}
    if row["c_us"]:
        flat["ours/c"] = row["ours_us"] / row["c_us"]
    if row["peers"]:
        flat["best_peer/ours"] = min(row["peers"].values()) / row["ours_us"]
    return {**flat, **row["peers"]}


def main() -> int:
    """Measure and print; 1 if any side fired otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--large", action="store_true", help="add 1e8 synapses; takes 4 GB")
    arguments = parser.parse_args()

    kernel = build()
    frameworks: list[str] = []
    with contextlib.ExitStack() as stack:
        if importlib.util.find_spec("torch"):
            import torch
            from peers.frameworks import installed

            torch.set_num_threads(1)
            stack.enter_context(torch.inference_mode())
            frameworks = installed()
        groups = [
            [measure(work, kernel, frameworks) for at in ACTIVITIES for work in compared(at)],
            [measure(work, kernel, ()) for at in ACTIVITIES for work in scaled(at)],
            list(measure_large(10_000, 0.1)),
        ]
    if arguments.large:
        groups[-1] += measure_large(100_000, 0.01)

    rows = [row for group in groups for row in group]
    if arguments.json:
        print(json.dumps(rows))
    else:
        print("\n\n".join(table([shown(row) for row in group]) for group in groups))
    return 0 if all(row["spikes_equal"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
