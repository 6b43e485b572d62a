"""One tick of all neurons of a population, compiled from the step of their model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba import float32, float64, int64, uint32

from neuromorphic_ros.snn.compiled import array_at, column, named, set_column
from neuromorphic_ros.snn.elementwise import ZERO
from neuromorphic_ros.snn.neurons import adaptive, adex, cuba, dendritic, leaky
from neuromorphic_ros.snn.neurons.firing import FiringRules
from neuromorphic_ros.snn.tables import (
    ADAPTIVE,
    ADEX,
    CUBA,
    CUBA_READOUT,
    LEAKY,
    READOUT,
)

Updater = Callable[[Any, Any, Any, Any], None]


def updater(
    step: Callable[..., Any], constants: Any, rules: Any, state: Any, dtype: Any = float32
) -> Updater:
    """Compile the step of a neuron model for all neurons of a population.

    constants, rules, state: the named tuples that the step takes; rows of the arrays of a NODE, of
    `dtype`, rules int64.
    The result takes a NODE and, of each neuron, its current, what it fires as an amount, and a flag
    that is 1 if that is not 0.
    """
    compiled_step = numba.njit(step, forceinline=True)
    constant_rows, rule_rows, state_rows = (len(kind._fields) for kind in (constants, rules, state))
    plain = rules(*[0] * rule_rows)
    model = f"{step.__module__.rpartition('.')[2]}_{step.__qualname__}"

    @numba.njit(forceinline=True)
    @named(model)
    def advance(node: Any, conventions: Any, current: Any, amount: Any, fired: Any) -> None:
        constant = array_at(node.constant, (constant_rows, node.size), dtype)
        states = array_at(node.state, (state_rows, node.size), dtype)
        for neuron in range(node.size):
            own, before = column(constants, constant, neuron), column(state, states, neuron)
            spikes, after = compiled_step(None, own, conventions, before, current[neuron])
            set_column(states, neuron, after)
            amount[neuron] = spikes
            fired[neuron] = spikes != ZERO

    @numba.njit
    @named(model)
    def update(node: Any, current: Any, amount: Any, fired: Any) -> None:
        if node.plain:
            # Conventions known when this is compiled let it use vector instructions.
            advance(node, plain, current, amount, fired)
        else:
            rule = array_at(node.rule, (rule_rows, 1), int64)
            advance(node, column(rules, rule, 0), current, amount, fired)

    return update  # type: ignore[no-any-return]


_update_leaky = updater(leaky.step, leaky.LeakyConstants, FiringRules, leaky.LeakyState)
_update_readout = updater(
    leaky.step_readout, leaky.ReadoutConstants, leaky.NoRules, leaky.ReadoutState
)
_update_cuba = updater(cuba.step, cuba.CubaConstants, cuba.CubaRules, cuba.CubaState)
_update_cuba_readout = updater(
    cuba.step_readout, cuba.CubaReadoutConstants, cuba.CubaReadoutRules, cuba.CubaReadoutState
)
_update_adaptive = updater(
    adaptive.step, adaptive.AdaptiveConstants, FiringRules, adaptive.AdaptiveState
)
_update_adex = updater(adex.step, adex.AdExConstants, adex.AdExRules, adex.AdExState, float64)
_branch = numba.njit(dendritic.branch)
_soma = numba.njit(dendritic.soma)
_DENDRITIC_ROWS = len(dendritic.DendriticConstants._fields)
_SOMA_ROWS = len(dendritic.SomaState._fields)
_RULE_ROWS = len(FiringRules._fields)


@numba.njit
def _update_dendritic(node: Any, current: Any, amount: Any, fired: Any) -> None:
    size, dendrites = node.size, node.width // node.size - 1
    constant = array_at(node.constant, (_DENDRITIC_ROWS, size), float32)
    states = array_at(node.state, (_SOMA_ROWS, size), float32)
    dendrite = array_at(node.dendrite, dendrites * size, float32)
    rules = column(FiringRules, array_at(node.rule, (_RULE_ROWS, 1), int64), 0)
    for neuron in range(size):
        constants = column(dendritic.DendriticConstants, constant, neuron)
        driven = ZERO
        for place in range(neuron, dendrites * size, size):
            more, dendrite[place] = _branch(constants, dendrite[place], current[size + place])
            driven += more
        state = column(dendritic.SomaState, states, neuron)
        spikes, after = _soma(None, constants, rules, state, current[neuron], driven)
        set_column(states, neuron, after)
        amount[neuron] = spikes
        fired[neuron] = spikes != ZERO


@numba.njit
def _renew(current: Any, drive: Any, size: int) -> Any:
    """Set currents to the constant drive; return how many neurons had received anything else."""
    active = uint32(0)
    if current.size == size:
        for place in range(size):
            active += uint32(current[place] != drive[place])
            current[place] = drive[place]
        return active
    for neuron in range(size):
        received = False
        for place in range(neuron, current.size, size):
            received |= current[place] != drive[place]
            current[place] = drive[place]
        active += uint32(received)
    return active


@numba.njit
def update(node: Any, tick: int, currents: int, amount: Any, fired: Any) -> None:
    """Advance the neurons of a NODE, count the active, and make room for a later tick's currents.

    amount: float32[size] of what they fire. fired: uint8[size], 1 if that is not 0.
    """
    arriving = currents + 4 * (node.ring + tick % node.depth * node.width)
    current = array_at(arriving, node.width, float32)
    kind = node.kind
    if kind == LEAKY:
        _update_leaky(node, current, amount, fired)
    elif kind == READOUT:
        _update_readout(node, current, amount, fired)
    elif kind == CUBA:
        _update_cuba(node, current, amount, fired)
    elif kind == CUBA_READOUT:
        _update_cuba_readout(node, current, amount, fired)
    elif kind == ADAPTIVE:
        _update_adaptive(node, current, amount, fired)
    elif kind == ADEX:
        _update_adex(node, current, amount, fired)
    else:
        _update_dendritic(node, current, amount, fired)
    node.active += _renew(current, array_at(node.drive, node.width, float32), node.size)
