"""The compiled tick of the integer engine: neurons first, then the synapses of what spiked."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.loihi.neuron import DECAY_BITS, INPUT_SHIFT, STATE_LIMIT

RESET_DUE = -1

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


class Synapses(NamedTuple):
    """Synapses of all connections by source, and the sums that take a way of their own.

    Those of source k are row[k] to row[k + 1]; weight: int16, shifted up already; target: uint32,
    neurons, or beyond them the sums of connections that delay or have a negative exponent. Of each
    such connection, int64: `first` of its `size` sums, which are shifted down by `shift` and reach
    the neurons from `neuron` on `delay` ticks later than others.
    """

    row: Int64
    target: npt.NDArray[np.uint32]
    weight: npt.NDArray[np.int16]
    first: Int64
    size: Int64
    shift: Int64
    delay: Int64
    neuron: Int64


class State(NamedTuple):
    """What changes, and counts that only grow.

    u, v: int32[neurons]. rest: int32[neurons], ticks of refractoriness left, or RESET_DUE. input:
    int32[sums], what the next tick adds; zero between ticks beyond the neurons. later: int32[slots,
    neurons], what is added to the input after tick k, in slot k modulo slots. seen:
    uint8[channels], zero between ticks. spikes: int64[channels + neurons]. active: int64[neurons],
    ticks with input.
    """

    u: Int32
    v: Int32
    rest: Int32
    input: Int32
    later: Int32
    seen: npt.NDArray[np.uint8]
    spikes: Int64
    active: Int64


@numba.njit
def _toward_zero(product: Any) -> Any:
    shifted = abs(product) >> DECAY_BITS
    return shifted if product >= 0 else -shifted


@numba.njit
def advance(u: Any, v: Any, activation: Any, keep_u: Any, keep_v: Any, bias: Any) -> Any:
    """Return u and v of a neuron after a tick, before its floor and before it fires; int32."""
    # Sums wrap at 32 bits as Lava's do, before they wrap at 24.
    u = np.int32(_toward_zero(np.int64(u) * keep_u) + (np.int64(activation) << INPUT_SHIFT))
    if u > STATE_LIMIT:
        u = np.int32(u - 2 * STATE_LIMIT)
    elif u <= -STATE_LIMIT:
        u = np.int32(u + 2 * STATE_LIMIT)
    v = np.int32(_toward_zero(np.int64(v) * keep_v) + np.int64(u) + bias)
    return u, np.int32(min(max(v, 1 - STATE_LIMIT), STATE_LIMIT - 1))


@numba.njit
def _reset(v: Any, drop: Any) -> Any:
    return np.int32(v - drop if drop else 0)


@numba.njit
def _deliver(synapses: Any, activation: Any, source: Any) -> None:
    for place in range(synapses.row[source], synapses.row[source + 1]):
        activation[synapses.target[place]] += synapses.weight[place]


@numba.njit(cache=True, nogil=True)
def run(
    neurons: Any,
    synapses: Any,
    state: Any,
    address: Any,
    first: Any,
    start: int,
    before: int,
    payload: int,
    fired: Any,
    fired_first: Any,
) -> int:
    """Run the ticks from `start` on while there is room for their spikes.

    neurons: NeuronConstants. address: uint32[n], channels, those of tick k from first[k] to
    first[k + 1]. before: ticks of earlier runs. payload: most spikes of a channel in a tick that
    count. fired: uint32, where neurons that fire go; fired_first: int64[ticks + 1].
    Returns the first tick that was not run.
    """
    channels, size, slots = state.seen.size, state.v.size, state.later.shape[0]
    total = fired_first[start]
    for tick in range(start, first.size - 1):
        if fired.size - total < size:
            return tick
        begin = total
        for neuron in range(size):
            activation = state.input[neuron]
            state.input[neuron] = 0
            if activation != 0:
                state.active[neuron] += 1
            u, v = advance(
                state.u[neuron],
                state.v[neuron],
                activation,
                neurons.keep_u[neuron],
                neurons.keep_v[neuron],
                neurons.bias[neuron],
            )
            state.u[neuron] = u
            if state.rest[neuron] > 0:
                state.rest[neuron] -= 1
                continue
            if state.rest[neuron] == RESET_DUE:
                state.rest[neuron] = 0
                v = _reset(v, neurons.drop[neuron])
            v = max(v, neurons.floor[neuron])
            if v > neurons.threshold[neuron]:
                state.rest[neuron] = neurons.refractory[neuron]
                if not neurons.late[neuron]:
                    v = _reset(v, neurons.drop[neuron])
                elif not neurons.refractory[neuron]:
                    state.rest[neuron] = RESET_DUE
                fired[total] = neuron
                total += 1
            state.v[neuron] = v
        for place in range(first[tick], first[tick + 1]):
            channel = address[place]
            # One graded spike carries them all.
            state.spikes[channel] += state.seen[channel] == 0
            if state.seen[channel] < payload:
                state.seen[channel] += 1
                _deliver(synapses, state.input, channel)
        for place in range(first[tick], first[tick + 1]):
            state.seen[address[place]] = 0
        for place in range(begin, total):
            state.spikes[channels + fired[place]] += 1
            _deliver(synapses, state.input, channels + fired[place])
        for connection in range(synapses.first.size):
            slot = state.later[(before + tick + synapses.delay[connection]) % slots]
            for column in range(synapses.size[connection]):
                sum_place = synapses.first[connection] + column
                shifted = state.input[sum_place] >> synapses.shift[connection]
                slot[synapses.neuron[connection] + column] += shifted
                state.input[sum_place] = 0
        due = state.later[(before + tick) % slots]
        for neuron in range(size):
            state.input[neuron] += due[neuron]
            due[neuron] = 0
        fired_first[tick + 1] = total
    return int(first.size - 1)
