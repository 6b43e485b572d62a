"""The graph of a population in files: beside the network file, which names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT, build
from neuromorphic_ros.snn.graph.event_graph_file import load_event_graph, save_event_graph
from neuromorphic_ros.snn.graph.given_nodes import load_given_nodes, save_given_nodes
from neuromorphic_ros.snn.graph.spiking_graph_file import load_spiking_graph, save_spiking_graph
from neuromorphic_ros.snn.spec import EventGraphLayers, GivenGraphLayers


@dataclass(frozen=True, config=STRICT)
class EventGraphFile:
    """The input whose events a graph is of, and the file of its layers."""

    events: str
    file: str


@dataclass(frozen=True, config=STRICT)
class GivenGraphFiles:
    """The file of the nodes of a given graph, and that of its layers."""

    nodes: str
    layers: str


def read_graph(
    content: object, where: str, beside: Callable[[str], Path]
) -> EventGraphLayers | GivenGraphLayers:
    """Read the graph that a network file names.

    content: of `EventGraphFile` or `GivenGraphFiles`. beside: gives the path of a name.
    Raises NetworkError that says where, or names the file.
    """
    if isinstance(content, dict) and "nodes" in content:
        files = build(GivenGraphFiles, content, where, NetworkError)
        nodes = load_given_nodes(beside(files.nodes))
        return GivenGraphLayers(nodes, load_spiking_graph(beside(files.layers)))
    given = build(EventGraphFile, content, where, NetworkError)
    return EventGraphLayers(given.events, load_event_graph(beside(given.file)))


def write_graph(
    name: str, graph: EventGraphLayers | GivenGraphLayers, folder: Path
) -> Mapping[str, Any]:
    """Write the files of a population's graph; return what the network file says of it.

    Raises NetworkError if one cannot be written.
    """
    layers = f"{name}.safetensors"
    if isinstance(graph, EventGraphLayers):
        save_event_graph(folder / layers, graph.layers)
        return {"events": graph.events, "file": layers}
    nodes = f"{name}_nodes.safetensors"
    save_given_nodes(folder / nodes, graph.nodes)
    save_spiking_graph(folder / layers, graph.layers)
    return {"nodes": nodes, "layers": layers}
