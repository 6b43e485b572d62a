"""Learning in the engine against a dense reference: every weight and count to the last bit.

The reference keeps dense matrices and runs the definitions of the rules on numpy arrays.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.patterns import AllToAll, OneToOne, Random
from neuromorphic_ros.snn.plasticity import hebbian, pair_stdp, triplet_stdp
from neuromorphic_ros.snn.plasticity.hebbian import Hebbian
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp
from neuromorphic_ros.snn.plasticity.reward_stdp import RewardStdp
from neuromorphic_ros.snn.plasticity.traces import Trace, TraceRules, after_spike
from neuromorphic_ros.snn.plasticity.triplet_stdp import TripletStdp
from neuromorphic_ros.snn.plasticity.update import LEAST_TRACE
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

TICKS = 120
DEFINITIONS: dict[str, Any] = {
    "pair_stdp": pair_stdp,
    "triplet_stdp": triplet_stdp,
    "hebbian": hebbian,
}
Floats = npt.NDArray[np.float32]


class Case(NamedTuple):
    """Two inputs drive `a`, which drives `b`, which drives itself; all but one learn."""

    spec: NetworkSpec
    spikes: TickSpikes


def rules(draw: st.DrawFn) -> Any:
    bounds = {
        "w_min": draw(st.sampled_from([-0.5, 0.0])),
        "w_max": draw(st.sampled_from([0.6, 1.3])),
        "bounds": draw(st.sampled_from(["additive", "multiplicative"])),
    }
    tau_ms = st.sampled_from([1.5, 7.0, 30.0])
    pairing = draw(st.sampled_from(["all_to_all", "nearest"]))
    kind = draw(st.sampled_from(["pair", "pair", "triplet", "hebbian"]))
    if kind == "pair":
        rate = draw(st.sampled_from([0.01, 0.3]))
        return PairStdp(
            learning_rate=rate, tau_plus_ms=draw(tau_ms), tau_minus_ms=draw(tau_ms),
            pairing=pairing, **bounds,
        )  # fmt: skip
    if kind == "triplet":
        return TripletStdp(
            learning_rate=draw(st.sampled_from([0.5, 20.0])), tau_x_ms=draw(tau_ms),
            pairing=pairing, **bounds,
        )  # fmt: skip
    return Hebbian(
        learning_rate=draw(st.sampled_from([0.01, 0.2])), tau_pre_ms=draw(tau_ms),
        normalization=draw(st.sampled_from([0.0, 1.0])), decay=draw(st.sampled_from([0.0, 0.1])),
        **bounds,
    )  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> Case:
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    inputs, sizes = (
        draw(st.sampled_from([(3, 70), (1, 5)])),
        draw(st.sampled_from([(5, 5), (1, 3)])),
    )
    names = [("x", inputs[1]), ("a", sizes[0]), ("b", sizes[1])]

    def projection(pre: str, post: str, delay: int) -> Projection:
        shape = dict(names)[pre], dict(names)[post]
        pattern: Any = draw(
            st.sampled_from([AllToAll(), Random(probability=0.2), Random(probability=0.6)])
        )
        low = draw(st.integers(0, shape[0] - 1))
        if shape[0] == shape[1] and draw(st.booleans()):
            pattern, shape = OneToOne(), shape[:1]
        elif low:
            pre, shape = f"{pre}[{low}:{shape[0]}]", (shape[0] - low, shape[1])
        weights = np.where(generator.random(shape) < 0.3, 0.0, 0.6 * generator.random(shape))
        return Projection(
            pre, post, Array(weights.astype(np.float32)), pattern,
            delay_ticks=draw(st.integers(delay, 4)), plasticity=rules(draw),
        )  # fmt: skip

    spec = NetworkSpec(
        name="plastic",
        dt_ms=1.0,
        seed=draw(st.integers(0, 9)),
        inputs=(Input("other", (inputs[0],)), Input("x", (inputs[1],))),
        populations=tuple(
            Population(name, (size,), Lif(tau_mem_ms=5.0, threshold=0.8))
            for name, size in names[1:]
        ),
        projections=(
            projection("x", "a", 0),
            Projection("other", "a", 0.9),
            projection("a", "b", 0),
            projection("b", "b", 1),
        ),
    )
    number = generator.poisson(draw(st.sampled_from([0.5, 4.0])), TICKS)
    address = generator.integers(0, sum(inputs), number.sum()).astype(np.uint32)
    return Case(spec, TickSpikes(address, np.concatenate(([0], np.cumsum(number)))))


class Reference:
    """One projection, densely."""

    def __init__(self, spec: NetworkSpec, index: int) -> None:
        self.projection = spec.projections[index]
        rule: Any = self.projection.plasticity
        self.definition = DEFINITIONS[rule.type]
        constants = rule.constants()
        self.constants = type(constants)(*map(np.float32, constants))
        self.traces: TraceRules = rule.traces(spec.dt_ms)
        network = StreamingNetwork(spec)
        self.weight = network.weights(index)
        connection = network.connections[index]
        self.exists = np.ones(self.weight.shape, bool)
        if connection.row is not None and connection.target is not None:
            self.exists[:] = False
            rows = np.repeat(np.arange(connection.rows), np.diff(connection.row))
            self.exists[rows, connection.target] = True
        self.pre = Trace(*np.zeros((2, self.weight.shape[0]), np.float32))
        self.post = Trace(*np.zeros((2, self.weight.shape[1]), np.float32))
        self.updates = 0

    def change(self, function: Any, chosen: npt.NDArray[np.bool_], gain: np.float32) -> None:
        if function is None or not gain:
            return
        pre, post = (
            Trace(*(each[:, None] for each in self.pre)),
            Trace(*(each[None] for each in self.post)),
        )
        after = function(self.constants, self.weight, pre, post, gain)
        after = np.where(chosen & self.exists, after, self.weight).astype(np.float32)
        self.updates += int(np.count_nonzero(after != self.weight))
        self.weight = after

    def tick(
        self, arrived: npt.NDArray[np.bool_], fired: npt.NDArray[np.bool_], gain: np.float32
    ) -> None:
        rules = self.traces
        self.pre = decayed(self.pre, rules.pre_fast, rules.pre_slow)
        self.post = decayed(self.post, rules.post_fast, rules.post_slow)
        self.change(self.definition.on_pre, arrived[:, None], gain)
        self.pre = set_traces(self.pre, arrived, rules.nearest)
        self.change(self.definition.on_post, fired[None], gain)
        self.post = set_traces(self.post, fired, rules.nearest)


def decayed(trace: Trace, fast: float, slow: float) -> Trace:
    left = [each * np.float32(factor) for each, factor in zip(trace, (fast, slow), strict=True)]
    return Trace(*(np.where(each < LEAST_TRACE, np.float32(0), each) for each in left))


def set_traces(trace: Trace, chosen: npt.NDArray[np.bool_], nearest: bool) -> Trace:
    after = after_spike(trace, np.bool_(nearest))
    return Trace(*(np.where(chosen, *each) for each in zip(after, trace, strict=True)))


def rasters(network: StreamingNetwork, spikes: TickSpikes, fired: TickSpikes) -> dict[str, Any]:
    spec = network.spec
    found: dict[str, Any] = {}
    for nodes, batch in ((spec.inputs, spikes), (spec.execution_order(), fired)):
        for name, events in batch.by_node(nodes, 1).items():
            found[name] = np.zeros((spikes.ticks, *events.shape), bool)
            found[name][events.time_ns, events.address] = True
    return found


def check(network: StreamingNetwork, case: Case, fired: TickSpikes, gains: Floats) -> None:
    """Check weights and counts of a network that ran a case."""
    raster = rasters(network, case.spikes, fired)
    counts = network.counts()
    for index, projection in enumerate(case.spec.projections):
        if projection.plasticity is None:
            assert counts.plasticity_updates[index] == 0
            continue
        reference = Reference(case.spec, index)
        pre = case.spec.end(projection.pre)
        delay = projection.delay_ticks
        for tick in range(TICKS):
            sent = raster[pre.name][tick - delay] if tick >= delay else 0 * raster[pre.name][0]
            arrived = sent[pre.start : pre.stop].astype(bool)
            reference.tick(arrived, raster[case.spec.end(projection.post).name][tick], gains[tick])
        learned = network.weights(index)
        assert np.array_equal(learned, reference.weight)
        assert counts.plasticity_updates[index] == reference.updates
        rule = projection.plasticity
        assert np.all(learned[reference.exists] >= np.float32(rule.w_min))
        assert np.all(learned[reference.exists] <= np.float32(rule.w_max))


@settings(max_examples=60, deadline=None)
@given(case=cases())
def test_weights_and_counts_equal_the_dense_reference(case: Case) -> None:
    network = StreamingNetwork(case.spec)
    fired = network.run(case.spikes)
    check(network, case, fired, np.ones(TICKS, np.float32))


@settings(max_examples=30, deadline=None)
@given(case=cases(), cuts=st.lists(st.integers(0, TICKS), max_size=4))
def test_what_is_learned_does_not_depend_on_how_a_run_is_cut(case: Case, cuts: list[int]) -> None:
    whole, pieces, single = (StreamingNetwork(case.spec) for _ in range(3))
    expected = whole.run(case.spikes).address.tolist()
    edges = [0, *sorted(cuts), TICKS]
    cut = [pieces.run(case.spikes.between(*ends)).address for ends in pairwise(edges)]
    assert np.concatenate(cut).tolist() == expected
    ticks = [case.spikes.between(tick, tick + 1).address for tick in range(TICKS)]
    assert [int(each) for tick in ticks for each in single.step(tick)] == expected
    for index in range(len(case.spec.projections)):
        assert np.array_equal(whole.weights(index), pieces.weights(index))
        assert np.array_equal(whole.weights(index), single.weights(index))


@settings(max_examples=30, deadline=None)
@given(case=cases(), start=st.integers(0, TICKS), stop=st.integers(0, TICKS))
def test_a_factor_scales_learning_and_traces_go_on_while_weights_are_frozen(
    case: Case, start: int, stop: int
) -> None:
    first, last = sorted((start, stop))
    network = StreamingNetwork(case.spec)
    parts = [network.run(case.spikes.between(0, first))]
    before = [network.weights(index) for index in range(len(case.spec.projections))]
    network.freeze = True
    parts.append(network.run(case.spikes.between(first, last)))
    for index, weight in enumerate(before):
        assert np.array_equal(network.weights(index), weight)
    network.freeze, network.learning_rate = False, 0.5
    parts.append(network.run(case.spikes.between(last, TICKS)))
    address = np.concatenate([part.address for part in parts])
    number = np.concatenate([np.diff(part.first) for part in parts])
    fired = TickSpikes(address, np.concatenate(([0], np.cumsum(number))))
    gains = np.ones(TICKS, np.float32)
    gains[first:last], gains[last:] = 0, 0.5
    check(network, case, fired, gains)


@pytest.mark.parametrize(
    "rule", [PairStdp(), TripletStdp(), Hebbian(), RewardStdp(), RewardStdp(pairing="nearest")]
)
def test_many_sources_cross_words_of_bits(rule: Any) -> None:
    """A dense and a list of the same synapses learn the same."""
    generator = np.random.default_rng(1)
    weights = Array((0.1 * generator.random((300, 20))).astype(np.float32))
    learned = []
    for pattern in (AllToAll(), Random(probability=1.0)):
        spec = NetworkSpec(
            name="words",
            dt_ms=1.0,
            inputs=(Input("x", (300,)),),
            populations=(Population("y", (20,), Lif(threshold=0.4)),),
            projections=(Projection("x", "y", weights, pattern, plasticity=rule),),
        )
        network = StreamingNetwork(spec)
        if isinstance(rule, RewardStdp):
            network.dopamine = 0.5
        generator = np.random.default_rng(2)
        address = generator.integers(0, 300, 3000).astype(np.uint32)
        network.run(TickSpikes(address, np.arange(0, 3001, 10)))
        learned.append((network.weights(0), network.counts().plasticity_updates[0]))
    assert learned[0][1] == learned[1][1] > 1000
    assert np.array_equal(learned[0][0], learned[1][0])
    assert not np.array_equal(learned[0][0], weights.values)
