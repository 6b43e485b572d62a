"""The leaky integrate-and-fire neuron of Loihi in fixed point: its parameters and their ranges.

Every tick u <- u (4096 - du - 1) / 4096 + 64 a and v <- v (4096 - dv) / 4096 + u + bias, in
integers, with decayed values rounded toward zero. u wraps beyond 24 bits, once; v saturates at
them. A spike is fired at v > 64 vth and sets v to 0. The input a is the weights of what spiked a
tick before.

Source: PyLifModelBitAcc of Lava 0.10 (https://github.com/lava-nc/lava), which runs it on a
processor as Loihi does; Davies et al., IEEE Micro 38(1), 82-99, 2018.

Neurons of Loihi 2 are programs (Orchard et al., IEEE SiPS 2021, arXiv:2111.03746), so what one more
comparison, subtraction or counter does is within their reach: a spike that takes `drop` off v
instead, or resets it a tick later; a floor of v; ticks after a spike in which v stays as it is; a
threshold that is no multiple of 64; decays of each neuron. Lava's neuron has none of these.
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
MAX_REFRACTORY = (1 << 16) - 1


class NeuronConstants(NamedTuple):
    """What a tick needs of each neuron, int32[neurons].

    keep_u, keep_v: what is left of 4096 after a tick. bias: added to v. threshold: of v. drop: what
    a spike takes off v; 0: all. floor: least v. refractory: ticks after a spike. late: 1 if a spike
    resets v in the next tick.
    """

    keep_u: npt.NDArray[np.int32]
    keep_v: npt.NDArray[np.int32]
    bias: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.int32]
    drop: npt.NDArray[np.int32]
    floor: npt.NDArray[np.int32]
    refractory: npt.NDArray[np.int32]
    late: npt.NDArray[np.int32]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class FixedLif:
    """Neurons of one population, with the names of Lava where it has them."""

    size: Annotated[int, Field(ge=1, description="Number of neurons")]
    du: Annotated[Quantity, Field(ge=0, le=MAX_DECAY, description="Decay of u in 1/4096, less 1")]
    dv: Annotated[Quantity, Field(ge=0, le=MAX_DECAY, description="Decay of v in 1/4096")]
    vth: Annotated[int, Field(ge=0, le=MAX_THRESHOLD, description="Threshold in 64 of v")]
    vth_fine: Annotated[int, Field(ge=-63, le=63, description="Added to it, in v")] = 0
    bias_mant: Annotated[
        Quantity, Field(ge=MIN_BIAS, le=MAX_BIAS, description="Mantissa of the bias")
    ] = 0.0
    bias_exp: Annotated[
        Quantity, Field(ge=0, le=MAX_BIAS_EXPONENT, description="Exponent of the bias")
    ] = 0.0
    v: Annotated[
        Quantity, Field(ge=1 - STATE_LIMIT, le=STATE_LIMIT - 1, description="v at the start")
    ] = 0.0
    drop: Annotated[
        int,
        Field(ge=0, le=MAX_THRESHOLD, description="What a spike takes off v, in 64 of v; 0: all"),
    ] = 0
    floor: Annotated[
        Quantity, Field(ge=1 - STATE_LIMIT, le=STATE_LIMIT - 1, description="Least v")
    ] = float(1 - STATE_LIMIT)
    refractory: Annotated[
        int, Field(ge=0, le=MAX_REFRACTORY, description="Ticks after a spike in which v stays")
    ] = 0
    late: Annotated[
        bool, Field(description="A spike resets v after what the next tick adds; not if refractory")
    ] = False

    def __post_init__(self) -> None:
        for name in ("du", "dv", "bias_mant", "bias_exp", "v", "floor"):
            given = getattr(self, name)
            if isinstance(given, Array) and given.shape != (self.size,):
                raise ValueError(f"{name} has shape {given.shape}, the population ({self.size},)")
            if np.any(as_numpy(given) % 1):
                raise ValueError(f"{name} holds something else than integers")

    def constants(self) -> NeuronConstants:
        """Return what a tick needs of each neuron."""
        bias = as_numpy(self.bias_mant, np.int32) << as_numpy(self.bias_exp, np.int32)
        return NeuronConstants(
            keep_u=self._each(DECAY_UNITY - 1 - as_numpy(self.du, np.int32)),
            keep_v=self._each(DECAY_UNITY - as_numpy(self.dv, np.int32)),
            bias=self._each(bias),
            threshold=self._each((self.vth << INPUT_SHIFT) + self.vth_fine),
            drop=self._each(self.drop << INPUT_SHIFT),
            floor=self._each(as_numpy(self.floor, np.int32)),
            refractory=self._each(self.refractory),
            late=self._each(self.late),
        )

    @property
    def beyond_lava(self) -> tuple[str, ...]:
        """What its neurons do that those of Lava do not."""
        has = {
            "reset by subtraction": self.drop > 0,
            "a floor": np.any(as_numpy(self.floor) > 1 - STATE_LIMIT),
            "a refractory period": self.refractory > 0,
            "a reset a tick late": self.late,
            "a threshold between weight units": self.vth_fine != 0,
            "time constants of their own": isinstance(self.du, Array) or isinstance(self.dv, Array),
        }
        return tuple(name for name, present in has.items() if present)

    def start(self) -> npt.NDArray[np.int32]:
        """Return v at the start; int32[neurons]."""
        return self._each(as_numpy(self.v, np.int32))

    def _each(self, values: Any) -> npt.NDArray[np.int32]:
        return np.full(self.size, values, np.int32)
