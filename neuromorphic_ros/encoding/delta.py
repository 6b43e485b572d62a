"""Step-forward code: the change of each channel as spikes up and down."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.encoding.trains import numbered
from neuromorphic_ros.spikes import Shape, SpikeBatch

Values = npt.NDArray[np.float64]


class DeltaCode:
    """Code each channel by spikes up and down, one per step that it has moved.

    The base of each channel follows the spikes alone, so adding up the steps rebuilds the signal
    within one step. Step-forward code of Kasabov et al., "Evolving spatio-temporal data machines
    based on the NeuCube neuromorphic framework", Neural Networks 78, 2016.
    """

    _previous_ns: int | None

    def __init__(self, channels: int) -> None:
        """Start without a base."""
        self._channels = channels
        self.reset()

    @property
    def shape(self) -> Shape:
        """(2, channels): polarity 1 = up."""
        return (2, self._channels)

    def encode(self, value: Values, step: Values, stamp_ns: int) -> SpikeBatch:
        """Return the steps since the previous sample, at linearly interpolated times.

        value, step: float64[channels], finite, step above zero; `stamp_ns` later than that of the
        previous sample. Ordered by time, then address. The first sample sets the base and gives
        none.
        """
        if self._previous_ns is None:
            self._base = value
            spikes = SpikeBatch.empty(self.shape)
        else:
            spikes = self._steps(value, step, self._previous_ns, stamp_ns)
        self._previous = value
        self._previous_ns = stamp_ns
        return spikes

    def complete_ns(self, stamp_ns: int) -> int:
        """Return `stamp_ns`: later samples give later steps."""
        return stamp_ns

    def reset(self) -> None:
        """Forget all samples."""
        self._previous_ns = None
        self._previous = np.zeros(self._channels)
        self._base = np.zeros(self._channels)

    def _steps(self, value: Values, step: Values, previous_ns: int, stamp_ns: int) -> SpikeBatch:
        change = value - self._base
        counts = np.floor(np.abs(change) / step).astype(np.int64)
        signed = np.copysign(step, change)
        channel, number = numbered(counts)
        level = self._base[channel] + number * signed[channel]
        rise = (value - self._previous)[channel]
        # A smaller step set at run time can leave levels that were passed before this interval.
        ahead = (level - self._previous[channel]) * np.sign(signed[channel])
        fraction = np.where(ahead > 0.0, ahead / np.maximum(np.abs(rise), 1e-300), 0.0)
        offset_ns = np.rint(np.minimum(fraction, 1.0) * (stamp_ns - previous_ns)).astype(np.int64)
        address = channel + self._channels * (change > 0.0)[channel]
        order = np.lexsort((address, offset_ns))
        self._base = self._base + counts * signed
        return SpikeBatch(
            self.shape, address[order].astype(np.uint32), previous_ns + offset_ns[order]
        )
