"""The networks as users of norse, snntorch, spikingjelly and sinabs write them.

Every layer is a torch.nn.Linear and the framework's LIF cell, in eager mode, and takes and gives a
dense vector; a recurrent layer has a second Linear for its own spikes of the tick before. (The
recurrent cells of the frameworks differ: snntorch's computes the recurrent product twice with this
reset, that of sinabs forgets the last spikes at the end of each call, norse has none without
synaptic currents.) Surrogate gradients are off where the framework has a switch for it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import torch

from neuromorphic_ros.spikes import Addresses
from peers.works import DECAY, Layer, Matrix, Work

Cell = Callable[[torch.Tensor], torch.Tensor]
MakeCell = Callable[[int, float], Cell]


def norse_cell(size: int, threshold: float) -> Cell:
    """LIFBoxCell: v + dt / tau (2 I - v), the factor of I being in its Linear (see GAIN)."""
    from norse.torch import LIFBoxCell, LIFBoxFeedForwardState, LIFBoxParameters

    cell = LIFBoxCell(
        LIFBoxParameters(
            tau_mem_inv=torch.tensor(1 - DECAY), v_th=torch.tensor(threshold), method="heaviside"
        ),
        dt=1.0,
    )
    state = LIFBoxFeedForwardState(v=torch.zeros(1, size))

    def step(current: torch.Tensor) -> torch.Tensor:
        nonlocal state
        spikes: torch.Tensor
        spikes, state = cell(current, state)
        return spikes

    return step


def snntorch_cell(size: int, threshold: float) -> Cell:
    """Leaky, reset to zero within the tick."""
    import snntorch

    cell = snntorch.Leaky(
        beta=DECAY,
        threshold=threshold,
        reset_mechanism="zero",
        reset_delay=False,
        surrogate_disable=True,
        init_hidden=True,
    )
    return cell  # type: ignore[no-any-return]


def spikingjelly_cell(size: int, threshold: float) -> Cell:
    """LIFNode in single-step mode."""
    from spikingjelly.activation_based import neuron

    cell = neuron.LIFNode(
        tau=1 / (1 - DECAY), decay_input=False, v_threshold=threshold, v_reset=0.0
    )
    return cell.eval()  # type: ignore[no-any-return]


def sinabs_cell(size: int, threshold: float) -> Cell:
    """LIF with one time step per call."""
    from sinabs.activation import MembraneReset, SingleSpike
    from sinabs.layers import LIF

    cell = LIF(
        tau_mem=-1 / np.log(DECAY),
        spike_threshold=torch.tensor(threshold),
        spike_fn=SingleSpike,
        reset_fn=MembraneReset(),
        train_alphas=True,
        norm_input=False,
    )
    # The exponential may be off by one bit.
    cell.alpha_mem.data.fill_(DECAY)
    return lambda current: cell(current[None])[0]


FRAMEWORKS: dict[str, MakeCell] = {
    "norse": norse_cell,
    "snntorch": snntorch_cell,
    "spikingjelly": spikingjelly_cell,
    "sinabs": sinabs_cell,
}
GAIN = {"norse": 1 / (1 - DECAY)}


def installed() -> list[str]:
    """Return the names of the frameworks that can be imported."""
    return [name for name in FRAMEWORKS if importlib.util.find_spec(name)]


class Framework:
    """One network in one framework."""

    def __init__(self, name: str, work: Work) -> None:
        self._channels = sum(work.inputs)
        self._stages = [
            Stage(layer, FRAMEWORKS[name], GAIN.get(name, 1.0)) for layer in work.layers
        ]

    def prepare(self, spikes: Addresses) -> torch.Tensor:
        """Return one tick's input as the framework takes it."""
        dense = torch.zeros(1, self._channels)
        dense[0, torch.from_numpy(spikes.astype(np.int64))] = 1
        return dense

    def step(self, spikes: torch.Tensor) -> list[torch.Tensor]:
        """Run one tick; the spikes of every layer."""
        outputs = []
        for stage in self._stages:
            spikes = stage(spikes)
            outputs.append(spikes)
        return outputs

    def fired(self, outputs: list[torch.Tensor]) -> Addresses:
        """Return the addresses of the neurons that fired."""
        return np.flatnonzero(torch.cat(outputs, 1)[0].numpy()).astype(np.uint32)


class Stage:
    """One layer."""

    def __init__(self, layer: Layer, make_cell: MakeCell, gain: float) -> None:
        size = layer.weights.shape[1]
        self._linear = _linear(gain * layer.weights)
        self._recurrent = None if layer.recurrent is None else _linear(gain * layer.recurrent)
        self._cell = make_cell(size, layer.threshold)
        self._last = torch.zeros(1, size)

    def __call__(self, spikes: torch.Tensor) -> torch.Tensor:
        current = self._linear(spikes)
        if self._recurrent is not None:
            current = current + self._recurrent(self._last)
        self._last = self._cell(current)
        return self._last


def _linear(weights: Matrix) -> torch.nn.Linear:
    pre, post = weights.shape
    linear = torch.nn.Linear(pre, post, bias=False)
    linear.weight = torch.nn.Parameter(torch.from_numpy(weights.T.copy()), requires_grad=False)
    return linear
