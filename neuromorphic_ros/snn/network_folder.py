"""A network as a folder: a NIR file, or with graphs a YAML file that names the others."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.graph.graph_files import write_graph
from neuromorphic_ros.snn.spec import Input, NetworkSpec

NIR_FILE, YAML_FILE = "network.nir", "network.yaml"
REST_FILE = "rest.nir"
"""What is no graph, beside the YAML file; without other populations all is in that."""


def network_in(folder: Path) -> Path:
    """Return the network file of a folder, whether it is there or not."""
    graphs = folder / YAML_FILE
    return graphs if graphs.exists() else folder / NIR_FILE


def write_folder(spec: NetworkSpec, folder: Path) -> Path:
    """Write a network into a folder and return its file, for `load_network`.

    That gives the same network, with its graphs after the other populations.
    Raises NetworkError if it cannot be written, or has variants beside graphs.
    """
    # HDF5 takes a while to import.
    from neuromorphic_ros.snn.nir.writing import write_nir

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as unwritable:
        raise NetworkError(f"{folder} cannot be made: {unwritable}") from None
    if not spec.graphs:
        write_nir(spec, folder / NIR_FILE)
        return folder / NIR_FILE
    if spec.variants:
        raise NetworkError(f"network '{spec.name}' has graphs: variants are not written")
    if len(spec.graphs) < len(spec.populations):
        write_nir(_rest(spec), folder / REST_FILE)
    graphs = {
        population.name: write_graph(population.name, population.graph, folder)
        for population in spec.graphs
        if population.graph
    }
    text = yaml.safe_dump(_document(spec, graphs), sort_keys=False, width=100)
    try:
        (folder / YAML_FILE).write_text(text, encoding="utf-8")
    except OSError as unwritable:
        raise NetworkError(f"{folder / YAML_FILE} cannot be written: {unwritable}") from None
    return folder / YAML_FILE


def _rest(spec: NetworkSpec) -> NetworkSpec:
    """Return the network with inputs in the place of its graphs."""
    graphs = {population.name for population in spec.graphs}
    return dataclasses.replace(
        spec,
        inputs=(*spec.inputs, *(Input(each.name, each.shape) for each in spec.graphs)),
        populations=tuple(each for each in spec.populations if each.name not in graphs),
        readouts=tuple(each for each in spec.readouts if each.population not in graphs),
    )


def _document(spec: NetworkSpec, graphs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    rest: dict[str, Any] = {"include": [{"nir": REST_FILE}]}
    if len(graphs) == len(spec.populations):
        rest = {
            "inputs": [
                dataclasses.asdict(each) | {"shape": list(each.shape)} for each in spec.inputs
            ]
        }
    return {
        "name": spec.name,
        "dt_ms": spec.dt_ms,
        "seed": spec.seed,
        **rest,
        "populations": [{"name": name, "graph": graph} for name, graph in graphs.items()],
        "readouts": [
            dataclasses.asdict(each) for each in spec.readouts if each.population in graphs
        ],
    }


def _described(source: Input) -> dict[str, Any]:
    return dataclasses.asdict(source) | {"shape": list(source.shape)}
