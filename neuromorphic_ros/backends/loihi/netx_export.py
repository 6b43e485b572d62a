"""Networks for lava-dl's netx, which loads them in Lava, for the simulation and for Loihi.

A file is HDF5, layer by layer, as lava.lib.dl.netx.hdf5.Network of lava-dl 0.6
(https://github.com/lava-nc/lava-dl) reads it. It holds less than Loihi does: one population after
the other, each driven by the one before and by itself; weights that are integers of 8 bits, so that
the membrane is counted in units of the smallest; biases in the same units; a start at rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.atomic_file import write_atomically
from neuromorphic_ros.backends.loihi.blocks import Block, block
from neuromorphic_ros.backends.loihi.dense import FixedDense
from neuromorphic_ros.backends.loihi.engine import FixedNetwork
from neuromorphic_ros.backends.loihi.neuron import INPUT_SHIFT, MAX_BIAS, FixedLif
from neuromorphic_ros.backends.loihi.quantisation import Misfit, Quantised, quantise
from neuromorphic_ros.snn.array import Array, as_numpy
from neuromorphic_ros.snn.spec import NetworkSpec

BIAS_EXPONENT = INPUT_SHIFT
"""Of all biases, in netx: they are counted in units of weights."""

Integers = npt.NDArray[np.int64]


class Layer(NamedTuple):
    """A population, what drives it, and how late; recurrent: it drives itself too, if not empty.

    weights: int64 (neurons, of the layer before). recurrent: int64 (neurons, neurons).
    """

    neurons: FixedLif
    weights: Integers
    recurrent: Integers
    delay: int


def layers(spec: NetworkSpec) -> tuple[Layer, ...]:
    """Express a network as netx can hold it, coarser than Loihi could.

    Raises Misfit that names everything that does not fit, its limit and a way out.
    """
    quantised = quantise(spec)
    network = quantised.network
    blocks = [block(network, index) for index in range(len(network.connections))]
    names = [population.population for population in quantised.populations]
    reasons: list[str] = []
    for node, (name, neurons) in enumerate(zip(names, network.populations, strict=True), 1):
        reasons += _refusals(f"population '{name}'", neurons, node, blocks)
    if reasons:
        raise Misfit(spec.name, tuple(reasons))
    return tuple(_layer(quantised, node, blocks) for node in range(1, 1 + len(names)))


def fixed_network(given: tuple[Layer, ...]) -> FixedNetwork:
    """Return the network that netx makes of layers, for the integer engine."""
    channels = given[0].weights.shape[1]
    connections, source, target = [], 0, 0
    for layer in given:
        size = layer.neurons.size
        connections.append(FixedDense(source, target, layer.weights.T, 0, layer.delay))
        source = channels + target
        if layer.recurrent.size:
            connections.append(FixedDense(source, target, layer.recurrent.T, 0))
        target += size
    return FixedNetwork(channels, tuple(layer.neurons for layer in given), tuple(connections))


def write_netx(path: Path, given: tuple[Layer, ...]) -> None:
    """Write layers; raises OSError if the file cannot be written, the old one is then as before."""
    content = BytesIO()
    with h5py.File(content, "w") as file:
        _write(file, {"type": "input", "shape": [given[0].weights.shape[1]]}, 0)
        for index, layer in enumerate(given, 1):
            _write(file, _fields(layer), index)
    write_atomically(path, content.getvalue())


def _refusals(name: str, neurons: FixedLif, node: int, blocks: list[Block]) -> Iterator[str]:
    if neurons.beyond_lava:
        has = " and ".join(neurons.beyond_lava)
        yield f"{name} has {has}, Lava's LIF in netx has not: take reset: hard, and leave it out"
    if np.any(neurons.start()):
        yield f"{name} starts off its reset value, in netx there: let both be the same"
    arriving = [each for each in blocks if each.post == node]
    before = [each for each in arriving if each.pre == node - 1]
    own = [each for each in arriving if each.pre == node]
    if len(before) != 1 or len(own) > 1 or len(arriving) > len(before) + len(own):
        yield (
            f"{name} is reached by {len(arriving)} projections, in netx by one from the layer "
            "before it and at most one from itself: put populations in a row"
        )
    elif not np.any(before[0].weights):
        yield f"{name} is reached by weights of 0 alone, which netx cannot load: leave it out"
    if any(each.delay for each in own) or (own and any(each.delay for each in before)):
        yield f"{name} drives itself, which netx lets no delay do: take the least delay_ticks"


def _layer(quantised: Quantised, node: int, blocks: list[Block]) -> Layer:
    arriving = [each for each in blocks if each.post == node]
    neurons, rounding = quantised.network.populations[node - 1], quantised.populations[node - 1]
    bias = as_numpy(neurons.bias_mant) * 2.0 ** as_numpy(neurons.bias_exp) / (1 << BIAS_EXPONENT)
    # netx has no exponents: what needs the coarsest tells the unit. A finer one might overflow.
    for_bias = math.ceil(math.log2(max(np.abs(bias).max() / MAX_BIAS, 1.0)))
    exponent = max(0, for_bias, *(each.exponent for each in arriving))
    unit = 2.0**exponent
    mixed = any(np.any(each.weights < 0) for each in arriving)
    found = {each.pre: _weights(each, exponent, mixed) for each in arriving}
    threshold = max(1, round(rounding.threshold / unit))
    must_exceed = neurons.vth == rounding.threshold
    size = neurons.size
    coarse = FixedLif(
        size=size,
        du=neurons.du,
        dv=neurons.dv,
        vth=threshold if must_exceed else threshold - 1,
        bias_mant=Array(np.broadcast_to(np.rint(bias / unit), (size,))),
        bias_exp=float(BIAS_EXPONENT),
    )
    recurrent = found.get(node, np.empty((0, 0), np.int64))
    delay = max(each.delay for each in arriving)
    return Layer(coarse, found[node - 1], recurrent, delay)


def _weights(given: Block, exponent: int, mixed: bool) -> Integers:
    # Of both signs, of which one may be that of the other weights of the layer, netx and Lava keep
    # even ones.
    step = 2 if mixed else 1
    exact = given.weights * 2.0 ** (given.exponent - exponent)
    return np.asarray(np.rint(exact / step) * step, np.int64)


def _fields(layer: Layer) -> dict[str, Any]:
    neurons = layer.neurons
    bias = np.broadcast_to(as_numpy(neurons.bias_mant, np.int64), (neurons.size,))
    fields = {
        "type": "dense_rec" if layer.recurrent.size else "dense",
        "shape": [neurons.size],
        "neuron/type": "CUBA",
        "neuron/iDecay": int(as_numpy(neurons.du)) + 1,
        "neuron/vDecay": int(as_numpy(neurons.dv)),
        "neuron/vThMant": neurons.vth,
        "neuron/refDelay": 1,
        "neuron/gradedSpike": False,
        "weight": layer.weights,
    }
    optional = {"weight_rec": layer.recurrent, "bias": bias, "delay": np.array(layer.delay)}
    return fields | {name: values for name, values in optional.items() if np.any(values)}


def _write(file: Any, fields: dict[str, Any], index: int) -> None:
    for name, value in fields.items():
        stored = np.array([value], "S10") if isinstance(value, str) else np.asarray(value)
        file.create_dataset(f"layer/{index}/{name}", data=stored)
