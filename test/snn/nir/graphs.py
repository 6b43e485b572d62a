"""Small NIR files for tests, written by `nir` itself."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.snn.nir.reading import NirModel, read_nir
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes


def full(values: float, size: int = 1) -> npt.NDArray[np.float64]:
    return np.full(size, values)


def lif(size: int = 1, tau: float = 0.01, r: float = 1.0, threshold: float = 1.0) -> Any:
    return nir.LIF(full(tau, size), full(r, size), full(0.0, size), full(threshold, size))


def chain(*nodes: Any, before: int = 1, after: int = 1) -> dict[str, Any]:
    """Name nodes n0, n1, ... between an Input and an Output."""
    inner = {f"n{index}": node for index, node in enumerate(nodes)}
    ends = {"input": nir.Input(np.array([before])), "output": nir.Output(np.array([after]))}
    return {"input": ends["input"], **inner, "output": ends["output"]}


def write(path: Path, nodes: dict[str, Any], edges: Any = None, **metadata: Any) -> Path:
    """Write a graph; without edges, its nodes one after the other."""
    if edges is None:
        names = list(nodes)
        edges = list(pairwise(names))
    nir.write(str(path), nir.NIRGraph(nodes, edges, metadata=metadata, type_check=False))
    return path


def read(path: Path, nodes: dict[str, Any], edges: Any = None, **conventions: Any) -> NirModel:
    """Write a graph and read it as a network."""
    return read_nir(write(path / "graph.nir", nodes, edges), None, conventions)


def membranes(model: NirModel, name: str, amounts: Any) -> npt.NDArray[Any]:
    """Run a network of one input; returns the membranes of a population, (ticks, neurons)."""
    network, made = StreamingNetwork(model.spec), []
    for row in np.asarray(amounts, np.float32).reshape(len(amounts), -1):
        address = np.flatnonzero(row).astype(np.uint32)
        network.run(TickSpikes(address, np.array([0, address.size]), row[address]))
        made.append(network.membrane(name))
    return np.array(made)


def fired(model: NirModel, name: str, amounts: Any) -> list[list[int]]:
    """Run a network of one input; returns which neurons of a population fire in each tick."""
    network, begin = StreamingNetwork(model.spec), 0
    for population in model.spec.execution_order():
        if population.name == name:
            break
        begin += population.size
    size = model.spec.population(name).size
    made = []
    for row in np.asarray(amounts, np.float32).reshape(len(amounts), -1):
        address = np.flatnonzero(row).astype(np.uint32)
        out = network.run(TickSpikes(address, np.array([0, address.size]), row[address])).address
        local = out.astype(np.int64) - begin
        made.append(local[(local >= 0) & (local < size)].tolist())
    return made
