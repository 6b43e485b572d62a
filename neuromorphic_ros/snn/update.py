"""One tick of all neurons of a population, compiled from the step of their model."""

from __future__ import annotations

from typing import Any

import numba
from numba import float32, float64, int64

from neuromorphic_ros.snn.compiled import array_at, column, set_column, updater
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
_update_adex = updater(adex.step, adex.AdExConstants, adex.AdExRules, adex.AdExState)
_branch = numba.njit(dendritic.branch)
_soma = numba.njit(dendritic.soma)


@numba.njit
def _update_dendritic(
    size: int,
    dendrites: int,
    constant: Any,
    rule: Any,
    states: Any,
    dendrite: Any,
    current: Any,
    amount: Any,
    fired: Any,
) -> None:
    rules = column(FiringRules, rule, 0)
    for neuron in range(size):
        constants = column(dendritic.DendriticConstants, constant, neuron)
        driven = current[neuron] * float32(0)
        for place in range(neuron, dendrites * size, size):
            more, dendrite[place] = _branch(constants, dendrite[place], current[size + place])
            driven += more
        state = column(dendritic.SomaState, states, neuron)
        spikes, after = _soma(None, constants, rules, state, current[neuron], driven)
        set_column(states, neuron, after)
        amount[neuron] = spikes
        fired[neuron] = spikes != ZERO


@numba.njit
def update(node: Any, tick: int, currents: int, amount: Any, fired: Any) -> None:
    size, kind, plain = node.size, node.kind, node.plain
    """Advance the neurons of a NODE; `amount` and `fired` take what they fire.

    amount: float32[size]. fired: uint8[size], 1 if the amount is not zero.
    """
    # The slot of the ring that arrives now.
    ring = currents + 4 * (node.ring + tick % node.depth * node.width)
    current = array_at(ring, node.width, float32)
    drive = array_at(node.drive, node.width, float32)
    rule = array_at(node.rule, (8, 1), int64)
    if kind == LEAKY:
        constant = array_at(node.constant, (7, size), float32)
        state = array_at(node.state, (3, size), float32)
        _update_leaky(size, constant, rule, plain, state, current, amount, fired)
    elif kind == READOUT:
        constant = array_at(node.constant, (3, size), float32)
        state = array_at(node.state, (1, size), float32)
        _update_readout(size, constant, rule, plain, state, current, amount, fired)
    elif kind == CUBA:
        constant = array_at(node.constant, (9, size), float32)
        state = array_at(node.state, (4, size), float32)
        _update_cuba(size, constant, rule, plain, state, current, amount, fired)
    elif kind == CUBA_READOUT:
        constant = array_at(node.constant, (5, size), float32)
        state = array_at(node.state, (2, size), float32)
        _update_cuba_readout(size, constant, rule, plain, state, current, amount, fired)
    elif kind == ADAPTIVE:
        constant = array_at(node.constant, (12, size), float32)
        state = array_at(node.state, (5, size), float32)
        _update_adaptive(size, constant, rule, plain, state, current, amount, fired)
    elif kind == ADEX:
        wide_constant = array_at(node.constant, (14, size), float64)
        wide_state = array_at(node.state, (4, size), float64)
        _update_adex(size, wide_constant, rule, plain, wide_state, current, amount, fired)
    else:
        dendrites = node.width // size - 1
        constant = array_at(node.constant, (12, size), float32)
        state = array_at(node.state, (4, size), float32)
        dendrite = array_at(node.dendrite, dendrites * size, float32)
        _update_dendritic(size, dendrites, constant, rule, state, dendrite, current, amount, fired)
    for place in range(node.width):
        current[place] = drive[place]
