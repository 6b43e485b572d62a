"""Learning at the end of a tick, compiled from the rules: only synapses of what spiked change."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numba
import numpy as np
from numba import float32, int32, int64, uint32, uint64

from neuromorphic_ros.snn.compiled import (
    array_at,
    column,
    named,
    prefetch,
    set_column,
    trailing_zeros,
)
from neuromorphic_ros.snn.elementwise import ONE, ZERO
from neuromorphic_ros.snn.plasticity import hebbian, pair_stdp, triplet_stdp
from neuromorphic_ros.snn.plasticity.bounds import BoundConstants
from neuromorphic_ros.snn.plasticity.eligibility import learn_by_reward, settle_row
from neuromorphic_ros.snn.plasticity.scaling import scaled
from neuromorphic_ros.snn.plasticity.traces import Trace, after_spike
from neuromorphic_ros.snn.tables import (
    HEBBIAN,
    INPUT,
    PAIR_STDP,
    PLASTIC,
    REWARD_STDP,
    TRIPLET_STDP,
)

# Below this a trace of spikes that add 1 is zero: far below the last bit of any weight it changes.
LEAST_TRACE = np.float32(2.0**-40)
# Rows between the one that is written and the one that is fetched, when a column is.
ROWS_AHEAD = 16
_BOUNDS = len(BoundConstants._fields)


def _learner(rule: ModuleType, constants: Any) -> Any:
    """Compile what one rule does to a PLASTIC projection in a tick."""
    has_pre, needs_trace = rule.on_pre is not None, rule.NEEDS_PRE_TRACE
    on_pre = numba.njit(rule.on_pre or rule.on_post, forceinline=True)
    on_post = numba.njit(rule.on_post, forceinline=True)
    rows_of_constants = len(constants._fields)
    name = rule.__name__.rpartition(".")[2]

    @numba.njit
    @named(name)
    def arrive(plastic: Any, row: int, gain: Any) -> Any:
        """Change the synapses of a row by a spike that arrived."""
        own = column(constants, array_at(plastic.constant, (rows_of_constants, 1), float32), 0)
        pre = column(Trace, array_at(plastic.pre_trace, (2, plastic.rows), float32), row)
        post = array_at(plastic.post_trace, (2, plastic.columns), float32)
        weight = array_at(plastic.weight, plastic.synapses, float32)
        changed = uint32(0)
        if plastic.sparse:
            first = array_at(plastic.row, plastic.rows + 1, int64)
            target = array_at(plastic.column, plastic.synapses, int32)
            for synapse in range(np.uintp(first[row]), np.uintp(first[row + 1])):
                other = column(Trace, post, np.uintp(target[synapse]))
                before = weight[synapse]
                after = on_pre(own, before, pre, other, gain)
                weight[synapse] = after
                changed += uint32(after != before)
            return int64(changed)
        begin = np.uintp(row * plastic.columns)
        for place in range(np.uintp(plastic.columns)):
            before = weight[begin + place]
            after = on_pre(own, before, pre, column(Trace, post, place), gain)
            weight[begin + place] = after
            changed += uint32(after != before)
        return int64(changed)

    @numba.njit
    @named(name)
    def fire(plastic: Any, fired: Any, begin: int, end: int, gain: Any) -> Any:
        """Change the synapses to the targets that fired."""
        own = column(constants, array_at(plastic.constant, (rows_of_constants, 1), float32), 0)
        pre = array_at(plastic.pre_trace, (2, plastic.rows), float32)
        post = array_at(plastic.post_trace, (2, plastic.columns), float32)
        weight = array_at(plastic.weight, plastic.synapses, float32)
        low = plastic.post_first
        changed = 0
        if plastic.sparse:
            first = array_at(plastic.by_column, plastic.columns + 1, int64)
            sources = array_at(plastic.source, plastic.synapses, int32)
            places = array_at(plastic.place, plastic.synapses, int64)
            for position in range(begin, end):
                target = int64(fired[position]) - low
                other = column(Trace, post, target)
                for listed in range(first[target], first[target + 1]):
                    trace = column(Trace, pre, int64(sources[listed]))
                    if needs_trace and trace.fast == ZERO:
                        continue
                    before = weight[places[listed]]
                    after = on_post(own, before, trace, other, gain)
                    weight[places[listed]] = after
                    changed += after != before
            return changed
        for row in range(plastic.rows):
            trace = column(Trace, pre, row)
            if needs_trace and trace.fast == ZERO:
                continue
            for position in range(begin, end):
                target = int64(fired[position]) - low
                place = row * plastic.columns + target
                prefetch(plastic.weight + 4 * (place + ROWS_AHEAD * plastic.columns))
                before = weight[place]
                after = on_post(own, before, trace, column(Trace, post, target), gain)
                weight[place] = after
                changed += after != before
        return changed

    @numba.njit
    @named(name)
    def learn(plastic: Any, arrived: Any, fired: Any, begin: int, end: int, gain: Any) -> None:
        pre = array_at(plastic.pre_trace, (2, plastic.rows), float32)
        post = array_at(plastic.post_trace, (2, plastic.columns), float32)
        learning = gain != ZERO
        for word in range(arrived.size):
            bits = arrived[word]
            while bits:
                row = (word << 6) + int64(trailing_zeros(bits))
                bits &= bits - uint64(1)
                if has_pre and learning:
                    plastic.updates += arrive(plastic, row, gain)
                set_column(pre, row, after_spike(column(Trace, pre, row), plastic.nearest != 0))
            arrived[word] = 0
        if begin == end:
            return
        if learning:
            plastic.updates += fire(plastic, fired, begin, end, gain)
        for position in range(begin, end):
            target = int64(fired[position]) - plastic.post_first
            set_column(post, target, after_spike(column(Trace, post, target), plastic.nearest != 0))

    return learn


_learn_pairs = _learner(pair_stdp, pair_stdp.PairConstants)
_learn_triplets = _learner(triplet_stdp, triplet_stdp.TripletConstants)
_learn_hebbian = _learner(hebbian, hebbian.HebbianConstants)


@numba.njit
def _decay(trace: Any, factor: Any) -> None:
    for place in range(np.uintp(trace.size)):
        left = trace[place] * factor
        trace[place] = left if left >= LEAST_TRACE else ZERO


@numba.njit
def _scale(plastic: Any, fired: Any, begin: int, end: int, learning: Any) -> None:
    """Follow the activity of the targets, and scale the next rows."""
    activity = array_at(plastic.activity, plastic.columns, float32)
    _decay(activity, plastic.activity_decay)
    for position in range(begin, end):
        activity[int64(fired[position]) - plastic.post_first] += ONE - plastic.activity_decay
    if learning == ZERO:
        return
    own = column(BoundConstants, array_at(plastic.constant, (_BOUNDS, 1), float32), 0)
    weight = array_at(plastic.weight, plastic.synapses, float32)
    for _ in range(plastic.scaled_per_tick):
        row = plastic.next_scaled
        plastic.next_scaled = row + 1 if row + 1 < plastic.rows else 0
        if plastic.kind == REWARD_STDP:
            settle_row(plastic, row)
        first, last = row * plastic.columns, (row + 1) * plastic.columns
        if plastic.sparse:
            of_row = array_at(plastic.row, plastic.rows + 1, int64)
            first, last = of_row[row], of_row[row + 1]
        target = array_at(plastic.column, last if plastic.sparse else 0, int32)
        for synapse in range(first, last):
            place = int64(target[synapse]) if plastic.sparse else synapse - first
            before = weight[synapse]
            after = scaled(own, before, activity[place], plastic.target, plastic.scaling)
            weight[synapse] = after
            plastic.updates += after != before


@numba.njit
def _mark(plastic: Any, tick: int, address: Any, begin: int, end: int) -> None:
    """Note the rows that spiked where the tick finds them in which they arrive."""
    slot = (tick + plastic.delay) % (plastic.delay + 1)
    under_way = array_at(plastic.arriving + 8 * slot * plastic.words, plastic.words, uint64)
    for position in range(begin, end):
        row = int64(address[position]) - plastic.pre_first
        if 0 <= row < plastic.rows:
            under_way[row >> 6] |= uint64(1) << uint64(row & 63)


@numba.njit
def learn(
    network: Any, address: Any, begin: int, end: int, fired: Any, first: int, last: int
) -> None:
    """Change the weights of all plastic projections after a tick.

    address[begin:end]: channels that spiked. fired[first:last]: neurons that fired, ascending.
    """
    plastics = array_at(network.plastic, network.plastics, PLASTIC)
    for index in range(network.plastics):
        plastic = plastics[index]
        if plastic.source_kind == INPUT:
            _mark(plastic, network.tick, address, begin, end)
        else:
            _mark(plastic, network.tick, fired, first, last)
        _decay(array_at(plastic.pre_trace, plastic.rows, float32), plastic.pre_fast)
        _decay(array_at(plastic.post_trace, plastic.columns, float32), plastic.post_fast)
        if plastic.slow:
            slow = plastic.pre_trace + 4 * plastic.rows
            _decay(array_at(slow, plastic.rows, float32), plastic.pre_slow)
            slow = plastic.post_trace + 4 * plastic.columns
            _decay(array_at(slow, plastic.columns, float32), plastic.post_slow)
        low, high = first, last
        while low < high and int64(fired[low]) < plastic.post_first:
            low += 1
        while high > low and int64(fired[high - 1]) >= plastic.post_first + plastic.columns:
            high -= 1
        slot = network.tick % (plastic.delay + 1)
        arrived = array_at(plastic.arriving + 8 * slot * plastic.words, plastic.words, uint64)
        if plastic.kind == PAIR_STDP:
            _learn_pairs(plastic, arrived, fired, low, high, network.learning)
        elif plastic.kind == HEBBIAN:
            _learn_hebbian(plastic, arrived, fired, low, high, network.learning)
        elif plastic.kind == TRIPLET_STDP:
            _learn_triplets(plastic, arrived, fired, low, high, network.learning)
        else:
            learn_by_reward(plastic, arrived, fired, low, high, network.learning)
        if plastic.scaled_per_tick:
            _scale(plastic, fired, low, high, network.learning)
