"""Synapses of Loihi in fixed point: 8-bit weights with a common exponent."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from neuromorphic_ros.backends.loihi.chip import chip
from neuromorphic_ros.errors import NetworkError

MAX_WEIGHT = 255
MIN_MIXED_WEIGHT = -256
MIN_EXPONENT, MAX_EXPONENT = -8, 7


class FixedDense(NamedTuple):
    """Synapses between ranges of neurons; a spike arrives in the next tick, or `delay` later.

    source: first address among the channels, then the neurons. target: first neuron.
    weights: scipy.sparse.csr_array, int32 (sources, targets). exponent: the weights of all that
    spiked in a tick are summed, then shifted by it, down where it is negative.

    Source: PyDenseModelBitAcc and PyDelayDenseModelBitAcc of Lava 0.10
    (https://github.com/lava-nc/lava).
    """

    source: int
    target: int
    weights: Any
    exponent: int
    delay: int = 0


def stored(weights: Any) -> Any:
    """Return weights as 8 bits keep them: scipy.sparse.csr_array int32 without zeros.

    weights: integers, (sources, targets), a matrix or scipy.sparse. Of one sign they saturate at
    255; of both they saturate at -256 and 255 and are rounded down to even numbers, as one bit is
    the sign.
    """
    kept = scipy.sparse.csr_array(weights, dtype=np.int32, copy=True)
    values = kept.data
    if values.min(initial=0) < 0 < values.max(initial=0):
        kept.data = np.clip(values, MIN_MIXED_WEIGHT, MAX_WEIGHT) >> 1 << 1
    else:
        kept.data = np.clip(values, -MAX_WEIGHT, MAX_WEIGHT)
    kept.eliminate_zeros()
    return kept


def check_exponent(exponent: int, name: str) -> None:
    """Raise NetworkError, which names the synapses, if an exponent is out of range."""
    if not MIN_EXPONENT <= exponent <= MAX_EXPONENT:
        raise NetworkError(
            f"{name}: exponent {exponent} of the weights is outside of "
            f"{MIN_EXPONENT}..{MAX_EXPONENT}; scale the weights"
        )


def check_delay(delay: int, name: str) -> None:
    """Raise NetworkError, which names the synapses, if a delay is out of range."""
    if not 0 <= delay <= chip().delay.value:
        raise NetworkError(
            f"{name}: a delay of {delay} ticks is outside of 0..{chip().delay.value}; let neurons "
            "between pass spikes on"
        )
