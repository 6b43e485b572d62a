"""Latency code: the level of each channel as the time to its first spike."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.spikes import Shape, SpikeBatch

_LONG_AGO_NS = -(2**63)


class LatencyCode:
    """Code each channel by one spike per sweep: the higher its level, the earlier.

    Latency code of Thorpe, "Spike arrival times: a highly efficient coding scheme for neural
    networks", 1990. Two more addresses mark the start and the end of each sweep. A sample taken
    before the sweep of the last one is over is skipped and counted in `skipped`.
    """

    skipped: int
    _sweep_end_ns: int

    def __init__(self, channels: int) -> None:
        """Start without samples."""
        self._channels = channels
        self.reset()

    @property
    def shape(self) -> Shape:
        """(channels + 2,): the channels, start of sweep, end of sweep."""
        return (self._channels + 2,)

    def encode(self, level: npt.NDArray[np.float64], stamp_ns: int, sweep_ms: float) -> SpikeBatch:
        """Return a sweep: spikes from `stamp_ns`, of level 1, to `stamp_ns` + sweep, of nearly 0.

        level: float64[channels], 0 to 1; channels at 0 do not spike.
        """
        if stamp_ns < self._sweep_end_ns:
            self.skipped += 1
            return SpikeBatch.empty(self.shape)
        sweep_ns = round(sweep_ms * 1e6)
        spiking = np.flatnonzero(level > 0.0)
        latency_ns = np.rint((1.0 - level[spiking]) * sweep_ns).astype(np.int64)
        markers = (self._channels, self._channels + 1)
        address = np.concatenate((spiking, markers)).astype(np.uint32)
        time_ns = stamp_ns + np.concatenate((latency_ns, (0, sweep_ns)))
        order = np.argsort(time_ns, kind="stable")
        self._sweep_end_ns = stamp_ns + sweep_ns
        return SpikeBatch(self.shape, address[order], time_ns[order])

    def complete_ns(self, stamp_ns: int) -> int:
        """Return the end of the sweep: no sample before it is taken."""
        return max(stamp_ns, self._sweep_end_ns)

    def reset(self) -> None:
        """Forget the last sweep and the count of skipped samples."""
        self.skipped = 0
        self._sweep_end_ns = _LONG_AGO_NS
