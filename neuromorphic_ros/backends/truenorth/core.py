"""One neurosynaptic core: axons, a crossbar of bits and neurons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.truenorth.chip import AXONS, CORES, NEURONS, TYPES
from neuromorphic_ros.backends.truenorth.neuron import LIMITS, NEURON, NO_CORE, Neurons
from neuromorphic_ros.errors import NetworkError


class Core(NamedTuple):
    """What is loaded into a core.

    axon_type: uint8[256], 0 to 3. crossbar: bool[256, 256], by axon and neuron.
    neurons: NEURON[256].
    """

    axon_type: npt.NDArray[np.uint8]
    crossbar: npt.NDArray[np.bool_]
    neurons: Neurons


def check_cores(cores: Sequence[Core]) -> None:
    """Raise NetworkError that names the first core, neuron, field and value that do not fit."""
    if not 1 <= len(cores) <= CORES:
        raise NetworkError(f"{len(cores)} cores are not between 1 and the {CORES} of a chip")
    for index, core in enumerate(cores):
        _check(core, f"core {index}", len(cores))


def _check(core: Core, where: str, cores: int) -> None:
    parts = (
        ("axon_type", core.axon_type, np.dtype(np.uint8), (AXONS,)),
        ("crossbar", core.crossbar, np.dtype(np.bool_), (AXONS, NEURONS)),
        ("neurons", core.neurons, NEURON, (NEURONS,)),
    )
    for name, part, dtype, shape in parts:
        if part.dtype != dtype or part.shape != shape:
            raise NetworkError(
                f"{where}: {name} is {part.dtype} of shape {part.shape}, not {dtype} of {shape}"
            )
    wrong = np.flatnonzero(core.axon_type >= TYPES)
    if wrong.size:
        raise NetworkError(
            f"{where}: axon {wrong[0]} has type {core.axon_type[wrong[0]]}; there are 0 to "
            f"{TYPES - 1}"
        )
    for field, (low, high) in (*LIMITS.items(), ("destination_core", (NO_CORE, cores - 1))):
        values = core.neurons[field].reshape(NEURONS, -1)
        outside = (values < low) | (values > high)
        if np.any(outside):
            neuron = int(np.flatnonzero(outside.any(axis=1))[0])
            raise NetworkError(
                f"{where}, neuron {neuron}: {field} {values[neuron][outside[neuron]][0]} is "
                f"outside of {low}..{high}"
            )
