"""A torch network fed with spikes by tick, as the streaming engine is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.tick_spikes import TickSpikes, concatenated

try:
    import torch
except ImportError:
    raise BackendError(
        "training needs torch, which is not installed: pip install neuromorphic_ros[torch]"
    ) from None

from neuromorphic_ros.snn.network import NetworkState, TorchNetwork, dense, sparse

# Ticks whose dense input is held at a time.
MAX_TICKS = 500


class BatchOfOne:
    """Run a torch network, with whatever it keeps its state or weights in, for one robot.

    A network with graphs starts anew with every call of `run`.
    """

    def __init__(self, network: TorchNetwork) -> None:
        """Start at rest."""
        self._network, self._state = network, network.start(1)
        self.spec: NetworkSpec = network.spec()

    def reset(self) -> None:
        """Return to rest."""
        self._state = self._network.start(1)

    def run(self, spikes: TickSpikes) -> TickSpikes:
        """Run one tick per tick of `spikes` and return the spikes of the neurons.

        Raises SpikeError if an address is no channel.
        """
        length = max(1, spikes.ticks) if self.spec.graphs else MAX_TICKS
        starts = range(0, spikes.ticks, length)
        return concatenated(
            [self._part(spikes.between(at, min(at + length, spikes.ticks))) for at in starts]
        )

    def membrane(self, name: str) -> npt.NDArray[Any]:
        """Return the membranes of a population now, flat.

        Raises NetworkError if there is no such population.
        """
        size = math.prod(self.spec.population(name).shape)
        return np.asarray(self._state.neurons[name].membrane.reshape(size).cpu().numpy())

    def _part(self, spikes: TickSpikes) -> TickSpikes:
        state: NetworkState | None = None if self.spec.graphs else self._state
        with torch.no_grad():
            outputs, self._state = self._network(dense(self.spec, spikes), state)
        return sparse(self.spec, outputs)
