"""What NIR cannot say about a network, kept in the metadata of a NIR file as text and arrays.

The text is the specification as JSON. An array in it is `{"$array": key}`, in the metadata, or
`{"$weights": node}`, the weights of a node of the graph, so that they are stored once.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.nir.container import Tree
from neuromorphic_ros.snn.spec import NetworkSpec

KEY = "neuromorphic_ros"
_MISSING = object()


class Block(NamedTuple):
    """Where the weights of an all_to_all stage are: rows and columns of a node's matrix.

    NIR's matrices are (targets, sources).
    """

    node: str
    rows: tuple[int, int]
    columns: tuple[int, int]


# By the identity of an array: the node that holds it as it is, or the block of a matrix.
Stored = Mapping[int, str | Block]


def record(spec: NetworkSpec, outputs: Mapping[str, str], stored: Stored) -> dict[str, Any]:
    """Return the metadata of a network whose weights `stored` are in the graph."""
    arrays: dict[str, Any] = {}

    def plain(value: Any) -> Any:
        if isinstance(value, Array):
            place = stored.get(id(value))
            if isinstance(place, Block):
                return {"$block": list(place)}
            if place is not None:
                return {"$weights": place}
            key = str(len(arrays))
            arrays[key] = value.values
            return {"$array": key}
        if dataclasses.is_dataclass(value):
            return {field.name: plain(getattr(value, field.name)) for field in _fields(value)}
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        return value

    text = json.dumps({"spec": plain(spec), "outputs": dict(outputs)})
    return {KEY: {"text": text, "arrays": arrays} if arrays else {"text": text}}


def recorded_spec(root: Tree, recorded: Any, where: str) -> tuple[NetworkSpec, dict[str, str]]:
    """Return the network and its outputs from the metadata of a graph.

    Raises NetworkError if the metadata are damaged.
    """
    try:
        content = json.loads(
            recorded["text"], object_hook=lambda item: _array(item, root, recorded)
        )
        values, outputs = content["spec"], content["outputs"]
        outputs = {str(name): str(population) for name, population in outputs.items()}
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError) as wrong:
        raise NetworkError(f"{where}: metadata '{KEY}' are damaged: {wrong!r}") from None
    spec = build(NetworkSpec, values, where, NetworkError)
    for population in outputs.values():
        spec.population(population)
    return spec, outputs


def unused(name: str, taken: set[str]) -> str:
    """Return a name, numbered if it is taken, and take it."""
    free, copy = name, 2
    while free in taken:
        free, copy = f"{name}_{copy}", copy + 1
    taken.add(free)
    return free


def _fields(value: Any) -> list[dataclasses.Field[Any]]:
    # What is as by default is left out, but for the field that tells the class.
    return [
        field
        for field in dataclasses.fields(value)
        if field.name in ("type", "model") or getattr(value, field.name) != _default(field)
    ]


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return _MISSING if field.default is dataclasses.MISSING else field.default


def _array(item: dict[str, Any], root: Tree, recorded: Tree) -> Any:
    if "$array" in item:
        return Array(recorded["arrays"][item["$array"]])
    if "$weights" in item:
        node = root["nodes"][item["$weights"]]
        weight = node["scale"] if node["type"] == "Scale" else node["weight"]
        return Array(weight.ravel() if node["type"] == "Scale" else weight)
    if "$block" in item:
        name, rows, columns = item["$block"]
        block = root["nodes"][name]["weight"][slice(*rows), slice(*columns)]
        return Array(np.ascontiguousarray(block.T))
    return item
