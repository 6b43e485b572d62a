"""What a network of integers does, counted from its spikes alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.loihi.dense import stored
from neuromorphic_ros.backends.loihi.engine import FixedNetwork

Amounts = npt.NDArray[np.float64]
Raster = npt.NDArray[np.bool_]


class Activity:
    """Count what FixedPointEngine counts while it runs, for an engine that tells spikes alone.

    ticks: that were run. spikes: of each channel, then neuron; int64. active: ticks in which each
    neuron received input; int64[neurons]. synapses: of each channel, then neuron; int64.
    """

    def __init__(self, network: FixedNetwork) -> None:
        """Count from zero."""
        self._network = network
        self._weights = [stored(connection.weights) for connection in network.connections]
        sources = network.channels + network.neurons
        self.ticks = 0
        self.spikes = np.zeros(sources, np.int64)
        self.active = np.zeros(network.neurons, np.int64)
        self.synapses = np.zeros(sources, np.int64)
        for connection, weights in zip(network.connections, self._weights, strict=True):
            rows = slice(connection.source, connection.source + weights.shape[0])
            self.synapses[rows] += np.diff(weights.indptr)
        # A connection takes one tick, and its delay on top.
        delays = [connection.delay for connection in network.connections]
        self._past = np.zeros((1 + max(delays, default=0), sources), np.int64)

    def forget(self) -> None:
        """Let nothing be under way; the counts go on."""
        self._past[:] = 0

    def add(self, driven: Amounts, fired: Raster) -> None:
        """Count the spikes of channels, (ticks, channels), and of neurons, (ticks, neurons).

        driven: what the message of each channel tells; it is one spike whatever that is.
        """
        rasters = np.concatenate([driven.astype(np.int64), fired], axis=1)
        ticks, past = len(rasters), len(self._past)
        self.ticks += ticks
        self.spikes += np.count_nonzero(rasters, axis=0)
        rasters = np.concatenate([self._past, rasters])
        self._past = rasters[ticks:]
        received = np.zeros(fired.shape, np.int64)
        for connection, weights in zip(self._network.connections, self._weights, strict=True):
            rows, columns = weights.shape
            source = slice(connection.source, connection.source + rows)
            target = slice(connection.target, connection.target + columns)
            sent = past - 1 - connection.delay
            total = rasters[sent : sent + ticks, source] @ weights
            up, down = max(connection.exponent, 0), max(-connection.exponent, 0)
            received[:, target] += total << up >> down
        self.active += np.count_nonzero(received, axis=0)
