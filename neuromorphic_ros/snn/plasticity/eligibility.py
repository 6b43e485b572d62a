"""Learning by reward in a tick: synapses are settled when they are used, and in turn.

Eligibilities decay and change weights in every tick, of all synapses. What that does is the same
for all synapses of a row, so a row keeps its `Lag` and synapses what they were when it was settled.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import float32, int32, int64, uint32, uint64

from neuromorphic_ros.snn.compiled import array_at, column, prefetch, set_column, trailing_zeros
from neuromorphic_ros.snn.elementwise import ONE, ZERO
from neuromorphic_ros.snn.plasticity.reward_stdp import (
    Lag,
    RewardConstants,
    after_tick,
    eligible,
    settled,
)
from neuromorphic_ros.snn.plasticity.traces import Trace, after_spike
from neuromorphic_ros.snn.tables import PLASTIC, REWARD_STDP

_CONSTANTS = len(RewardConstants._fields)
# Rows between the one that is written and the one that is fetched, when a column is.
ROWS_AHEAD = 8


@numba.njit
def settle_row(plastic: Any, row: int) -> None:
    """Bring the synapses of a row up to date."""
    lags = array_at(plastic.lag, (2, plastic.rows), float32)
    lag = column(Lag, lags, row)
    if lag.share == ONE and lag.change == ZERO:
        return
    own = column(RewardConstants, array_at(plastic.constant, (_CONSTANTS, 1), float32), 0)
    weight = array_at(plastic.weight, plastic.synapses, float32)
    eligibility = array_at(plastic.eligibility, plastic.synapses, float32)
    begin, end = np.uintp(row * plastic.columns), np.uintp((row + 1) * plastic.columns)
    if plastic.sparse:
        first = array_at(plastic.row, plastic.rows + 1, int64)
        begin, end = np.uintp(first[row]), np.uintp(first[row + 1])
    changed = uint32(0)
    for synapse in range(begin, end):
        before = weight[synapse]
        after, left = settled(own, before, eligibility[synapse], lag)
        weight[synapse], eligibility[synapse] = after, left
        changed += uint32(after != before)
    plastic.updates += int64(changed)
    set_column(lags, row, Lag(ONE, ZERO))


@numba.njit
def settle(network: Any, source_kind: int, address: Any, begin: int, end: int) -> None:
    """Bring the synapses of sources address[begin:end] up to date, before their weights act."""
    plastics = array_at(network.plastic, network.plastics, PLASTIC)
    for index in range(network.plastics):
        plastic = plastics[index]
        if plastic.kind == REWARD_STDP and plastic.source_kind == source_kind:
            for position in range(begin, end):
                row = int64(address[position]) - plastic.pre_first
                if 0 <= row < plastic.rows:
                    settle_row(plastic, row)


@numba.njit
def _pass_tick(plastic: Any, learning: Any) -> None:
    """Let eligibilities decay and change weights, and dopamine decay; settle the rows in turn."""
    change = learning * plastic.rate * (plastic.tonic + plastic.phasic)
    plastic.phasic *= plastic.phasic_decay
    lags = array_at(plastic.lag, (2, plastic.rows), float32)
    for row in range(np.uintp(plastic.rows)):
        set_column(lags, row, after_tick(column(Lag, lags, row), plastic.eligibility_decay, change))
    for _ in range(plastic.settled_per_tick):
        settle_row(plastic, plastic.next_settled)
        plastic.next_settled += 1
        if plastic.next_settled == plastic.rows:
            plastic.next_settled = 0


@numba.njit
def _arrive(plastic: Any, row: int) -> None:
    settle_row(plastic, row)
    own = column(RewardConstants, array_at(plastic.constant, (_CONSTANTS, 1), float32), 0)
    post = array_at(plastic.post_trace, (2, plastic.columns), float32)
    eligibility = array_at(plastic.eligibility, plastic.synapses, float32)
    changed = uint32(0)
    if plastic.sparse:
        first = array_at(plastic.row, plastic.rows + 1, int64)
        target = array_at(plastic.column, plastic.synapses, int32)
        for synapse in range(np.uintp(first[row]), np.uintp(first[row + 1])):
            more = -own.depression * column(Trace, post, np.uintp(target[synapse])).fast
            eligibility[synapse] += more
            changed += uint32(more != ZERO)
    else:
        begin = np.uintp(row * plastic.columns)
        for place in range(np.uintp(plastic.columns)):
            more = -own.depression * column(Trace, post, place).fast
            eligibility[begin + place] += more
            changed += uint32(more != ZERO)
    plastic.updates += int64(changed)


@numba.njit
def _pair(plastic: Any, synapse: int, lag: Any, more: Any) -> None:
    weight = array_at(plastic.weight, plastic.synapses, float32)
    eligibility = array_at(plastic.eligibility, plastic.synapses, float32)
    weight[synapse], eligibility[synapse] = eligible(
        weight[synapse], eligibility[synapse], lag, more
    )
    plastic.updates += more != ZERO


@numba.njit
def _fire(plastic: Any, fired: Any, begin: int, end: int) -> None:
    own = column(RewardConstants, array_at(plastic.constant, (_CONSTANTS, 1), float32), 0)
    pre = array_at(plastic.pre_trace, (2, plastic.rows), float32)
    lags = array_at(plastic.lag, (2, plastic.rows), float32)
    if plastic.sparse:
        first = array_at(plastic.by_column, plastic.columns + 1, int64)
        sources = array_at(plastic.source, plastic.synapses, int32)
        places = array_at(plastic.place, plastic.synapses, int64)
        for position in range(begin, end):
            target = int64(fired[position]) - plastic.post_first
            for listed in range(first[target], first[target + 1]):
                row = int64(sources[listed])
                more = own.potentiation * column(Trace, pre, row).fast
                if more != ZERO:
                    _pair(plastic, places[listed], column(Lag, lags, row), more)
        return
    for row in range(plastic.rows):
        more = own.potentiation * column(Trace, pre, row).fast
        if more == ZERO:
            continue
        lag = column(Lag, lags, row)
        for position in range(begin, end):
            synapse = row * plastic.columns + int64(fired[position]) - plastic.post_first
            ahead = 4 * (synapse + ROWS_AHEAD * plastic.columns)
            prefetch(plastic.weight + ahead)
            prefetch(plastic.eligibility + ahead)
            _pair(plastic, synapse, lag, more)


@numba.njit
def learn_by_reward(
    plastic: Any, arrived: Any, fired: Any, begin: int, end: int, learning: Any
) -> None:
    """Do what the rule does in a tick."""
    _pass_tick(plastic, learning)
    pre = array_at(plastic.pre_trace, (2, plastic.rows), float32)
    post = array_at(plastic.post_trace, (2, plastic.columns), float32)
    for word in range(arrived.size):
        bits = arrived[word]
        while bits:
            row = (word << 6) + int64(trailing_zeros(bits))
            bits &= bits - uint64(1)
            _arrive(plastic, row)
            set_column(pre, row, after_spike(column(Trace, pre, row), plastic.nearest != 0))
        arrived[word] = 0
    if begin == end:
        return
    _fire(plastic, fired, begin, end)
    for position in range(begin, end):
        target = int64(fired[position]) - plastic.post_first
        set_column(post, target, after_spike(column(Trace, post, target), plastic.nearest != 0))
