"""A network as one chip of BrainScaleS-2 would run it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from neuromorphic_ros.backends.brainscales.chip import chip
from neuromorphic_ros.backends.brainscales.drive import Drive, Sources, drive
from neuromorphic_ros.backends.brainscales.pynn_network import Network
from neuromorphic_ros.backends.brainscales.rows import Rows, rows
from neuromorphic_ros.backends.brainscales.translation import (
    SCALES_LSB,
    Cells,
    Dynamics,
    Translation,
    dynamics,
    speed_up,
    synapses,
    translate,
)
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.spec import NetworkSpec

LONG_STEP_US = 0.1
# Of the slowest time constant: exp(-5) is less than a hundredth.
FORGOTTEN_AFTER = 5


class Plan(NamedTuple):
    """A network on a chip.

    speed_up: how much faster than the robot the chip runs. cells: by population in execution order.
    weights: scipy CSR (sources + neurons, neurons) of whole LSB. arrays: what each array of
    synapses takes. weight_error: root mean square of the changes of weights over that of the
    weights. saturated: by population and parameter, the value that it should have and the one that
    it has. lost: by population, what its circuits do not do.
    """

    spec: NetworkSpec
    speed_up: float
    sources: Sources
    cells: Mapping[str, Cells]
    weights: Any
    arrays: tuple[Rows, ...]
    weight_error: float
    saturated: Mapping[str, Mapping[str, tuple[float, float]]]
    lost: Mapping[str, tuple[str, ...]]

    @property
    def tick_us(self) -> float:
        """A tick of the network on the chip."""
        return 1e3 * self.spec.dt_ms / self.speed_up

    @property
    def step_us(self) -> float:
        """What simulators resolve."""
        return LONG_STEP_US if self.tick_us >= 1 else LONG_STEP_US / 2

    @property
    def history_us(self) -> float:
        """After which the circuits have forgotten what they received."""
        slowest = (max(np.max(each.tau_mem_us), each.refractory_us) for each in self.cells.values())
        return FORGOTTEN_AFTER * float(max(slowest))


def plan(spec: NetworkSpec) -> Plan:
    """Map a network to a chip; raises NetworkError that names everything that does not fit."""
    mapped, reasons = attempt(spec)
    if mapped is None:
        raise NetworkError(
            f"network '{spec.name}' does not fit BrainScaleS-2: {'; '.join(reasons)}"
        )
    return mapped


def attempt(spec: NetworkSpec) -> tuple[Plan | None, tuple[str, ...]]:
    """Return a network on a chip, or none and what does not fit."""
    reasons = [*_of_size(spec), *_of_neurons(spec)]
    if reasons:
        return None, tuple(reasons)
    try:
        driven = drive(spec)
    except NetworkError as wrong:
        return None, (str(wrong),)
    reasons = [
        f"projection {each}: delay_ticks {each.delay_ticks}, but all delays between neurons are "
        "one short time; choose 0 or 1"
        for each in driven.too_late
    ]
    if reasons:
        return None, tuple(reasons)
    moves = _moves(spec, driven)
    # Finer weights are larger in LSB, so that they take more synapses and rows.
    reasons = _of_synapses(spec, _translated(spec, driven, moves, SCALES_LSB[-1]))
    for finest in SCALES_LSB if not reasons else ():
        translated = _translated(spec, driven, moves, finest)
        reasons = _of_synapses(spec, translated)
        if reasons:
            continue
        weights = scipy.sparse.hstack([each.weights for each in translated], format="csr")
        arrays = rows(weights)
        reasons = _of_rows(arrays)
        if not reasons:
            return _plan(spec, driven, moves, translated, weights, arrays), ()
    return None, tuple(reasons)


def network(plan: Plan) -> Network:
    """Return the network in parameters of the circuits, as PyNN builds it."""
    weights = plan.weights.tocoo()
    order = plan.spec.execution_order()
    each = {
        field: np.concatenate([getattr(cells, field) for cells in plan.cells.values()])
        for field in ("v_rest_lsb", "v_reset_lsb", "v_thresh_lsb", "tau_mem_us", "tau_syn_us")
    }
    return Network(
        names=np.array([population.name for population in order]),
        first=np.cumsum([0, *(population.size for population in order)]),
        sources=plan.sources.number,
        refractory_us=np.array([cells.refractory_us for cells in plan.cells.values()]),
        pre=weights.row.astype(np.int64),
        post=weights.col.astype(np.int64),
        weight=weights.data.astype(np.float64),
        delay_us=chip().delay_us,
        step_us=plan.step_us,
        history_us=plan.history_us,
        **each,
    )


def _of_size(spec: NetworkSpec) -> list[str]:
    reasons = []
    if spec.neurons > chip().neurons:
        reasons.append(
            f"{spec.neurons} neurons, a chip has {chip().neurons}; choose smaller populations"
        )
    reasons += [
        f"projection {each}: is plastic, but synapses are fixed here; choose no plasticity"
        for each in spec.projections
        if each.plasticity
    ]
    return reasons


def _of_neurons(spec: NetworkSpec) -> list[str]:
    reasons = []
    for population in spec.execution_order():
        try:
            dynamics(population, np.zeros(population.size), spec.dt_ms, speed_up(spec))
        except NetworkError as wrong:
            reasons.append(str(wrong))
    return reasons


def _of_synapses(spec: NetworkSpec, translated: list[Translation]) -> list[str]:
    reasons = []
    for population, each in zip(spec.execution_order(), translated, strict=True):
        before = np.concatenate(([0], np.cumsum(synapses(each.weights.data))))
        needed = np.diff(before[each.weights.indptr])
        most = int(np.argmax(needed))
        if needed[most] > chip().rows:
            reasons.append(
                f"population '{population.name}', neuron {most}: its "
                f"{np.diff(each.weights.indptr)[most]} sources need {needed[most]} synapses, it "
                f"has {chip().rows}; choose a pattern with fewer sources for each neuron"
            )
    return reasons


def _of_rows(arrays: tuple[Rows, ...]) -> list[str]:
    return [
        f"array {number} of synapses needs {each.rows} rows, it has {chip().rows}; choose patterns "
        "with fewer sources, or weights of one sign for each source"
        for number, each in enumerate(arrays)
        if each.rows > chip().rows
    ]


def _moves(spec: NetworkSpec, driven: Drive) -> list[Dynamics]:
    moves, begin, speed = [], 0, speed_up(spec)
    for population in spec.execution_order():
        constant = driven.bias[begin : begin + population.size]
        moves.append(dynamics(population, constant, spec.dt_ms, speed))
        begin += population.size
    return moves


def _translated(
    spec: NetworkSpec, driven: Drive, moves: list[Dynamics], finest: int
) -> list[Translation]:
    translated, begin = [], 0
    for population, each in zip(spec.execution_order(), moves, strict=True):
        columns = driven.weights[:, begin : begin + population.size]
        translated.append(translate(each, columns, finest))
        begin += population.size
    return translated


def _plan(
    spec: NetworkSpec,
    driven: Drive,
    moves: list[Dynamics],
    translated: list[Translation],
    weights: Any,
    arrays: tuple[Rows, ...],
) -> Plan:
    names = [population.name for population in spec.execution_order()]
    changed, exact = np.sum([each.weight_error for each in translated], axis=0)
    return Plan(
        spec=spec,
        speed_up=speed_up(spec),
        sources=driven.sources,
        cells={name: each.cells for name, each in zip(names, translated, strict=True)},
        weights=weights,
        arrays=arrays,
        weight_error=math.sqrt(changed / exact) if exact else 0.0,
        saturated={name: each.saturated for name, each in zip(names, translated, strict=True)},
        lost={name: each.lost for name, each in zip(names, moves, strict=True)},
    )
