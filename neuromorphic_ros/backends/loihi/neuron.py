"""The leaky integrate-and-fire neuron of Loihi in fixed point: its parameters and their ranges.

Every tick u <- u (4096 - du - 1) / 4096 + 64 a and v <- v (4096 - dv) / 4096 + u + bias, in
integers, with decayed values rounded toward zero. u wraps beyond 24 bits, once; v saturates at
them. A spike is fired at v > 64 vth and sets v to 0. The input a is the weights of what spiked a
tick before.

Source: PyLifModelBitAcc of Lava 0.10 (https://github.com/lava-nc/lava), which runs it on a
processor as Loihi does; Davies et al., IEEE Micro 38(1), 82-99, 2018.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.array import Array, Quantity, as_numpy

DECAY_BITS = 12
DECAY_UNITY = 1 << DECAY_BITS
STATE_LIMIT = 1 << 23
"""Where the signed 24 bits of u and v end."""
INPUT_SHIFT = 6
"""Weights and thresholds are multiples of 64 of u and v."""
MAX_DECAY = DECAY_UNITY - 1
MAX_THRESHOLD = (1 << 17) - 1
MIN_BIAS, MAX_BIAS, MAX_BIAS_EXPONENT = -4096, 4095, 7


class NeuronConstants(NamedTuple):
    """What a tick needs of each neuron, int32[neurons].

    keep_u, keep_v: what is left of 4096 after a tick. bias: added to v. threshold: of v.
    """

    keep_u: npt.NDArray[np.int32]
    keep_v: npt.NDArray[np.int32]
    bias: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.int32]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class FixedLif:
    """Neurons of one population, with the names of Lava; biases may differ between neurons."""

    size: Annotated[int, Field(ge=1, description="Number of neurons")]
    du: Annotated[int, Field(ge=0, le=MAX_DECAY, description="Decay of u in 1/4096, less 1")]
    dv: Annotated[int, Field(ge=0, le=MAX_DECAY, description="Decay of v in 1/4096")]
    vth: Annotated[int, Field(ge=0, le=MAX_THRESHOLD, description="Threshold in 64 of v")]
    bias_mant: Annotated[
        Quantity, Field(ge=MIN_BIAS, le=MAX_BIAS, description="Mantissa of the bias")
    ] = 0.0
    bias_exp: Annotated[
        Quantity, Field(ge=0, le=MAX_BIAS_EXPONENT, description="Exponent of the bias")
    ] = 0.0
    v: Annotated[
        Quantity, Field(ge=1 - STATE_LIMIT, le=STATE_LIMIT - 1, description="v at the start")
    ] = 0.0

    def __post_init__(self) -> None:
        for name in ("bias_mant", "bias_exp", "v"):
            given = getattr(self, name)
            if isinstance(given, Array) and given.shape != (self.size,):
                raise ValueError(f"{name} has shape {given.shape}, the population ({self.size},)")
            if np.any(as_numpy(given) % 1):
                raise ValueError(f"{name} holds something else than integers")

    def constants(self) -> NeuronConstants:
        """Return what a tick needs of each neuron."""
        bias = as_numpy(self.bias_mant, np.int32) << as_numpy(self.bias_exp, np.int32)
        return NeuronConstants(
            keep_u=self._each(DECAY_UNITY - (self.du + 1)),
            keep_v=self._each(DECAY_UNITY - self.dv),
            bias=self._each(bias),
            threshold=self._each(self.vth << INPUT_SHIFT),
        )

    def start(self) -> npt.NDArray[np.int32]:
        """Return v at the start; int32[neurons]."""
        return self._each(as_numpy(self.v, np.int32))

    def _each(self, values: Any) -> npt.NDArray[np.int32]:
        return np.full(self.size, values, np.int32)
