"""The tables through which compiled code finds a network: numpy records of sizes and addresses."""

from __future__ import annotations

import numpy as np

# Kinds of update; adex alone has 64-bit constants and state.
LEAKY, READOUT, CUBA, CUBA_READOUT, ADAPTIVE, ADEX, DENDRITIC = range(7)
KINDS = {
    "if": LEAKY,
    "lif": LEAKY,
    "li": READOUT,
    "integrator": READOUT,
    "cuba_lif": CUBA,
    "cuba_li": CUBA_READOUT,
    "alif": ADAPTIVE,
    "adex": ADEX,
    "dendritic_lif": DENDRITIC,
}

# Rules of learning.
PAIR_STDP, TRIPLET_STDP, HEBBIAN, REWARD_STDP = range(4)
RULES = {
    "pair_stdp": PAIR_STDP,
    "triplet_stdp": TRIPLET_STDP,
    "hebbian": HEBBIAN,
    "reward_stdp": REWARD_STDP,
}

# Kinds of sources of a plastic projection.
INPUT, POPULATION = range(2)

# Storage of weights.
FLOAT32, FLOAT16, INT8 = range(3)
STORAGE = {"float32": FLOAT32, "float16": FLOAT16, "int8": INT8}

# Synapses beyond this size are not in the processor's own caches when they are needed [bytes].
FAR = 2**18

# Everything that a tick touches, by address. nodes: inputs first, then populations in execution
# order. count: int64[sources], spikes, of inputs in steps of 256; rest: uint8[channels], what is to
# be added to these, as bytes need less of the nearest cache. first: int64[ticks + 1], the range of
# input addresses of each tick; value: amounts of the inputs, 0 for ones. tick: of the next one.
# fired, fired_amount: where the addresses and amounts of `room` spikes go; fired_first: the range
# of each tick in them. learning: factor of all changes of weights, 0 while they are frozen.
NETWORK = np.dtype(
    [
        ("channels", np.int64),
        ("inputs", np.int64),
        ("nodes", np.int64),
        ("neurons", np.int64),
        ("node", np.int64),
        ("connection", np.int64),
        ("current", np.int64),
        ("amount", np.int64),
        ("flag", np.int64),
        ("count", np.int64),
        ("rest", np.int64),
        ("ticks", np.int64),
        ("first", np.int64),
        ("value", np.int64),
        ("tick", np.int64),
        ("room", np.int64),
        ("fired", np.int64),
        ("fired_amount", np.int64),
        ("fired_first", np.int64),
        ("plastics", np.int64),
        ("plastic", np.int64),
        ("learning", np.float32),
    ]
)
# An input or population. begin: its first source. connections: range of those it drives. plain:
# its rules are all 0. graded: it may fire other amounts than 1. ring: its first current; slots of
# `width` currents, one for each of `depth` coming ticks. active: updates so far of neurons that
# received input.
NODE = np.dtype(
    [
        ("begin", np.int64),
        ("size", np.int64),
        ("first_connection", np.int64),
        ("last_connection", np.int64),
        ("kind", np.int64),
        ("plain", np.int64),
        ("spikes", np.int64),
        ("graded", np.int64),
        ("ring", np.int64),
        ("width", np.int64),
        ("depth", np.int64),
        ("constant", np.int64),
        ("rule", np.int64),
        ("state", np.int64),
        ("drive", np.int64),
        ("dendrite", np.int64),
        ("active", np.int64),
    ]
)
# A projection. target: of its first column, in the ring of its target. far: larger than FAR.
# narrow: columns are uint16, not int32.
CONNECTION = np.dtype(
    [
        ("pre_start", np.int64),
        ("rows", np.int64),
        ("columns", np.int64),
        ("delay", np.int64),
        ("target", np.int64),
        ("width", np.int64),
        ("depth", np.int64),
        ("storage", np.int64),
        ("scale", np.float32),
        ("sparse", np.int16),
        ("narrow", np.int16),
        ("far", np.int64),
        ("weight", np.int64),
        ("row", np.int64),
        ("column", np.int64),
    ]
)
# A plastic projection. pre_first: its first row among the channels or neurons; post_first: its
# first column among the neurons. slow: its rule has slow traces. arriving: bits of the rows whose
# spikes arrive, `words` words for each of delay + 1 ticks. by_column, source, place: of the
# synapses of each column, if sparse, the rows and where the weights are. updates: weights that it
# changed. activity: of the targets, if weights are scaled; the next row, and how many per tick.
# Of those that learn by reward: lag and eligibility, the next row to settle and how many rows a
# tick settles, dopamine, and what a tick makes of them.
PLASTIC = np.dtype(
    [
        ("kind", np.int64),
        ("source_kind", np.int64),
        ("pre_first", np.int64),
        ("post_first", np.int64),
        ("rows", np.int64),
        ("columns", np.int64),
        ("synapses", np.int64),
        ("delay", np.int64),
        ("words", np.int64),
        ("arriving", np.int64),
        ("sparse", np.int64),
        ("weight", np.int64),
        ("row", np.int64),
        ("column", np.int64),
        ("by_column", np.int64),
        ("source", np.int64),
        ("place", np.int64),
        ("pre_trace", np.int64),
        ("post_trace", np.int64),
        ("constant", np.int64),
        ("lag", np.int64),
        ("eligibility", np.int64),
        ("next_settled", np.int64),
        ("settled_per_tick", np.int64),
        ("activity", np.int64),
        ("next_scaled", np.int64),
        ("scaled_per_tick", np.int64),
        ("updates", np.int64),
        ("slow", np.int64),
        ("nearest", np.int64),
        ("pre_fast", np.float32),
        ("pre_slow", np.float32),
        ("post_fast", np.float32),
        ("post_slow", np.float32),
        ("eligibility_decay", np.float32),
        ("phasic_decay", np.float32),
        ("rate", np.float32),
        ("tonic", np.float32),
        ("phasic", np.float32),
        ("activity_decay", np.float32),
        ("target", np.float32),
        ("scaling", np.float32),
    ]
)
