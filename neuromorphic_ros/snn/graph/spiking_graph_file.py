"""Spiking graphs in files: safetensors, with what is no weight as JSON beside them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.spiking_graph_spec import SpikingGraphSpec
from neuromorphic_ros.snn.told_tensors import UNREADABLE, load_told, save_told

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
    told = {"dt_ms": spec.dt_ms, "layers": layers}
    save_told(path, "spiking graph", _TOLD, told, tensors)


def load_spiking_graph(path: Path) -> SpikingGraphSpec:
    """Read what `save_spiking_graph` wrote.

    Raises NetworkError naming the file if it cannot be read, holds something else or does not fit
    together.
    """
    where = f"spiking graph {path}"
    try:
        told, arrays = load_told(path, _TOLD)
        tensors = {name: Array(values) for name, values in arrays.items()}
        layers = [
            {**layer, **{name: tensors.pop(f"{number}.{name}") for name in _OF_LAYER}}
            for number, layer in enumerate(told.pop("layers"))
        ]
        readout = {name: tensors.pop(name) for name in _OF_READOUT}
        if tensors:
            raise ValueError(f"nothing has a part {min(tensors)}")
    except UNREADABLE as wrong:
        raise NetworkError(f"{where} cannot be read: {wrong}") from None
    return build(SpikingGraphSpec, {**told, **readout, "layers": layers}, where, NetworkError)
