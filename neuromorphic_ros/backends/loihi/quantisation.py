"""Networks in the integers of Loihi: 8-bit weights, 12-bit decays, thresholds, and their errors."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse

from neuromorphic_ros.backends.loihi.chip import Core, place
from neuromorphic_ros.backends.loihi.conventions import (
    CONNECTION_TICKS,
    FixedNeuron,
    fixed_neuron,
    refusals,
    ticks_of,
)
from neuromorphic_ros.backends.loihi.dense import (
    MAX_EXPONENT,
    MAX_WEIGHT,
    MIN_EXPONENT,
    FixedDense,
)
from neuromorphic_ros.backends.loihi.engine import FixedNetwork
from neuromorphic_ros.backends.loihi.neuron import (
    DECAY_UNITY,
    INPUT_SHIFT,
    MAX_BIAS,
    MAX_BIAS_EXPONENT,
    MAX_DECAY,
    STATE_LIMIT,
    FixedLif,
)
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.array import Array, as_numpy
from neuromorphic_ros.snn.neurons.cuba import CubaLif
from neuromorphic_ros.snn.spec import NetworkSpec, Population
from neuromorphic_ros.snn.synapses import bias, connect

FINEST_THRESHOLD = 1 << 14
"""Weight units of a threshold at most, so that v holds 8 thresholds below zero."""
# Half of 24 bits, as rounding at most doubles a weight, less what rounding sums down adds.
CURRENT_LIMIT = 0.99 * STATE_LIMIT / 2
MAX_MIXED_WEIGHT = 254

Floats = npt.NDArray[np.float64]


class PopulationRounding(NamedTuple):
    """What integers change in a population.

    threshold: in weight units, the resolution of its membrane. voltage_decay, current_decay: what
    is left after a tick, less what should be; without synapses the latter is 0. bias: largest
    change per tick, in thresholds.
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
    late_ticks: how much later its spikes act. All but exponent and late_ticks are 0 if there is no
    weight.
    """

    projection: str
    exponent: int
    largest: float
    rms: float
    lost: float
    late_ticks: int


class Quantised(NamedTuple):
    """A network in integers, what that changed, and the cores that hold it.

    Neurons are in execution order, connections in the order of the projections.
    """

    network: FixedNetwork
    populations: tuple[PopulationRounding, ...]
    projections: tuple[ProjectionRounding, ...]
    cores: tuple[Core, ...]


class _Drive(NamedTuple):
    """Synapses of a projection, in membrane jumps of their targets, and where they lead."""

    source: int
    target: int
    jumps: Any


def quantise(spec: NetworkSpec) -> Quantised:
    """Express a network in Loihi's integers.

    A membrane is counted from its reset value, in units of which the threshold has as many as
    weights and input allow: even if all sources spike in every tick, no current leaves 24 bits.
    Raises NetworkError that names everything that does not fit, its limit and a way out.
    """
    reasons = refusals(spec)
    if reasons:
        raise NetworkError(f"network '{spec.name}' does not fit Loihi 2: {'; '.join(reasons)}")

    begin = _begin(spec)
    drives = [_drive(spec, index, begin) for index in range(len(spec.projections))]
    try:
        return _quantised(spec, begin, drives)
    except NetworkError as full:
        raise NetworkError(f"network '{spec.name}' does not fit Loihi 2: {full}") from None


def _begin(spec: NetworkSpec) -> dict[str, int]:
    """Return the first address of each input, then population in execution order."""
    names = [source.name for source in spec.inputs]
    names += [population.name for population in spec.execution_order()]
    sizes = [math.prod(spec.shapes[name]) for name in names]
    return dict(zip(names, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))


def _quantised(spec: NetworkSpec, begin: dict[str, int], drives: list[_Drive]) -> Quantised:
    populations, roundings = [], []
    thresholds, units = np.empty((2, spec.neurons))
    for population in spec.execution_order():
        first = begin[population.name] - spec.channels
        own = slice(first, first + population.size)
        fixed, rounding = _population(spec, population, own, drives)
        populations.append(fixed)
        roundings.append(rounding)
        thresholds[own] = rounding.threshold
        units[own] = rounding.threshold / _span(fixed_neuron(population))
    connections, changes = [], []
    for projection, drive in zip(spec.projections, drives, strict=True):
        connection, exact = _connection(drive, units)
        late_ticks = CONNECTION_TICKS - ticks_of(spec, projection)
        connections.append(connection)
        changes.append(_rounding(str(projection), connection, exact, thresholds, late_ticks))
    network = FixedNetwork(spec.channels, tuple(populations), tuple(connections))
    return Quantised(network, tuple(roundings), tuple(changes), place(_fan_in(network)))


def _span(neuron: FixedNeuron) -> Floats:
    """Return the way from reset to threshold of each neuron."""
    return np.asarray(as_numpy(neuron.threshold) - as_numpy(neuron.reset_value)).ravel()


def _drive(spec: NetworkSpec, index: int, begin: dict[str, int]) -> _Drive:
    projection, connection = spec.projections[index], connect(spec, index)
    pre, post = spec.end(projection.pre).name, spec.end(projection.post).name
    weight = connection.weight.astype(np.float64) * connection.scale
    if connection.row is None:
        matrix = scipy.sparse.csr_array(weight)
    else:
        parts: Any = (weight, connection.target, connection.row)
        matrix = scipy.sparse.csr_array(parts, shape=(connection.rows, connection.columns))
    population = spec.population(post)
    gain = np.broadcast_to(_gain(fixed_neuron(population), spec.dt_ms).ravel(), (population.size,))
    reached = slice(connection.post_start, connection.post_start + connection.columns)
    matrix.data = matrix.data * gain[reached][matrix.indices]
    matrix.eliminate_zeros()
    return _Drive(
        begin[pre] + connection.pre_start,
        begin[post] - spec.channels + connection.post_start,
        matrix,
    )


def _gain(neuron: FixedNeuron, dt_ms: float) -> Floats:
    """Return the membrane jump per weight."""
    constants = neuron.constants(dt_ms)
    through = as_numpy(neuron.input_gain) if isinstance(neuron, CubaLif) else 1.0
    return np.asarray(through * constants.gain, np.float64)


def _population(
    spec: NetworkSpec, population: Population, own: slice, drives: list[_Drive]
) -> tuple[FixedLif, PopulationRounding]:
    neuron, size = fixed_neuron(population), population.size
    constants = neuron.constants(spec.dt_ms)
    span = _span(neuron)
    decay = float(np.ravel(constants.decay)[0])
    synapse_decay = float(np.ravel(getattr(constants, "synapse_decay", 0.0))[0])
    dv = min(round(DECAY_UNITY * (1 - decay)), MAX_DECAY)
    du = min(max(round(DECAY_UNITY * (1 - synapse_decay)) - 1, 0), MAX_DECAY)

    drift = constants.drift + (decay - 1) * as_numpy(neuron.reset_value)
    drift = np.broadcast_to(np.ravel(drift), (size,)) + _projected_bias(spec, population)
    worst, largest = _input(own, drives)
    threshold = _threshold(
        population.name, worst / span * DECAY_UNITY / (du + 1), largest / span, drift / span
    )

    scale = (threshold << INPUT_SHIFT) / span
    mantissa, exponent = _bias(drift * scale)
    start = (np.ravel(neuron.state().membrane) - np.ravel(as_numpy(neuron.reset_value))) * scale
    start = np.clip(start, 1 - STATE_LIMIT, STATE_LIMIT - 1)
    # v >= threshold is v > vth in units, but for what decays leave between two units.
    vth = threshold if neuron.strict else threshold - 1
    fixed = FixedLif(
        size=size,
        du=du,
        dv=dv,
        vth=vth,
        bias_mant=Array(mantissa),
        bias_exp=Array(exponent),
        v=Array(np.broadcast_to(np.rint(start), (size,))),
    )
    return fixed, PopulationRounding(
        population=population.name,
        threshold=threshold,
        voltage_decay=(DECAY_UNITY - dv) / DECAY_UNITY - decay,
        current_decay=(DECAY_UNITY - du - 1) / DECAY_UNITY - synapse_decay,
        bias=float(np.abs((mantissa * 2.0**exponent / scale - drift) / span).max()),
    )


def _projected_bias(spec: NetworkSpec, population: Population) -> Floats:
    """Return the constant input of projections to each neuron, in membrane jumps."""
    total = np.zeros(population.size)
    for index, projection in enumerate(spec.projections):
        end = spec.end(projection.post)
        if end.name == population.name:
            total[end.start : end.stop] += bias(spec, index)
    return total * _gain(fixed_neuron(population), spec.dt_ms).ravel()


def _input(own: slice, drives: list[_Drive]) -> tuple[Floats, Floats]:
    """Return the largest sum that may reach each neuron in a tick, and its largest weight."""
    size = own.stop - own.start
    up, down, largest = np.zeros((3, size))
    for drive in drives:
        if own.start <= drive.target < own.stop:
            column = drive.target - own.start + drive.jumps.indices
            jumps = drive.jumps.data
            up += np.bincount(column, np.maximum(jumps, 0), size)
            down += np.bincount(column, np.maximum(-jumps, 0), size)
            np.maximum.at(largest, column, np.abs(jumps))
    return np.maximum(up, down), largest


def _threshold(name: str, worst: Floats, largest: Floats, drift: Floats) -> int:
    """Return the most units of a threshold with which everything fits; all in thresholds."""
    limits = (
        (CURRENT_LIMIT / (1 << INPUT_SHIFT), worst),
        (MAX_MIXED_WEIGHT << MAX_EXPONENT, largest),
        ((MAX_BIAS << MAX_BIAS_EXPONENT) / (1 << INPUT_SHIFT), np.abs(drift)),
    )
    limit, reached = max(limits, key=lambda each: float(each[1].max() / each[0]))
    units = 1.0 / max(reached.max() / limit, 1.0 / FINEST_THRESHOLD)
    if largest.any():
        # The largest weight is then an integer, so that equal ones add up to the threshold, which
        # weights in float32 may miss by less than a hundredth of a unit.
        step = 2.0 ** (_exponent(units * largest.max(), MAX_MIXED_WEIGHT) + 1)
        units = units * largest.max() // step * step / largest.max() + 0.01
    if units < 1:
        raise NetworkError(
            f"population '{name}' may receive {reached.max():g} thresholds in a tick, the integers "
            f"of Loihi hold {limit:.0f}: raise its threshold, or lower its weights or bias"
        )
    return int(units)


def _exponent(largest: float, limit: int) -> int:
    """Return the least exponent with which a weight is within a limit."""
    exponent = MIN_EXPONENT
    while largest > limit * 2.0**exponent:
        exponent += 1
    return exponent


def _bias(values: Floats) -> tuple[Floats, Floats]:
    """Return the mantissas and exponents that are nearest to biases."""
    exponent = np.zeros(values.shape)
    for _ in range(MAX_BIAS_EXPONENT):
        exponent += np.abs(np.rint(values / 2.0**exponent)) > MAX_BIAS
    return np.clip(np.rint(values / 2.0**exponent), -MAX_BIAS, MAX_BIAS), exponent


def _connection(drive: _Drive, units: Floats) -> tuple[FixedDense, Any]:
    """Return a connection in integers, and the weights that it should have, in the same order."""
    exact = drive.jumps.copy()
    exact.data = exact.data * units[drive.target + exact.indices]
    mixed = exact.data.min(initial=0) < 0 < exact.data.max(initial=0)
    limit, step = (MAX_MIXED_WEIGHT, 2) if mixed else (MAX_WEIGHT, 1)
    largest = float(np.abs(exact.data).max(initial=0))
    exponent = _exponent(largest, limit)
    weights = exact.copy()
    weights.data = (np.rint(exact.data / (step * 2.0**exponent)) * step).astype(np.int32)
    return FixedDense(drive.source, drive.target, weights, exponent), exact


def _rounding(
    name: str, connection: FixedDense, exact: Any, thresholds: Floats, late_ticks: int
) -> ProjectionRounding:
    given, kept = exact.data, connection.weights.data
    if not given.size:
        return ProjectionRounding(name, connection.exponent, 0.0, 0.0, 0.0, late_ticks)
    change = kept * 2.0**connection.exponent - given
    threshold = thresholds[connection.target + exact.indices]
    return ProjectionRounding(
        projection=name,
        exponent=connection.exponent,
        largest=float(np.abs(change / threshold).max()),
        rms=float(np.sqrt(np.mean(change**2) / np.mean(given**2))),
        lost=float(np.mean(kept == 0)),
        late_ticks=late_ticks,
    )


def _fan_in(network: FixedNetwork) -> npt.NDArray[np.int64]:
    total = np.zeros(network.neurons, np.int64)
    for connection in network.connections:
        reached = connection.weights.indices[connection.weights.data != 0]
        total += np.bincount(connection.target + reached, minlength=network.neurons)
    return total
