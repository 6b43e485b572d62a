"""Say the neurons of a population in parameters of the chip's circuits, or refuse them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.backends.brainscales.chip import Range, chip
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.array import as_numpy
from neuromorphic_ros.snn.neurons.cuba import CubaLif
from neuromorphic_ros.snn.neurons.leaky import If, Lif
from neuromorphic_ros.snn.spec import NetworkSpec, Population

# A tick is at least as long as the circuits need to raise and reset a membrane.
SHORTEST_TICK_US = 0.5
# Of a tick: the synapse of a neuron without one of its own, and the least time between two spikes
# of a neuron, which fires once per tick elsewhere.
SYNAPSE_OF_TICK = 1 / 3
REFRACTORY_OF_TICK = 1 / 2
# The rest that pynn-brainscales calibrates by default leaves room for inhibition below.
REST_LSB = 80
# How far the highest threshold of a population may lie above its rest, from fine to coarse weights;
# below the last, noise and mismatch of the circuits are large against it.
SCALES_LSB = (140, 70, 35, 20)
# A membrane that is raised by more fires all the same.
MOST_THRESHOLDS = 4.0

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Dynamics(NamedTuple):
    """A population as its membranes move, from rest, in units of the network and us of the chip.

    Per neuron, float64: charge, what one unit of weight adds to the membrane in all; threshold;
    reset; shift, where constant input moves the rest to. saturated: by parameter, the value that it
    should have and the one that the chip can set, of the neuron that is furthest off, in ms of the
    robot. lost: what
    the circuits do not do.
    """

    tau_mem_us: Floats
    tau_syn_us: Floats
    refractory_us: float
    charge: Floats
    threshold: Floats
    reset: Floats
    shift: Floats
    strict: bool
    saturated: Mapping[str, tuple[float, float]]
    lost: tuple[str, ...]


class Cells(NamedTuple):
    """Parameters of the circuits of a population, float64[n]; potentials are whole LSB."""

    v_rest_lsb: Floats
    v_reset_lsb: Floats
    v_thresh_lsb: Floats
    tau_mem_us: Floats
    tau_syn_us: Floats
    refractory_us: float


class Translation(NamedTuple):
    """A population on the chip.

    weights: scipy CSC of whole LSB, of several synapses where above the largest of one. scale: LSB
    per unit of the membrane. weight_error: sums of squares of the changes of weights, and of the
    weights.
    """

    cells: Cells
    weights: Any
    scale: float
    weight_error: tuple[float, float]
    saturated: Mapping[str, tuple[float, float]]


def speed_up(spec: NetworkSpec) -> float:
    """Return how much faster than the robot the chip runs: its usual ratio, or above.

    Faster, slow membranes come into the range of the circuits, as long as a tick stays long enough.
    """
    slowest = max(
        float(np.max(_tau_ms(each.neuron.constants(spec.dt_ms).decay, spec.dt_ms)))
        if isinstance(each.neuron, (Lif, CubaLif)) and not each.graph
        else 0.0
        for each in spec.populations
    )
    tick_us = 1e3 * spec.dt_ms / chip().speed_up
    if slowest:
        wanted_us = spec.dt_ms / slowest * chip().tau_mem_us.high
        # Whole tenths, which every simulator resolves.
        wanted_us = math.floor(10 * wanted_us + 1e-9) / 10
        tick_us = min(tick_us, max(wanted_us, SHORTEST_TICK_US))
    return 1e3 * spec.dt_ms / tick_us


def dynamics(population: Population, bias: Floats, dt_ms: float, speed_up: float) -> Dynamics:
    """Return how the membranes of a population move on the chip; bias: constant input by neuron.

    A weight of `if` and `lif` is a jump of the membrane; a short synapse on the chip raises it as
    high. Time constants beyond their ranges are set to the nearest value there.
    Raises NetworkError that names what the chip does not have, and what to choose instead.
    """
    neuron, where = population.neuron, f"population '{population.name}'"
    if population.graph or not isinstance(neuron, (If, Lif, CubaLif)):
        raise NetworkError(
            f"{where}: BrainScaleS-2 is not set up here for neurons of model {population.model}; "
            "choose if, lif or cuba_lif"
        )
    if neuron.multi_spike:
        raise NetworkError(
            f"{where}: a circuit fires one spike at a time; choose multi_spike: false"
        )

    def each(value: Any) -> Floats:
        return np.array(np.broadcast_to(as_numpy(value), population.shape), np.float64).ravel()

    limits, constants = chip(), neuron.constants(dt_ms)
    saturated: dict[str, tuple[float, float]] = {}

    def within(name: str, value_ms: Any, allowed_us: Range) -> Floats:
        wanted_us = each(value_ms) * 1e3 / speed_up
        kept_us = np.clip(wanted_us, *allowed_us)
        off = np.maximum(kept_us, wanted_us) / np.minimum(kept_us, wanted_us)
        if np.any(off > 1 + 1e-9):
            worst = int(np.argmax(off))
            back = 1e-3 * speed_up
            saturated[name] = (float(wanted_us[worst] * back), float(kept_us[worst] * back))
        return np.asarray(kept_us)

    tick_us = 1e3 * dt_ms / speed_up
    tau_mem_us = within("tau_mem_ms", _tau_ms(constants.decay, dt_ms), limits.tau_mem_us)
    if isinstance(neuron, CubaLif):
        cuba = neuron.constants(dt_ms)
        tau_syn_us = within("tau_syn_ms", _tau_ms(cuba.synapse_decay, dt_ms), limits.tau_syn_us)
        jump = charge = each(cuba.synapse_gain * cuba.gain / (1 - cuba.synapse_decay))
    else:
        tau_syn_us = np.clip(each(SYNAPSE_OF_TICK * tick_us), *limits.tau_syn_us)
        jump = each(constants.gain)
        charge = jump / peak(tau_mem_us, tau_syn_us)
    rest = np.zeros(population.size) if isinstance(neuron, If) else each(neuron.rest)
    threshold = each(neuron.threshold) - rest
    if np.any(threshold <= 0):
        raise NetworkError(f"{where}: its threshold is not above its rest; choose a lower rest")
    subtract = neuron.reset == "subtract"
    refractory_us = REFRACTORY_OF_TICK * tick_us
    if neuron.refractory_ticks(dt_ms):
        period_us = within("refractory_ms", neuron.refractory_ms, limits.refractory_us)
        refractory_us = float(period_us[0])
    drift = each(neuron.bias) + jump * bias
    lost = ["reset: subtract"] if subtract else []
    lost += ["floor"] if neuron.floor is not None else []
    return Dynamics(
        tau_mem_us=tau_mem_us,
        tau_syn_us=tau_syn_us,
        refractory_us=refractory_us,
        charge=charge,
        threshold=threshold,
        reset=np.zeros(population.size) if subtract else each(neuron.reset_value) - rest,
        shift=drift / -np.expm1(-tick_us / tau_mem_us),
        strict=neuron.strict,
        saturated=saturated,
        lost=tuple(lost),
    )


def peak(tau_mem_us: Floats, tau_syn_us: Floats) -> Floats:
    """Return how high a charge of 1 raises a membrane through an exponential synapse.

    The maximum over t of m / (m - s) * (exp(-t / m) - exp(-t / s)), the solution of Rotter &
    Diesmann, Biological Cybernetics 81, 381, 1999; where both are equal, exp(-1).
    """
    ratio = tau_syn_us / tau_mem_us
    near = np.abs(ratio - 1) < 1e-6
    ratio = np.where(near, 1 + 1e-6, ratio)
    return np.asarray(ratio ** (ratio / (1 - ratio)))


def translate(moves: Dynamics, weights: Any, finest: int) -> Translation:
    """Return a population in LSB; weights: scipy CSC of all that drives it, in network units.

    All its weights have one scale: that with the least error of weights and threshold at which the
    threshold is at most `finest` LSB above rest.
    """
    each = np.diff(weights.indptr)
    exact = weights.copy()
    exact.data = exact.data * np.repeat(moves.charge, each)
    bound = MOST_THRESHOLDS * np.repeat(moves.threshold, each)
    bounded = np.clip(exact.data, -bound, bound)
    thresholds = np.arange(SCALES_LSB[-1], finest + 1)
    scales = thresholds / np.max(moves.threshold)
    # Rounding is about as large a share of the weights as half an LSB is of the threshold.
    values, times = np.unique(bounded, return_counts=True)
    rounded = np.rint(values * scales[:, None]) / scales[:, None]
    total = max(float(np.sum(times * values**2)), np.finfo(np.float64).tiny)
    error = np.sum(times * (rounded - values) ** 2, axis=1) / total + (0.5 / thresholds) ** 2
    scale = float(scales[np.argmin(error)])
    kept = exact.copy()
    kept.data = np.rint(bounded * scale)
    changed = float(np.sum((kept.data / scale - exact.data) ** 2))
    kept.eliminate_zeros()
    cells, saturated = _cells(moves, scale)
    return Translation(
        cells=cells,
        weights=kept,
        scale=scale,
        weight_error=(changed, float(np.sum(exact.data**2))),
        saturated={**moves.saturated, **saturated},
    )


def synapses(weights: Floats) -> Integers:
    """Return how many synapses weights in LSB take."""
    return np.ceil(np.abs(weights) / chip().largest_weight).astype(np.int64)


def _cells(moves: Dynamics, scale: float) -> tuple[Cells, Mapping[str, tuple[float, float]]]:
    limits, saturated = chip(), {}

    def potential(name: str, wanted: Floats, allowed: Range) -> Floats:
        kept = np.clip(wanted, *allowed)
        if np.any(kept != wanted):
            worst = int(np.argmax(np.abs(kept - wanted)))
            saturated[name] = (float(wanted[worst]), float(kept[worst]))
        return np.asarray(kept)

    # Between what must fire and what must not, which are a weight of 1 LSB apart.
    threshold = REST_LSB + moves.threshold * scale
    threshold = np.ceil(threshold + 0.5) if moves.strict else np.floor(threshold - 0.5)
    cells = Cells(
        v_rest_lsb=potential(
            "v_rest_lsb", np.rint(REST_LSB + moves.shift * scale), limits.leak_lsb
        ),
        v_reset_lsb=potential(
            "v_reset_lsb", np.rint(REST_LSB + moves.reset * scale), limits.leak_lsb
        ),
        v_thresh_lsb=potential("v_thresh_lsb", threshold, limits.threshold_lsb),
        tau_mem_us=moves.tau_mem_us,
        tau_syn_us=moves.tau_syn_us,
        refractory_us=moves.refractory_us,
    )
    return cells, saturated


def _tau_ms(decay: Any, dt_ms: float) -> Any:
    """Return the time constant of which `decay` is left after a tick, float64."""
    with np.errstate(divide="ignore"):
        return dt_ms / np.abs(np.log(np.maximum(decay, np.finfo(np.float64).tiny)))
