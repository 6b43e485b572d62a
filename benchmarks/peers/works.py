"""What is run on every side: layers of LIF neurons, their input and the spikes they must give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.spikes import Addresses

DECAY = 0.5
TICKS = 200

Matrix = npt.NDArray[np.float32]


class Layer(NamedTuple):
    """LIF neurons: v <- v / 2 + I; a spike and v <- 0 at v >= threshold.

    weights: float32[pre, post]. recurrent: float32[post, post], acts one tick later.
    """

    weights: Matrix
    threshold: float
    recurrent: Matrix | None = None


class Work(NamedTuple):
    """A network, its input and its answer, tick by tick.

    inputs, outputs: sizes of the populations that share the first and the last layer.
    spikes: uint32[n] per tick, input channels. answer: uint32[n] per tick, neurons of all layers.
    """

    name: str
    activity: float
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    layers: tuple[Layer, ...]
    spikes: list[Addresses]
    answer: list[Addresses]

    @property
    def fan_out(self) -> npt.NDArray[np.int64]:
        """Number of synapses of each channel, then of each neuron; int64[channels + neurons]."""
        fans = [np.count_nonzero(layer.weights, axis=1) for layer in self.layers]
        fans.append(np.zeros(self.layers[-1].weights.shape[1], np.int64))
        for layer, fan in zip(self.layers, fans[1:], strict=True):
            if layer.recurrent is not None:
                fan += np.count_nonzero(layer.recurrent, axis=1)
        return np.concatenate(fans)

    @property
    def synapses(self) -> int:
        """Number of weights that are not zero."""
        return int(self.fan_out.sum())

    @property
    def synaptic_events(self) -> float:
        """Synapses that spikes pass in a tick, on average."""
        of_channel, of_neuron = np.split(self.fan_out, [sum(self.inputs)])
        events = int(of_channel[np.concatenate(self.spikes)].sum())
        events += int(of_neuron[np.concatenate(self.answer)].sum())
        return events / len(self.spikes)

    @property
    def neuron_activity(self) -> float:
        """Share of the neurons that fire in a tick, on average."""
        neurons = self.fan_out.size - sum(self.inputs)
        return np.concatenate(self.answer).size / neurons / len(self.answer)


def compared(activity: float) -> list[Work]:
    """Make the networks that are compared with other frameworks."""
    generator = np.random.default_rng(0)
    return [
        _work(
            "ff",
            activity,
            (4096,),
            (10,),
            [_weights(generator, 4096, 256), _weights(generator, 256, 10)],
        ),
        _work(
            "robot",
            activity,
            (1024, 360, 9),
            (2, 6),
            [
                _weights(generator, 1393, 256),
                _weights(generator, 256, 128),
                _weights(generator, 128, 8),
            ],
        ),
        # Recurrent weights too weak for the activity to die out or to run away.
        _work(
            "lsm",
            activity,
            (100,),
            (1000,),
            [_weights(generator, 100, 1000, 0.1, 128)],
            _weights(generator, 1000, 1000, 0.1, 16),
        ),
    ]


def scaled(activity: float) -> list[Work]:
    """Make one dense layer of 1k to 1M synapses, and 1000 neurons with 10 synapses each."""
    generator = np.random.default_rng(0)
    dense = [
        _work(f"dense_{name}", activity, (size,), (size,), [_weights(generator, size, size)])
        for name, size in (("1k", 32), ("10k", 100), ("100k", 316), ("1m", 1000))
    ]
    sparse = _work(
        "sparse_1000",
        activity,
        (1000,),
        (1000,),
        [_weights(generator, 1000, 1000, 0.005, 128)],
        _weights(generator, 1000, 1000, 0.005, 16),
    )
    return [*dense, sparse]


def _weights(
    generator: np.random.Generator,
    pre: int,
    post: int,
    probability: float = 1.0,
    largest: int = 64,
) -> Matrix:
    # Multiples of 1/256: their sums are exact in float32, whatever the order.
    values = generator.integers(-largest, largest, (pre, post), endpoint=True) / 256
    return np.where(generator.random((pre, post)) < probability, values, 0).astype(np.float32)


def _work(
    name: str,
    activity: float,
    inputs: tuple[int, ...],
    outputs: tuple[int, ...],
    matrices: Sequence[Matrix],
    recurrent: Matrix | None = None,
) -> Work:
    fired = np.random.default_rng(1).random((TICKS, sum(inputs))) < activity
    spikes = addresses(fired)
    layers, fired_by_layer = [], []
    for weights in matrices:
        layer = _layer(weights, recurrent, fired, activity)
        fired = simulate(layer, fired)
        layers.append(layer)
        fired_by_layer.append(fired)
    answer = addresses(np.hstack(fired_by_layer))
    return Work(name, activity, inputs, outputs, tuple(layers), spikes, answer)


def addresses(fired: npt.NDArray[np.bool_]) -> list[Addresses]:
    """Return the addresses that are set in each row."""
    return [np.flatnonzero(tick).astype(np.uint32) for tick in fired]


def _layer(
    weights: Matrix, recurrent: Matrix | None, fired: npt.NDArray[np.bool_], activity: float
) -> Layer:
    """Search the threshold at which the neurons are as active as their input."""
    low, high = 0.0, float(np.abs(weights).sum(axis=0).max())
    for _ in range(20):
        middle = (low + high) / 2
        if simulate(Layer(weights, middle, recurrent), fired).mean() > activity:
            low = middle
        else:
            high = middle
    # Off the grid of the potentials, so that >= and > are the same.
    return Layer(weights, (round(256 * high) + 1 / 3) / 256, recurrent)


def simulate(layer: Layer, fired: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Run one layer densely, in float32; bool[ticks, pre] to bool[ticks, post]."""
    currents = fired.astype(np.float32) @ layer.weights
    threshold = np.float32(layer.threshold)
    membrane = np.zeros(currents.shape[1], np.float32)
    out = np.zeros(currents.shape, bool)
    for tick, current in enumerate(currents):
        if layer.recurrent is not None and tick:
            current = current + out[tick - 1].astype(np.float32) @ layer.recurrent
        membrane = np.float32(DECAY) * membrane + current
        out[tick] = membrane >= threshold
        membrane[out[tick]] = 0
    return out
