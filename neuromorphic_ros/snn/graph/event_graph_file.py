"""Event graphs in files: safetensors, with what is no weight as JSON beside them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphLayer, EventGraphSpec
from neuromorphic_ros.snn.told_tensors import UNREADABLE, load_told, save_told

_TOLD = "neuromorphic_ros.event_graph"
_PARTS = tuple(field.name for field in dataclasses.fields(EventGraphLayer))


def save_event_graph(path: Path, spec: EventGraphSpec) -> None:
    """Write a safetensors file; equal graphs give equal bytes.

    Raises NetworkError if it cannot be written.
    """
    names = [field.name for field in dataclasses.fields(spec) if field.name != "layers"]
    told = {name: getattr(spec, name) for name in names}
    told["neighbourhood"] = dataclasses.asdict(spec.neighbourhood)
    tensors = {
        f"{number}.{part}": getattr(layer, part).values
        for number, layer in enumerate(spec.layers)
        for part in _PARTS
    }
    save_told(path, "event graph", _TOLD, told, tensors)


def load_event_graph(path: Path) -> EventGraphSpec:
    """Read what `save_event_graph` wrote.

    Raises NetworkError naming the file if it cannot be read, holds something else or does not fit
    together.
    """
    where = f"event graph {path}"
    try:
        told, tensors = load_told(path, _TOLD)
        count = len(tensors) // len(_PARTS)
        layers = [
            {part: Array(tensors.pop(f"{number}.{part}")) for part in _PARTS}
            for number in range(count)
        ]
        if tensors or not isinstance(told, dict) or "layers" in told:
            raise ValueError("its parts do not fit together")
    except UNREADABLE as wrong:
        raise NetworkError(f"{where} cannot be read: {wrong}") from None
    return build(EventGraphSpec, {**told, "layers": layers}, where, NetworkError)
