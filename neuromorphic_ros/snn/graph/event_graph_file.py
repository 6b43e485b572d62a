"""Event graphs in files: safetensors, with what is no weight as JSON beside them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from neuromorphic_ros.atomic_file import write_atomically
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphLayer, EventGraphSpec

_TOLD = "neuromorphic_ros.event_graph"
_UNREADABLE = (
    OSError,
    SafetensorError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
)
_PARTS = tuple(field.name for field in dataclasses.fields(EventGraphLayer))


def save_event_graph(path: Path, spec: EventGraphSpec) -> None:
    """Write a safetensors file; equal graphs give equal bytes.

    Raises NetworkError if it cannot be written.
    """
    names = [field.name for field in dataclasses.fields(spec) if field.name != "layers"]
    told = {name: getattr(spec, name) for name in names}
    told["neighbourhood"] = dataclasses.asdict(spec.neighbourhood)
    tensors = {
        f"{number}.{part}": np.ascontiguousarray(getattr(layer, part).values)
        for number, layer in enumerate(spec.layers)
        for part in _PARTS
    }
    try:
        write_atomically(path, save(tensors, {_TOLD: json.dumps(told, sort_keys=True)}))
    except OSError as unwritable:
        raise NetworkError(f"event graph {path} cannot be written: {unwritable}") from None


def load_event_graph(path: Path) -> EventGraphSpec:
    """Read what `save_event_graph` wrote.

    Raises NetworkError naming the file if it cannot be read, holds something else or does not fit
    together.
    """
    where = f"event graph {path}"
    try:
        with safe_open(path, "np") as file:
            told = json.loads((file.metadata() or {})[_TOLD])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        count = len(tensors) // len(_PARTS)
        layers = [
            {part: Array(tensors.pop(f"{number}.{part}")) for part in _PARTS}
            for number in range(count)
        ]
        if tensors or not isinstance(told, dict) or "layers" in told:
            raise ValueError("its parts do not fit together")
    except _UNREADABLE as wrong:
        raise NetworkError(f"{where} cannot be read: {wrong}") from None
    return build(EventGraphSpec, {**told, "layers": layers}, where, NetworkError)
