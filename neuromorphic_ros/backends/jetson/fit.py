"""How a network fits on a Jetson: memory, and what is lost by storing weights in fewer bits."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from pydantic.dataclasses import dataclass

from neuromorphic_ros.backends.fit import Fit
from neuromorphic_ros.backends.limits import Count, limits
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.summary import Summary, summarize
from neuromorphic_ros.snn.synapses import connect, weight_shape
from neuromorphic_ros.snn.weights import ITEM_BYTES

BOARD = "jetson_orin_nano"


@dataclass(frozen=True, config=STRICT)
class Board:
    """What a board has."""

    cores: Count
    memory: Count


def examine(spec: NetworkSpec) -> Fit:
    """Tell how a network fits on a Jetson Orin Nano, where the streaming engine takes one core.

    weight_bits: of the projection with most. details: memory_bytes of the streaming engine, and
    torch_weight_bytes, what the weights take in torch, where all but convolutions are matrices.
    """
    board = limits(BOARD, Board)
    available_bytes = board.memory.value * 10**9
    lag_ticks = {population.name: 0 for population in spec.populations}
    bits = 8 * max((ITEM_BYTES[each.precision] for each in spec.projections), default=4)
    details: dict[str, Any] = {"memory_available_bytes": available_bytes}
    try:
        found = summarize(spec)
        details["memory_bytes"] = found.bytes
        details["torch_weight_bytes"] = sum(
            _torch_bytes(spec, index) for index in range(len(spec.projections))
        )
        error, reasons = _weight_error(spec, found), _reasons(spec, found, available_bytes)
    except NetworkError as wrong:
        error, reasons = math.nan, (str(wrong),)
    return Fit(1, board.cores.value, bits, error, lag_ticks, details, reasons)


def _reasons(spec: NetworkSpec, found: Summary, available_bytes: int) -> tuple[str, ...]:
    if found.bytes <= available_bytes:
        return ()
    return (
        f"network '{spec.name}' takes {found.bytes} bytes, the board has {available_bytes}: take "
        "fewer synapses, or store weights in int8",
    )


def _weight_error(spec: NetworkSpec, found: Summary) -> float:
    """Return the root mean square of the changes by rounding over that of the weights."""
    rounded = [index for index, each in enumerate(spec.projections) if each.precision != "float32"]
    if not rounded:
        return 0.0
    if not found.exact:
        return math.nan
    whole = dataclasses.replace(
        spec,
        projections=tuple(
            dataclasses.replace(each, precision="float32") for each in spec.projections
        ),
    )
    changed = total = 0.0
    for index in range(len(spec.projections)):
        given = connect(whole, index).weight.astype(np.float64)
        total += np.sum(given**2)
        if index in rounded:
            stored = connect(spec, index)
            kept = stored.weight * np.float64(stored.scale)
            changed += np.sum((kept - given) ** 2)
    return math.sqrt(changed / total) if total else 0.0


def _torch_bytes(spec: NetworkSpec, index: int) -> int:
    projection = spec.projections[index]
    links = spec.stages(projection)
    weights = sum(math.prod(weight_shape(link)) for link in links)
    if projection.precision != "float32" and len(links) > 1:
        weights = math.prod(links[0].pre) * math.prod(links[-1].post)
    return weights * (2 if projection.precision == "float16" else 4)
