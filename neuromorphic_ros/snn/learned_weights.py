"""What a network has learned, in a file from which it can go on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.plasticity.bounds import Bounded
from neuromorphic_ros.snn.synapses import Connection
from neuromorphic_ros.snn.told_tensors import UNREADABLE, load_told, save_told
from neuromorphic_ros.snn.weights import Values

_TOLD = "neuromorphic_ros.learned_weights"


class LearnedWeights(NamedTuple):
    """The weights of the plastic projections of a network.

    weights: by the name of the projection as `projection_names` gives it, float32 of its synapses
    as the engine keeps them. synapses: digest of which pairs of neurons they join, by the same.
    """

    network: str
    weights: Mapping[str, Values]
    synapses: Mapping[str, str]


def projection_names(projections: Iterable[object]) -> list[str]:
    """Name projections `pre -> post`; of those of one name all but the first are numbered."""
    seen: dict[str, int] = {}
    names = []
    for projection in map(str, projections):
        seen[projection] = seen.get(projection, 0) + 1
        number = seen[projection]
        names.append(projection if number == 1 else f"{projection} ({number})")
    return names


def digest(connection: Connection) -> str:
    """Return a digest of which pairs the synapses of a projection join."""
    found = hashlib.sha256(f"{connection.rows} x {connection.columns}".encode())
    for part in (connection.row, connection.target):
        if part is not None:
            found.update(part.astype(np.int64).tobytes())
    return found.hexdigest()


def check_weights(name: str, rule: Bounded, like: Values, weight: Values) -> None:
    """Raise NetworkError if weights do not fit a projection: shape, dtype, bounds."""
    if weight.dtype != like.dtype or weight.shape != like.shape:
        raise NetworkError(
            f"learned weights of {name} are {weight.dtype} {weight.shape}; it has {like.dtype} "
            f"{like.shape}"
        )
    low, high = np.float32(rule.w_min), np.float32(rule.w_max)
    outside = weight.size - np.count_nonzero((weight >= low) & (weight <= high))
    if outside:
        raise NetworkError(
            f"{outside} learned weights of {name} are outside of {rule.w_min}..{rule.w_max}, the "
            "w_min and w_max of its plasticity"
        )


def save_learned(path: Path, learned: LearnedWeights) -> None:
    """Write a safetensors file; equal weights give equal bytes.

    Whenever the process or the machine stops, the file is the old or the new one.
    Raises NetworkError if it cannot be written.
    """
    told = {"network": learned.network, "synapses": dict(learned.synapses)}
    save_told(path, "learned weights", _TOLD, told, learned.weights)


def load_learned(path: Path) -> LearnedWeights:
    """Read what `save_learned` wrote.

    Raises NetworkError if the file cannot be read or holds something else.
    """
    try:
        told, weights = load_told(path, _TOLD)
        network, synapses = told["network"], told["synapses"]
        if not isinstance(network, str) or synapses.keys() != weights.keys():
            raise ValueError("its parts do not fit together")
    except UNREADABLE as wrong:
        raise NetworkError(
            f"learned weights {path} cannot be read: {wrong}; remove the file to learn anew"
        ) from None
    return LearnedWeights(network, weights, synapses)
