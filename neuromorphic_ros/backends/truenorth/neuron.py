"""The neuron of TrueNorth: what one holds, and between which limits.

Source: Cassidy et al., "Cognitive computing building block: A versatile and efficient digital
neuron model for neurosynaptic cores", IJCNN 2013, doi:10.1109/IJCNN.2013.6707077. The fields are
those of the NS1e board (as in pytruenorth), with signs joined to values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.truenorth.chip import AXONS, MAX_DELAY, TYPES, WEIGHT_BITS

POTENTIAL_MAX = 2**19 - 1
POTENTIAL_MIN = -(2**19)
"""Limits of the signed 20-bit membrane potential; sums beyond them stay there."""

NO_CORE = -1
"""Destination core of neurons whose spikes go to no axon."""

RESET_TO_VALUE, RESET_LINEAR, RESET_NONE = range(3)
"""Reset modes gamma: to the reset value; by the threshold; not at all."""

# In the symbols of the paper: weight s, stochastic_weight b, leak lambda, stochastic_leak c,
# leak_reversal epsilon, threshold alpha, negative_threshold beta, mask_bits TM (the mask M of the
# random part of the threshold has so many ones), reset_mode gamma, reset_value R, saturate kappa,
# initial V(0). destination_core is an index or NO_CORE; delay is in ticks.
NEURON = np.dtype(
    [
        ("weight", np.int32, (TYPES,)),
        ("stochastic_weight", np.uint8, (TYPES,)),
        ("leak", np.int32),
        ("stochastic_leak", np.uint8),
        ("leak_reversal", np.uint8),
        ("threshold", np.int32),
        ("negative_threshold", np.int32),
        ("mask_bits", np.uint8),
        ("reset_mode", np.uint8),
        ("reset_value", np.int32),
        ("saturate", np.uint8),
        ("initial", np.int32),
        ("destination_core", np.int32),
        ("destination_axon", np.int32),
        ("delay", np.uint8),
    ]
)

Neurons = npt.NDArray[Any]

_WEIGHT = 2 ** (WEIGHT_BITS - 1) - 1
# Inclusive. That of destination_core depends on the number of cores.
LIMITS = {
    "weight": (-_WEIGHT, _WEIGHT),
    "stochastic_weight": (0, 1),
    "leak": (-255, 255),
    "stochastic_leak": (0, 1),
    "leak_reversal": (0, 1),
    "threshold": (0, 2**18 - 1),
    "negative_threshold": (0, 2**18 - 1),
    "mask_bits": (0, 18),
    "reset_mode": (RESET_TO_VALUE, RESET_NONE),
    "reset_value": (-(2**18) + 1, 2**18 - 1),
    "saturate": (0, 1),
    "initial": (POTENTIAL_MIN, POTENTIAL_MAX),
    "destination_axon": (0, AXONS - 1),
    "delay": (1, MAX_DELAY),
}


def idle(count: int) -> Neurons:
    """Return neurons that never fire, whatever arrives; NEURON[count]."""
    neurons = np.zeros(count, NEURON)
    neurons["threshold"] = LIMITS["threshold"][1]
    neurons["destination_core"] = NO_CORE
    neurons["delay"] = 1
    return neurons
