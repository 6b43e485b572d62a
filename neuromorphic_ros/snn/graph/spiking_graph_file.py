"""Spiking graphs in files: safetensors, with what is no weight as JSON beside them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from neuromorphic_ros.atomic_file import write_atomically
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.spiking_graph_spec import SpikingGraphSpec

_TOLD = "neuromorphic_ros.spiking_graph"
_OF_LAYER = ("message", "query", "attention")
_OF_READOUT = ("weight", "bias")


def save_spiking_graph(path: Path, spec: SpikingGraphSpec) -> None:
    """Write a safetensors file; equal networks give equal bytes.

    Raises NetworkError if it cannot be written.
    """
    layers: list[dict[str, Any]] = []
    tensors = {name: getattr(spec, name).values for name in _OF_READOUT}
    for number, layer in enumerate(spec.layers):
        tensors |= {f"{number}.{name}": getattr(layer, name).values for name in _OF_LAYER}
        layers.append(
            {
                "neurons": dataclasses.asdict(layer.neurons),
                "tau_trace_ms": layer.tau_trace_ms,
                "pooling": dataclasses.asdict(layer.pooling) if layer.pooling else None,
            }
        )
    told = json.dumps({"dt_ms": spec.dt_ms, "layers": layers}, sort_keys=True)
    content = {name: np.ascontiguousarray(values) for name, values in tensors.items()}
    try:
        write_atomically(path, save(content, {_TOLD: told}))
    except OSError as unwritable:
        raise NetworkError(f"spiking graph {path} cannot be written: {unwritable}") from None


def load_spiking_graph(path: Path) -> SpikingGraphSpec:
    """Read what `save_spiking_graph` wrote.

    Raises NetworkError naming the file if it cannot be read, holds something else or does not fit
    together.
    """
    where = f"spiking graph {path}"
    try:
        with safe_open(path, "np") as file:
            told = json.loads((file.metadata() or {})[_TOLD])
            tensors = {name: Array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
        layers = [
            {**layer, **{name: tensors.pop(f"{number}.{name}") for name in _OF_LAYER}}
            for number, layer in enumerate(told.pop("layers"))
        ]
        readout = {name: tensors.pop(name) for name in _OF_READOUT}
        if tensors:
            raise ValueError(f"nothing has a part {min(tensors)}")
    except (OSError, SafetensorError, ValueError, TypeError, KeyError, AttributeError) as wrong:
        raise NetworkError(f"{where} cannot be read: {wrong}") from None
    return build(SpikingGraphSpec, {**told, **readout, "layers": layers}, where, NetworkError)
