"""Networks in the integers of Loihi: 8-bit weights, 12-bit decays, thresholds, and their errors."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse

from neuromorphic_ros.backends.loihi.chip import Core, place
from neuromorphic_ros.backends.loihi.conventions import FixedNeuron, fixed_neuron, refusals
from neuromorphic_ros.backends.loihi.dense import FixedDense
from neuromorphic_ros.backends.loihi.engine import FixedNetwork, payload
from neuromorphic_ros.backends.loihi.neuron import (
    DECAY_UNITY,
    INPUT_SHIFT,
    MAX_BIAS,
    MAX_BIAS_EXPONENT,
    MAX_DECAY,
    STATE_LIMIT,
    FixedLif,
)
from neuromorphic_ros.backends.loihi.resolution import Floats, Load, code, threshold
from neuromorphic_ros.backends.loihi.timing import CONNECTION_TICKS, Timing, timed
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.array import Array, Quantity, as_numpy
from neuromorphic_ros.snn.neurons.cuba import CubaLif
from neuromorphic_ros.snn.spec import NetworkSpec, Population
from neuromorphic_ros.snn.synapses import bias, connect

MESSAGE_BITS = (3, 2, 0)
"""Of what channels carry: pixels of event cameras fire up to about 7 times in a tick of 10 ms."""
# Of a number near 1.
FLOAT32_ERROR = 1e-6


class PopulationRounding(NamedTuple):
    """What integers change in a population.

    threshold: in weight units, the resolution of its membrane. voltage_decay, current_decay: what
    is left after a tick, less what should be, of the neuron where this differs most; without
    synapses the latter is 0. bias: largest change per tick, in thresholds.
    """

    population: str
    threshold: int
    voltage_decay: float
    current_decay: float
    bias: float


class ProjectionRounding(NamedTuple):
    """What integers change in a projection.

    exponent: of its weights. largest: greatest change of a weight, in thresholds. rms: root mean
    square of the changes over that of the weights. lost: share of the weights that became zero.
    All but the exponent are 0 if there is no weight.
    """

    projection: str
    exponent: int
    largest: float
    rms: float
    lost: float


class Quantised(NamedTuple):
    """A network in integers, what that changed, and the cores that hold it.

    Neurons are in execution order, connections in the order of the projections.
    origin, scale: float64[neurons]; v of a neuron is its membrane less `origin`, times `scale`.
    weight_error: root mean square of the changes of all weights over that of the weights; NaN if
    there is none.
    """

    network: FixedNetwork
    origin: Floats
    scale: Floats
    populations: tuple[PopulationRounding, ...]
    projections: tuple[ProjectionRounding, ...]
    weight_error: float
    timing: Timing
    cores: tuple[Core, ...]


class Misfit(NetworkError):
    """A network that does not fit Loihi; reasons: each an item, its limit and a way out."""

    def __init__(self, network: str, reasons: tuple[str, ...]) -> None:
        """Say all reasons in one line."""
        super().__init__(f"network '{network}' does not fit Loihi 2: {'; '.join(reasons)}")
        self.reasons = reasons


class _Drive(NamedTuple):
    """Synapses of a projection, and where they lead.

    weights: float64[synapses], in the order of `jumps`, which has their effect on the membrane of
    their targets: scipy.sparse.csr_array (sources, targets).
    """

    source: int
    target: int
    weights: Floats
    jumps: Any


class _Arriving(NamedTuple):
    """What a projection brings to a population.

    column: target of each synapse. jumps: of the membrane. most: spikes of a source in a tick.
    """

    column: npt.NDArray[np.int64]
    jumps: Floats
    most: int


def quantise(spec: NetworkSpec) -> Quantised:
    """Express a network in Loihi's integers.

    A membrane is counted from its reset value, or from 0 if it resets by subtraction, in units of
    which the threshold has as many as weights and input allow: even if all sources spike in every
    tick, channels as often as their messages tell, no current leaves 24 bits. Messages are the
    longest of MESSAGE_BITS with which the network fits.
    Raises Misfit that names everything that does not fit, its limit and a way out.
    """
    reasons = refusals(spec)
    if reasons:
        raise Misfit(spec.name, reasons)
    begin = _begin(spec)
    drives = [_drive(spec, index, begin) for index in range(len(spec.projections))]
    for message_bits in MESSAGE_BITS:
        try:
            return _quantised(spec, begin, drives, message_bits)
        except NetworkError as full:
            reason = str(full)
    raise Misfit(spec.name, (reason,))


def _quantised(
    spec: NetworkSpec, begin: dict[str, int], drives: Sequence[_Drive], message_bits: int
) -> Quantised:
    timing = timed(spec)
    populations, roundings = [], []
    origin, units, thresholds = np.empty((3, spec.neurons))
    for population in spec.execution_order():
        first = begin[population.name] - spec.channels
        own = slice(first, first + population.size)
        arriving = _arriving(own, drives, payload(message_bits), spec.channels)
        fixed, rounding = _population(spec, population, arriving)
        populations.append(fixed)
        roundings.append(rounding)
        thresholds[own] = rounding.threshold
        origin[own] = _origin(fixed_neuron(population))
        units[own] = rounding.threshold / _span(fixed_neuron(population))
    connections, changes = [], []
    squares = np.zeros(2)
    for index, (projection, drive) in enumerate(zip(spec.projections, drives, strict=True)):
        delay = timing.takes_ticks[index] - CONNECTION_TICKS
        connection, ratio = _connection(drive, units, delay)
        connections.append(connection)
        changes.append(_rounding(str(projection), connection, drive, ratio, units / thresholds))
        change = drive.weights * (ratio - 1)
        squares += np.sum(change**2), np.sum(drive.weights**2)
    network = FixedNetwork(spec.channels, tuple(populations), tuple(connections), message_bits)
    return Quantised(
        network=network,
        origin=origin,
        scale=units * (1 << INPUT_SHIFT),
        populations=tuple(roundings),
        projections=tuple(changes),
        weight_error=math.sqrt(squares[0] / squares[1]) if squares[1] else math.nan,
        timing=timing,
        cores=place(_fan_in(network)),
    )


def _begin(spec: NetworkSpec) -> dict[str, int]:
    """Return the first address of each input, then population in execution order."""
    names = [source.name for source in spec.inputs]
    names += [population.name for population in spec.execution_order()]
    sizes = [math.prod(spec.shapes[name]) for name in names]
    return dict(zip(names, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))


def _origin(neuron: FixedNeuron) -> Floats:
    """Return the membrane that v = 0 stands for."""
    subtracts = neuron.reset == "subtract"
    return np.zeros(1) if subtracts else np.ravel(as_numpy(neuron.reset_value))


def _span(neuron: FixedNeuron) -> Floats:
    """Return the way from the origin to the threshold."""
    return np.asarray(np.ravel(as_numpy(neuron.threshold)) - _origin(neuron))


def _gain(neuron: FixedNeuron, dt_ms: float) -> Floats:
    """Return the membrane jump per weight."""
    constants = neuron.constants(dt_ms)
    through = as_numpy(neuron.input_gain) if isinstance(neuron, CubaLif) else 1.0
    return np.asarray(np.ravel(through * constants.gain), np.float64)


def _drive(spec: NetworkSpec, index: int, begin: dict[str, int]) -> _Drive:
    projection, connection = spec.projections[index], connect(spec, index)
    pre, post = spec.end(projection.pre).name, spec.end(projection.post).name
    weight = connection.weight.astype(np.float64) * connection.scale
    if connection.row is None:
        matrix = scipy.sparse.csr_array(weight)
    else:
        parts: Any = (weight, connection.target, connection.row)
        matrix = scipy.sparse.csr_array(parts, shape=(connection.rows, connection.columns))
    matrix.eliminate_zeros()
    population = spec.population(post)
    gain = np.broadcast_to(_gain(fixed_neuron(population), spec.dt_ms), (population.size,))
    reached = slice(connection.post_start, connection.post_start + connection.columns)
    jumps = matrix.copy()
    jumps.data = matrix.data * gain[reached][matrix.indices]
    return _Drive(
        source=begin[pre] + connection.pre_start,
        target=begin[post] - spec.channels + connection.post_start,
        weights=matrix.data,
        jumps=jumps,
    )


def _population(
    spec: NetworkSpec, population: Population, arriving: Sequence[_Arriving]
) -> tuple[FixedLif, PopulationRounding]:
    neuron, size = fixed_neuron(population), population.size
    constants, rules = neuron.constants(spec.dt_ms), neuron.rules(spec.dt_ms)
    origin, span = _origin(neuron), _span(neuron)
    decay = np.ravel(constants.decay)
    synapse_decay = np.ravel(getattr(constants, "synapse_decay", 0.0))
    dv = np.minimum(np.rint(DECAY_UNITY * (1 - decay)), MAX_DECAY)
    du = np.clip(np.rint(DECAY_UNITY * (1 - synapse_decay)) - 1, 0, MAX_DECAY)

    drift = np.ravel(constants.drift) + (decay - 1) * origin
    drift = np.broadcast_to(drift, (size,)) + _projected_bias(spec, population)
    up, down, largest = _sums(size, arriving)
    load = Load(
        current=np.maximum(up, down) / span * DECAY_UNITY / (du + 1),
        weight=largest / span,
        drift=drift / span,
    )
    spans = np.broadcast_to(span, (size,))
    weights = [each.jumps / spans[each.column] for each in arriving]
    units = threshold(population.name, load, weights)

    scale = (units << INPUT_SHIFT) / span
    mantissa, exponent = _bias(drift * scale)
    start = _within((np.ravel(neuron.state().membrane) - origin) * scale)
    floor = (np.ravel(constants.floor) - origin) * scale if rules.bounded else -np.inf
    fixed = FixedLif(
        size=size,
        du=_common(du, size),
        dv=_common(dv, size),
        vth=units,
        bias_mant=Array(mantissa),
        bias_exp=Array(exponent),
        v=Array(np.broadcast_to(start, (size,))),
        drop=units if rules.subtract else 0,
        floor=_common(_within(floor), size),
        refractory=neuron.refractory_ticks(spec.dt_ms),
        late=rules.reset_next_tick,
    )
    # A leak too slow for 12 bits is lost, but in float keeps sums of several ticks below the
    # threshold.
    creeps = np.any((decay < 1) & (dv == 0)) and not _reaches(weights)
    if not (rules.strict or creeps):
        fixed = _reached(fixed)
    return fixed, PopulationRounding(
        population=population.name,
        threshold=units,
        voltage_decay=_farthest((DECAY_UNITY - dv) / DECAY_UNITY - decay),
        current_decay=_farthest((DECAY_UNITY - du - 1) / DECAY_UNITY - synapse_decay),
        bias=float(np.abs((mantissa * 2.0**exponent / scale - drift) / span).max()),
    )


def _reached(fixed: FixedLif) -> FixedLif:
    """Let neurons fire at their threshold too, and not above it alone.

    Those of Lava then fire within a weight unit below it, where decays leave them.
    """
    if fixed.beyond_lava:
        return dataclasses.replace(fixed, vth_fine=-1)
    return dataclasses.replace(fixed, vth=fixed.vth - 1)


def _reaches(weights: Sequence[Floats]) -> bool:
    """Tell whether one weight, in thresholds, is the threshold."""
    return any(np.any(np.abs(each - 1) < FLOAT32_ERROR) for each in weights)


def _within(v: Any) -> Floats:
    """Return the values of v that are nearest; float64."""
    return np.atleast_1d(np.clip(np.rint(v), 1 - STATE_LIMIT, STATE_LIMIT - 1))


def _common(values: Floats, size: int) -> Quantity:
    """Return one number for all neurons if they have the same."""
    if np.all(values == values[0]):
        return float(values[0])
    return Array(np.broadcast_to(values, (size,)))


def _farthest(changes: Floats) -> float:
    return float(changes[np.abs(changes).argmax()])


def _projected_bias(spec: NetworkSpec, population: Population) -> Floats:
    """Return the constant input of projections to each neuron, in membrane jumps."""
    total = np.zeros(population.size)
    for index, projection in enumerate(spec.projections):
        end = spec.end(projection.post)
        if end.name == population.name:
            total[end.start : end.stop] += bias(spec, index)
    return total * _gain(fixed_neuron(population), spec.dt_ms)


def _arriving(own: slice, drives: Sequence[_Drive], told: int, channels: int) -> list[_Arriving]:
    """Return what projections bring to a population; told: most spikes of a channel in a tick."""
    return [
        _Arriving(
            drive.target - own.start + drive.jumps.indices.astype(np.int64),
            drive.jumps.data,
            told if drive.source < channels else 1,
        )
        for drive in drives
        if own.start <= drive.target < own.stop
    ]


def _sums(size: int, arriving: Sequence[_Arriving]) -> tuple[Floats, Floats, Floats]:
    """Return the largest sums up and down that may reach each neuron, and its largest weight."""
    up, down, largest = np.zeros((3, size))
    for column, jumps, most in arriving:
        up += np.bincount(column, np.maximum(most * jumps, 0), size)
        down += np.bincount(column, np.maximum(-most * jumps, 0), size)
        np.maximum.at(largest, column, np.abs(jumps))
    return up, down, largest


def _bias(values: Floats) -> tuple[Floats, Floats]:
    """Return the mantissas and exponents that are nearest to biases."""
    exponent = np.zeros(values.shape)
    for _ in range(MAX_BIAS_EXPONENT):
        exponent += np.abs(np.rint(values / 2.0**exponent)) > MAX_BIAS
    return np.clip(np.rint(values / 2.0**exponent), -MAX_BIAS, MAX_BIAS), exponent


def _connection(drive: _Drive, units: Floats, delay: int) -> tuple[FixedDense, Floats]:
    """Return a connection in integers, and its weights over those that it should have."""
    exact = drive.jumps.data * units[drive.target + drive.jumps.indices]
    found = code(exact)
    weights = drive.jumps.copy()
    weights.data = (np.rint(exact / found.units) * found.step).astype(np.int32)
    kept = weights.data * 2.0**found.exponent
    ratio = np.divide(kept, exact, out=np.ones_like(exact), where=exact != 0)
    return FixedDense(drive.source, drive.target, weights, found.exponent, delay), ratio


def _rounding(
    name: str, connection: FixedDense, drive: _Drive, ratio: Floats, per_jump: Floats
) -> ProjectionRounding:
    """Return what changed; per_jump: thresholds per membrane jump, of each neuron."""
    if not ratio.size:
        return ProjectionRounding(name, connection.exponent, 0.0, 0.0, 0.0)
    change = np.abs(drive.jumps.data * (ratio - 1))
    given = drive.weights
    return ProjectionRounding(
        projection=name,
        exponent=connection.exponent,
        largest=float((change * per_jump[drive.target + drive.jumps.indices]).max()),
        rms=float(np.sqrt(np.sum((given * (ratio - 1)) ** 2) / np.sum(given**2))),
        lost=float(np.mean(connection.weights.data == 0)),
    )


def _fan_in(network: FixedNetwork) -> npt.NDArray[np.int64]:
    total = np.zeros(network.neurons, np.int64)
    for connection in network.connections:
        reached = connection.weights.indices[connection.weights.data != 0]
        total += np.bincount(connection.target + reached, minlength=network.neurons)
    return total
