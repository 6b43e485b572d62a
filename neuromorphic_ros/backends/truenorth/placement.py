"""Place the cores of a mapped network on the chip, and write what is loaded into them as JSON."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.atomic_file import write_atomically
from neuromorphic_ros.backends.truenorth.chip import AXONS, CORES, NEURONS, TYPES
from neuromorphic_ros.backends.truenorth.core import Core
from neuromorphic_ros.backends.truenorth.filling import SPLITTER, Axon
from neuromorphic_ros.backends.truenorth.mapping import Mapping
from neuromorphic_ros.backends.truenorth.neuron import NO_CORE
from neuromorphic_ros.snn.spec import NetworkSpec

COLUMNS = math.isqrt(CORES)
"""Columns, and rows, of cores on a chip."""


class Placement(NamedTuple):
    """Where cores are; int64[cores] each."""

    column: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]


class Use(NamedTuple):
    """How much of the cores a network takes.

    axons, neurons, synapses: shares of those of its cores. hops_mean, hops_most: routers that a
    spike passes on its way to another core or its own.
    """

    cores: int
    axons: float
    neurons: float
    synapses: float
    hops_mean: float
    hops_most: int


def place(cores: int) -> Placement:
    """Place cores in a square, row by row to and fro, so that the next one is beside each."""
    index = np.arange(cores)
    side = min(math.isqrt(max(cores - 1, 0)) + 1, COLUMNS)
    row, along = index // side, index % side
    return Placement(np.where(row % 2, side - 1 - along, along), row)


def use(mapping: Mapping, placement: Placement) -> Use:
    """Return how much of its cores a network takes."""
    count = len(mapping.cores)
    hops = np.concatenate(
        [_hops(core, index, placement) for index, core in enumerate(mapping.cores)]
    )
    synapses = sum(int(np.count_nonzero(core.crossbar)) for core in mapping.cores)
    return Use(
        cores=count,
        axons=sum(map(len, mapping.axons)) / (count * AXONS),
        neurons=sum(mapping.taken) / (count * NEURONS),
        synapses=synapses / (count * AXONS * NEURONS),
        hops_mean=float(hops.mean()) if hops.size else 0.0,
        hops_most=int(hops.max(initial=0)),
    )


def write_placement(path: Path, mapping: Mapping, placement: Placement) -> None:
    """Write what is loaded into the cores as JSON; raises OSError if it cannot be written."""
    content = json.dumps(document(mapping, placement), indent=1) + "\n"
    write_atomically(path, content.encode())


def document(mapping: Mapping, placement: Placement) -> dict[str, Any]:
    """Return what is loaded into the cores, for JSON.

    Names of types of neurons, of neurons and of rows of the crossbar are those of the NS1e model
    file (as pytruenorth writes it). A row has the bits of 256 neurons in hexadecimal. Cores have a
    place, axons tell what they carry, and inputs where the spikes of channels go and after how many
    ticks.
    """
    types: dict[tuple[Any, ...], str] = {}
    names = _names(mapping.spec)
    cores = [
        {
            "id": index,
            "column": int(placement.column[index]),
            "row": int(placement.row[index]),
            "neurons": [
                {
                    "type": types.setdefault(_parameters(neuron), f"N{len(types)}"),
                    "destCore": int(neuron["destination_core"]),
                    "destAxon": int(neuron["destination_axon"]),
                    "delay": int(neuron["delay"]),
                }
                for neuron in core.neurons[: mapping.taken[index]]
            ],
            "crossbar": {
                "rows": [
                    {
                        "type": f"S{carried.type}",
                        "carries": _told(carried, names, mapping),
                        "synapses": np.packbits(core.crossbar[axon]).tobytes().hex().upper(),
                    }
                    for axon, carried in enumerate(mapping.axons[index])
                ]
            },
        }
        for index, core in enumerate(mapping.cores)
    ]
    inputs = mapping.inputs
    return {
        "network": mapping.spec.name,
        "model": {"coreCount": len(cores), "crossbarSize": AXONS, "tickPeriod": mapping.spec.dt_ms},
        "neuronTypes": [{"name": name, **dict(values)} for values, name in types.items()],
        "cores": cores,
        "inputs": [
            {
                "carries": names[channel],
                "to": [
                    {"core": axon // AXONS, "axon": axon % AXONS, "delay": delay}
                    for axon, delay in zip(
                        inputs.axon[first:last].tolist(),
                        inputs.delay[first:last].tolist(),
                        strict=True,
                    )
                ],
            }
            for channel, (first, last) in enumerate(itertools.pairwise(inputs.first.tolist()))
            if first < last
        ],
        "neurons": [
            {"is": name, "core": place // NEURONS, "neuron": place % NEURONS}
            for name, place in zip(
                names[mapping.spec.channels :], mapping.neuron.tolist(), strict=True
            )
        ],
    }


def _hops(core: Core, index: int, placement: Placement) -> npt.NDArray[np.int64]:
    target = core.neurons["destination_core"]
    target = target[target != NO_CORE]
    return np.asarray(
        np.abs(placement.column[target] - placement.column[index])
        + np.abs(placement.row[target] - placement.row[index])
    )


def _names(spec: NetworkSpec) -> list[str]:
    return [
        f"{node.name}[{address}]"
        for node in spec.execution_nodes()
        for address in range(math.prod(node.shape))
    ]


def _told(carried: Axon, names: list[str], mapping: Mapping) -> str:
    beyond = carried.source - len(names)
    source = names[carried.source] if beyond < 0 else f"accumulator {beyond}"
    if carried.post == SPLITTER:
        return f"{source} to its splitter"
    population = mapping.populations[mapping.of[carried.post]].name
    if carried.post >= len(mapping.populations):
        return f"{source} to accumulators of {population}"
    return f"{source} to {population}"


def _parameters(neuron: Any) -> tuple[tuple[str, int], ...]:
    """Return a neuron in the terms of the NS1e model file, but a reset value that is not coded."""
    values = {f"sigma{kind}": int(neuron["weight"][kind] >= 0) * 2 - 1 for kind in range(TYPES)}
    values |= {f"s{kind}": abs(int(neuron["weight"][kind])) for kind in range(TYPES)}
    values |= {f"b{kind}": int(neuron["stochastic_weight"][kind]) for kind in range(TYPES)}
    values |= {
        "sigma_lambda": int(neuron["leak"] >= 0) * 2 - 1,
        "lambda": abs(int(neuron["leak"])),
        "c_lambda": int(neuron["stochastic_leak"]),
        "epsilon": int(neuron["leak_reversal"]),
        "alpha": int(neuron["threshold"]),
        "beta": int(neuron["negative_threshold"]),
        "TM": int(neuron["mask_bits"]),
        "gamma": int(neuron["reset_mode"]),
        "kappa": int(neuron["saturate"]),
        "R": int(neuron["reset_value"]),
        "V": int(neuron["initial"]),
    }
    return tuple(values.items())
