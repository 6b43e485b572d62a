"""Time the ticks of the streaming engine while synapses or neurons are pruned, on one thread.

The hidden layers of the shipped classifiers and a larger network, under random input of the same
activity. A share of the smallest weights of each projection, or of the neurons of hidden layers, is
taken away; the sizes are beside the time, as fewer synapses also make fewer spikes.
"""

from __future__ import annotations

import argparse
import json
import time
import timeit
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from reporting import Row, markdown, table

from neuromorphic_ros.compression.prune import prune
from neuromorphic_ros.compression.prune_neurons import prune_neurons
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.snn.weights import Normal

ROUNDS = 21
TICKS = 200
ACTIVITY = 0.05
SHARES = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
MODELS = ("digits", "nmnist")
FIGURE_DPI = 110


class Pruned(NamedTuple):
    """A network, what was taken of it, and the share."""

    name: str
    taken: str
    share: float
    spec: NetworkSpec


def large() -> NetworkSpec:
    """Return a network of two hidden layers, 1.9 million synapses, drawn at random."""
    neuron = Lif(tau_mem_ms=20.0, reset="subtract")
    sizes = {"input": 2048, "first": 768, "second": 384, "output": 10}
    names = [*sizes]
    return NetworkSpec(
        name="large",
        dt_ms=1.0,
        inputs=(Input("input", (sizes["input"],)),),
        populations=tuple(Population(name, (sizes[name],), neuron) for name in names[1:]),
        projections=tuple(
            Projection(pre, post, Normal(0.0, (6 / sizes[pre]) ** 0.5))
            for pre, post in pairwise(names)
        ),
    )


def pruned(spec: NetworkSpec) -> list[Pruned]:
    """Prune a network in all ways; the first of each is the network as it is."""
    synapses = [Pruned(spec.name, "synapses", share, prune(spec, share)) for share in SHARES]
    neurons = [Pruned(spec.name, "neurons", share, prune_neurons(spec, share)) for share in SHARES]
    return synapses + neurons


def spikes(channels: int) -> TickSpikes:
    """Draw the channels that spike in each tick."""
    raster = np.random.default_rng(0).random((TICKS, channels)) < ACTIVITY
    tick, address = np.nonzero(raster)
    return TickSpikes(address.astype(np.uint32), np.searchsorted(tick, np.arange(TICKS + 1)))


def measure(works: Sequence[Pruned]) -> list[Row]:
    """Time the networks in turn, in time of the processor; the least, as others only add."""
    networks = [StreamingNetwork(work.spec) for work in works]
    given = spikes(works[0].spec.channels)
    for network in networks:
        network.run(given)
    counted = [network.counts() for network in networks]
    rounds = [
        [
            timeit.timeit(partial(network.run, given), number=1, timer=time.thread_time)
            for network in networks
        ]
        for _ in range(ROUNDS)
    ]
    best = [min(seconds) for seconds in zip(*rounds, strict=True)]
    rows = []
    for work, network, seconds, counts in zip(works, networks, best, counted, strict=True):
        rows.append(
            {
                "network": work.name,
                "taken": work.taken,
                "share": work.share,
                "tick_us": 1e6 * seconds / TICKS,
                "speed": best[0] / seconds,
                "events_per_tick": int(counts.synaptic_events.sum()) / TICKS,
                "synapse_bytes": sum(each.bytes for each in network.connections),
                "neurons": work.spec.neurons,
            }
        )
    return rows


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw speed against the share that is taken."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(9.0, 3.2), layout="constrained")
    names = list(dict.fromkeys(row["network"] for row in rows))
    (panels,) = figure.subplots(1, len(names), sharey=True, squeeze=False)
    for panel, name in zip(panels, names, strict=True):
        for taken, marker in (("synapses", "o"), ("neurons", "s")):
            mine = [row for row in rows if (row["network"], row["taken"]) == (name, taken)]
            panel.plot(
                [row["share"] for row in mine],
                [row["speed"] for row in mine],
                marker=marker,
                label=f"{taken} pruned",
            )
        panel.set_yscale("log")
        panel.set_title(name, fontsize=10)
        panel.set_xlabel("share taken")
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("speed beside the whole")
    panels[0].legend(fontsize=8)
    figure.savefig(path, dpi=FIGURE_DPI)
    plt.close(figure)


def main() -> None:
    """Measure, print and draw, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--markdown", action="store_true", help="print the table as the docs have it"
    )
    parser.add_argument("--figure", type=Path, help="also draw a figure there")
    arguments = parser.parse_args()
    specs = [*map(find_network, MODELS), large()]
    rows = [row for spec in specs for row in measure(pruned(spec))]
    if arguments.figure:
        draw(rows, arguments.figure)
    if arguments.json:
        print(json.dumps(rows))
    else:
        print(markdown(rows) if arguments.markdown else table(rows))


if __name__ == "__main__":
    main()
