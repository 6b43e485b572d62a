#!/usr/bin/env python3
"""Run random integer networks in Lava and keep what they did: OUTPUT --networks N --seed SEED.

The first is not random: it reaches the borders of 24 bits. `make lava` installs Lava. The .npz file
holds arrays, of network k as `k/...`: input uint8[ticks, channels]; of population p
`k/population/p/` the parameters du, dv, vth, bias_mant and bias_exp, and after each tick u, v
int32[ticks, neurons] and spikes uint8[ticks, neurons]; of connection c `k/connection/c/` pre (-1:
the input) and post, indices of populations, weights int16[pre, post] and weight_exp.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neuromorphic_ros.backends.loihi.lava_import import lava_imports

with lava_imports():
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.dense.process import Dense
    from lava.proc.io.source import RingBuffer
    from lava.proc.lif.process import LIF
    from lava.proc.monitor.process import Monitor

Arrays = dict[str, Any]
INPUT = -1


class Network(NamedTuple):
    """A random network: the input, and the parameters of each population and connection."""

    input: Any
    populations: list[Arrays]
    connections: list[Arrays]


def borders() -> Network:
    """Return a network whose currents are 2^23 and -2^23, and 64 beside these."""
    coarse = np.zeros((10, 2), np.int16)
    fine = np.zeros((10, 2), np.int16)
    coarse[:8], fine[8], fine[9] = (128, -128), (2, -2), (-2, 2)
    population = {
        "du": 4095,
        "dv": 4095,
        "vth": 131071,
        "bias_mant": np.zeros(2, np.int16),
        "bias_exp": np.zeros(2, np.int16),
    }
    spikes = np.ones((8, 10), np.uint8)
    spikes[1::2, 8] = spikes[2::4, 9] = 0
    return Network(
        spikes,
        [population],
        [
            {"pre": INPUT, "post": 0, "weights": coarse, "weight_exp": 7},
            {"pre": INPUT, "post": 0, "weights": fine, "weight_exp": -1},
        ],
    )


def draw(generator: np.random.Generator) -> Network:
    """Draw a network of one to three populations that reaches every corner of the arithmetic."""
    ticks, channels = 40, int(generator.integers(1, 41))
    rate = generator.choice([0.05, 0.3, 1.0], p=[0.4, 0.4, 0.2])
    populations = [_population(generator) for _ in range(generator.integers(1, 4))]
    sizes = [channels, *(population["bias_mant"].size for population in populations)]
    connections = []
    for post in range(len(populations)):
        sources = {post - 1, *generator.choice(range(INPUT, len(populations)), 2)}
        for pre in sorted(int(source) for source in sources):
            connections.append(
                {"pre": pre, "post": post, **_weights(generator, sizes[pre + 1], sizes[post + 1])}
            )
    spikes = generator.random((ticks, channels)) < rate
    return Network(spikes.astype(np.uint8), populations, connections)


def _population(generator: np.random.Generator) -> Arrays:
    size = int(generator.integers(1, 13))
    no_bias = generator.random() < 0.5
    any_decay, slow_decay = (int(generator.integers(stop)) for stop in (4096, 512))
    return {
        "du": int(generator.choice([0, 4095, any_decay])),
        "dv": int(generator.choice([0, 4095, any_decay, slow_decay])),
        "vth": int(2 ** generator.uniform(0, 17)) - 1,
        "bias_mant": np.zeros(size, np.int16)
        if no_bias
        else generator.integers(-4096, 4096, size).astype(np.int16),
        "bias_exp": generator.integers(0, 8, size).astype(np.int16),
    }


def _weights(generator: np.random.Generator, rows: int, columns: int) -> Arrays:
    low, high = generator.choice([(0, 300), (-300, 1), (-300, 300)])
    weights = generator.integers(low, high, (rows, columns))
    kept = generator.random((rows, columns)) < generator.choice([0.3, 1.0])
    any_exponent = int(generator.integers(-8, 8))
    return {
        "weights": (weights * kept).astype(np.int16),
        "weight_exp": int(generator.choice([7, any_exponent], p=[0.2, 0.8])),
    }


def run(network: Network) -> list[Arrays]:
    """Run a network in Lava; returns u, v and spikes of each population, (ticks, neurons)."""
    ticks = network.input.shape[0]
    source = RingBuffer(data=network.input.T.astype(int))
    neurons = [
        LIF(shape=population["bias_mant"].shape, **population) for population in network.populations
    ]
    for connection in network.connections:
        dense = Dense(weights=connection["weights"].T, weight_exp=connection["weight_exp"])
        pre = connection["pre"]
        (source if pre == INPUT else neurons[pre]).s_out.connect(dense.s_in)
        dense.a_out.connect(neurons[connection["post"]].a_in)
    monitors = [{name: Monitor() for name in ("u", "v", "s_out")} for _ in neurons]
    for population, probes in zip(neurons, monitors, strict=True):
        for name, monitor in probes.items():
            monitor.probe(getattr(population, name), ticks)
    neurons[0].run(condition=RunSteps(ticks), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    try:
        return [
            {
                name: monitor.get_data()[population.name][name].astype(np.int32)
                for name, monitor in probes.items()
            }
            for population, probes in zip(neurons, monitors, strict=True)
        ]
    finally:
        neurons[0].stop()


def arrays(index: int, network: Network, traces: list[Arrays]) -> Arrays:
    """Return what is kept of a network and its run, by key."""
    kept = {f"{index}/input": network.input}
    for place, (population, trace) in enumerate(zip(network.populations, traces, strict=True)):
        kept |= {f"{index}/population/{place}/{name}": of for name, of in population.items()}
        spikes = trace.pop("s_out").astype(np.uint8)
        kept |= {f"{index}/population/{place}/{name}": of for name, of in trace.items()}
        kept[f"{index}/population/{place}/spikes"] = spikes
    for place, connection in enumerate(network.connections):
        kept |= {f"{index}/connection/{place}/{name}": of for name, of in connection.items()}
    return kept


def main() -> None:
    """Draw, run and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--networks", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    generator = np.random.default_rng(arguments.seed)
    kept: Arrays = {}
    for index in range(arguments.networks):
        network = draw(generator) if index else borders()
        kept |= arrays(index, network, run(network))
    np.savez_compressed(arguments.output, **kept)


# Lava starts processes, which may import this file.
if __name__ == "__main__":
    main()
