"""Both engines give one answer: random networks, 200 ticks, the same spikes, amounts, membranes.

Weights and biases are multiples of 1/4096 with few bits, so that float32 sums of them are exact in
any order. What is left are the same operations on the same numbers: everything must be equal to the
last bit. Two models take an exponential in every tick, which two libraries may round differently in
the last place: membranes of adex and dendritic_lif must agree to TOLERANCE, and a spike of theirs
may differ only where the membrane is as close to the threshold as that. From such a spike on two
networks may diverge, so there the comparison ends.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from neuromorphic_ros.errors import NetworkError, SpikeError  # noqa: E402
from neuromorphic_ros.snn.array import Array, as_numpy  # noqa: E402
from neuromorphic_ros.snn.network import TorchNetwork, dense, sparse  # noqa: E402
from neuromorphic_ros.snn.neurons.adaptive import Alif  # noqa: E402
from neuromorphic_ros.snn.neurons.adex import AdEx  # noqa: E402
from neuromorphic_ros.snn.neurons.cuba import CubaLi, CubaLif  # noqa: E402
from neuromorphic_ros.snn.neurons.dendritic import DendriticLif  # noqa: E402
from neuromorphic_ros.snn.neurons.leaky import If, Integrator, Li, Lif  # noqa: E402
from neuromorphic_ros.snn.patterns import (  # noqa: E402
    AllToAll,
    Conv1d,
    Conv2d,
    OneToOne,
    Pool2d,
    Random,
)
from neuromorphic_ros.snn.spec import (  # noqa: E402
    Input,
    NetworkSpec,
    Population,
    Projection,
    Stage,
)
from neuromorphic_ros.snn.streaming import StreamingNetwork  # noqa: E402
from neuromorphic_ros.snn.tick_spikes import TickSpikes  # noqa: E402

TICKS = 200
# Sums of larger amounts times weights may be inexact: neurons may drive each other to any burst.
LARGEST_AMOUNT = 64
# Relative to the largest membrane of the population, at least 1.
TOLERANCE = 1e-4
MODELS = ("if", "lif", "li", "integrator", "cuba_lif", "cuba_li", "alif", "adex", "dendritic_lif")
# Their membranes depend on the exponential of a library.
EXPONENTIAL = (AdEx, DendriticLif)

Floats = npt.NDArray[np.float32]


class Draw:
    """Draws parts of a network."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.generator = np.random.default_rng(draw(st.integers(0, 2**32)))

    def one(self, *values: Any) -> Any:
        return self.draw(st.sampled_from(values))

    def quantity(self, shape: tuple[int, ...], *values: float) -> Any:
        """Draw a number, or one for each neuron."""
        if self.one(True, True, False):
            return self.one(*values)
        return Array(self.generator.choice(values, shape))

    def weights(self, shape: tuple[int, ...], precision: str, unit: float = 1.0) -> Array:
        """Draw weights that rounding changes, but to numbers of few bits."""
        drawn = self.generator.integers(-48, 80, shape) / 64.0
        if precision == "float16":
            drawn += self.generator.integers(-1, 2, shape) / 4096.0
        elif precision == "int8":
            drawn += self.generator.integers(-1, 2, shape) / 256.0
        drawn = np.where(self.generator.random(shape) < 0.3, 0.0, drawn)
        if precision == "int8":
            # As the largest magnitude it makes the scale 1/64.
            drawn.flat[-1] = 127 / 64
        return Array((unit * drawn).astype(np.float32))

    def bias(self, *shapes: tuple[int, ...]) -> Any:
        if self.one(True, True, False):
            return None
        shape = self.one((), *shapes)
        drawn = self.generator.integers(-16, 32, shape) / 64.0
        return Array(drawn.astype(np.float32)) if shape else float(drawn)

    def firing(self, shape: tuple[int, ...]) -> dict[str, Any]:
        return {
            "threshold": self.quantity(shape, 0.37, 1.0, 1.9),
            "reset": self.one("hard", "subtract"),
            "reset_value": self.quantity(shape, 0.0, 0.2, -0.3),
            "reset_in": self.one("same_tick", "next_tick"),
            "lower_first": self.one(False, False, True),
            "strict": self.one(False, True),
            "multi_spike": self.one(False, False, True),
            "refractory_ms": self.one(0.0, 0.0, 2.0, 6.0),
            "floor": self.one(None, -0.5, 0.0) if self.one(True, False) else None,
        }

    def membrane(self, shape: tuple[int, ...]) -> dict[str, Any]:
        return {
            "tau_mem_ms": self.quantity(shape, 1.3, 7.1, 20.0, 1e6),
            "integrator": self.one("exact", "euler"),
            "resistance": self.one(None, None, 3.7),
            "rest": self.quantity(shape, 0.0, 0.1, -0.2),
            "bias": self.quantity(shape, 0.0, 0.11, -0.05),
            "initial": self.one(None, 0.3),
        }

    def synapse(self, shape: tuple[int, ...]) -> dict[str, Any]:
        return {
            "tau_syn_ms": self.quantity(shape, 1.1, 7.1, 15.0),
            "input_gain": self.quantity(shape, 1.0, 0.3),
            "input_in": self.one("same_tick", "next_tick"),
        }

    def neuron(self, shape: tuple[int, ...]) -> Any:
        model = self.one(*MODELS)
        if model == "if":
            return If(
                **self.firing(shape),
                resistance_per_s=self.one(None, 700.0),
                bias=self.quantity(shape, 0.0, 0.03),
                initial=self.quantity(shape, 0.0, 0.4),
            )
        if model == "adex":
            return AdEx(
                bias_pa=self.quantity(shape, 0.0, 700.0, 900.0),
                tau_w_ms=self.quantity(shape, 20.0, 144.0),
                tau_syn_ms=self.one(None, 5.0),
                refractory_ms=self.one(0.0, 2.0),
                substeps=self.one(4, 8),
            )
        if model == "dendritic_lif":
            firing = self.firing(shape) | {"multi_spike": False}
            return DendriticLif(
                **self.membrane(shape),
                **firing,
                dendrites=self.one(1, 2, 3),
                dendrite_threshold=self.quantity(shape, 0.5, 2.0),
                dendritic_gain=self.one(1.0, 2.5),
            )
        if model == "alif":
            return Alif(
                **self.membrane(shape),
                **self.firing(shape),
                tau_adaptation_ms=self.quantity(shape, 8.0, 200.0),
                adaptation=self.quantity(shape, 0.0, 0.1, 0.7),
                homeostasis=self.one(0.0, 0.01),
            )
        if model == "cuba_lif":
            return CubaLif(**self.membrane(shape), **self.synapse(shape), **self.firing(shape))
        if model == "cuba_li":
            return CubaLi(**self.membrane(shape), **self.synapse(shape))
        if model == "li":
            return Li(**self.membrane(shape))
        if model == "integrator":
            return Integrator(bias=self.quantity(shape, 0.0, 0.03))
        return Lif(**self.membrane(shape), **self.firing(shape))

    def sliding(self, pre: tuple[int, ...]) -> Any:
        """Draw a pattern that slides over a shape; none if it does not fit."""
        padding = self.one((0, 0), (1, 0), (1, 1), "same")
        pattern: Any
        if len(pre) == 2:
            pattern = Conv1d(
                kernel=self.one(2, 3),
                stride=self.one(1, 2),
                padding=padding if padding == "same" else padding[0],
                dilation=self.one(1, 2),
                groups=self.one(1, 2),
            )
        elif self.one(True, False):
            pattern = Conv2d(
                kernel=self.one((1, 2), (3, 3), (2, 1)),
                stride=self.one((1, 1), (2, 1), (2, 2)),
                padding=padding,
                dilation=self.one((1, 1), (2, 1)),
                groups=self.one(1, 2),
            )
        else:
            # A power of two, so that an average is exact.
            pattern = Pool2d(
                type=self.one("sum_pool2d", "avg_pool2d"),
                kernel=self.one((2, 2), (1, 2), (4, 1)),
                stride=self.one(None, (1, 1), (2, 1)),
                padding=(0, 0) if padding == "same" else padding,
            )
        try:
            pattern.shape(pre, 4)
        except NetworkError:
            return None
        return pattern

    def slid(self, pattern: Any, pre: tuple[int, ...], precision: str) -> Any:
        """Draw weights and bias of a sliding pattern; with the shape it makes."""
        if isinstance(pattern, Pool2d):
            return self.one(1.0, 0.5), None, pattern.shape(pre, pre[0])
        channels = self.one(2, 4)
        taps = (pattern.kernel,) if isinstance(pattern, Conv1d) else pattern.kernel
        weights = self.weights((channels, pre[0] // pattern.groups, *taps), precision)
        return weights, self.bias((channels,)), pattern.shape(pre, channels)

    def projection(self, nodes: dict[str, Any], order: list[str]) -> Projection:
        """Draw a projection between two nodes, or slices of them, perhaps through other maps."""
        pre, post = self.one(*sources(nodes)), self.one(*order)
        forward = pre not in order or order.index(pre) < order.index(post)
        neuron, shape = nodes[post].neuron, nodes[pre].shape
        # Weights of adex are in pA.
        unit = 512.0 if isinstance(neuron, AdEx) else 1.0
        before: list[Stage] = []
        while len(before) < 2 and self.one(True, False):
            pattern = self.sliding(shape)
            if pattern is None:
                break
            weights, bias, shape = self.slid(pattern, shape, "float32")
            if isinstance(weights, Array):
                # Products of maps must be exact too.
                weights = Array(np.sign(weights.values))
            before.append(Stage(pattern, weights, bias))
        size, target = math.prod(shape), nodes[post].size
        first, start = self.one(0, 0, size // 2), self.one(0, 0, target // 2)
        if first and not before:
            pre, size = f"{pre}[{first}:{size}]", size - first
        if start:
            post, target = f"{post}[{start}:{target}]", target - start
        patterns = [AllToAll(), Random(probability=self.one(0.1, 0.6)), Random(in_degree=1)]
        if size == target:
            patterns.append(OneToOne())
        pattern = self.one(*patterns)
        # Which weights int8 rounds exactly depends on those that are drawn, or on the product.
        common = not before and not isinstance(pattern, Random)
        precision = self.one("float32", "float16", "int8" if common else "float16")
        given = (size,) if isinstance(pattern, OneToOne) else (size, target)
        common_weight = unit * (127 / 64 if precision == "int8" else 0.25)
        return Projection(
            pre,
            post,
            self.one(common_weight, self.weights(given, precision, unit)),
            pattern,
            delay_ticks=self.one(*range(0 if forward else 1, 4)),
            bias=self.bias((target,)),
            before=tuple(before),
            precision=precision,
            compartment=self.one(*range(neuron.compartments)),
        )


def sources(nodes: dict[str, Any]) -> list[str]:
    """The nodes that send whole numbers of spikes."""
    return [name for name, node in nodes.items() if isinstance(node, Input) or node.neuron.spikes]


@st.composite
def specs(draw: st.DrawFn) -> NetworkSpec:
    part = Draw(draw)
    inputs = (Input("events", (part.one(1, 4),)), Input("image", (2, 4, 5)), Input("sound", (2, 9)))
    nodes: dict[str, Any] = {node.name: node for node in inputs}
    order: list[str] = []
    projections = []
    for index in range(part.one(1, 2, 3, 4)):
        name, shape = f"p{index}", part.one((1,), (3,), (7,), (2, 3, 4))
        pre = part.one(*sources(nodes))
        pattern = part.sliding(nodes[pre].shape)
        if pattern is not None:
            precision = part.one("float32", "float16", "int8")
            weights, bias, shape = part.slid(pattern, nodes[pre].shape, precision)
            delay_ticks = part.one(0, 1, 3)
            projections.append(
                Projection(pre, name, weights, pattern, delay_ticks, bias, precision=precision)
            )
        nodes[name] = Population(name, shape, part.neuron(shape))
        order.append(name)
    for _ in range(part.one(1, 2, 4, 6)):
        projections.append(part.projection(nodes, order))
    return NetworkSpec(
        name="random",
        dt_ms=part.one(0.5, 1.0),
        inputs=inputs,
        populations=tuple(draw(st.permutations([nodes[name] for name in order]))),
        projections=tuple(projections),
        seed=part.one(0, 7),
    )


def drumming(spec: NetworkSpec, seed: int, graded: bool = False) -> TickSpikes:
    """Spikes at all inputs, some in the same channel and tick."""
    generator = np.random.default_rng(seed)
    number = generator.poisson(generator.choice([0.5, 4.0, 12.0]), TICKS)
    address = generator.integers(0, spec.channels, number.sum()).astype(np.uint32)
    first = np.concatenate(([0], np.cumsum(number))).astype(np.int64)
    if not graded:
        return TickSpikes(address, first)
    amounts = generator.choice([0.25, 1.0, 1.5, 3.0], address.size).astype(np.float32)
    return TickSpikes(address, first, amounts)


def part(spikes: TickSpikes, start: int, stop: int) -> TickSpikes:
    first = spikes.first[start : stop + 1]
    value = spikes.value[first[0] : first[-1]] if spikes.value.size else spikes.value
    return TickSpikes(spikes.address[first[0] : first[-1]], first - first[0], value)


class Activity(NamedTuple):
    """Amounts (ticks, neurons in execution order), and membranes (ticks, neurons) by population."""

    amounts: Floats
    membranes: dict[str, npt.NDArray[Any]]


def amounts(spec: NetworkSpec, fired: TickSpikes) -> Floats:
    found = np.zeros((fired.ticks, spec.neurons), np.float32)
    tick = np.repeat(np.arange(fired.ticks), np.diff(fired.first))
    found[tick, fired.address] = fired.value if fired.value.size else 1.0
    return found


def streamed(spec: NetworkSpec, spikes: TickSpikes) -> Activity:
    network = StreamingNetwork(spec)
    names = [population.name for population in spec.populations]
    found = np.zeros((TICKS, spec.neurons), np.float32)
    membranes: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in names}
    for tick in range(TICKS):
        found[tick] = amounts(spec, network.run(part(spikes, tick, tick + 1)))[0]
        for name in names:
            membranes[name].append(network.membrane(name))
    return Activity(found, {name: np.array(rows) for name, rows in membranes.items()})


def in_torch(spec: NetworkSpec, spikes: TickSpikes) -> Activity:
    names = [population.name for population in spec.populations]
    with torch.no_grad():
        outputs, _ = TorchNetwork(spec)(dense(spec, spikes), record=names)
    membranes = {name: outputs[f"{name}.membrane"].flatten(1).numpy() for name in names}
    return Activity(amounts(spec, sparse(spec, outputs)), membranes)


def compare(spec: NetworkSpec, one: Activity, other: Activity) -> int:
    """Compare two runs as the module says; returns the number of ticks that could be compared."""
    for tick in range(TICKS):
        begin = 0
        for population in spec.execution_order():
            name, stop = population.name, begin + population.size
            here, there = one.membranes[name][tick], other.membranes[name][tick]
            fired, fired_there = one.amounts[tick, begin:stop], other.amounts[tick, begin:stop]
            begin = stop
            if not isinstance(population.neuron, EXPONENTIAL):
                assert np.array_equal(fired, fired_there), (tick, name)
                assert np.array_equal(here, there), (tick, name)
                continue
            allowed = TOLERANCE * max(1.0, np.abs(one.membranes[name][: tick + 1]).max())
            differs = fired != fired_there
            assert np.all(differs | (np.abs(here - there) <= allowed)), (tick, name)
            if differs.any():
                threshold = getattr(population.neuron, "threshold", None)
                if threshold is None:
                    threshold = population.neuron.peak_mv
                threshold = np.broadcast_to(np.ravel(as_numpy(threshold)), here.shape)
                silent = np.where(fired < fired_there, here, there)
                assert np.all(np.abs(silent - threshold)[differs] <= allowed), (tick, name)
                return tick
        if np.any(one.amounts[tick] > LARGEST_AMOUNT):
            return tick
    return TICKS


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(spec=specs(), seed=st.integers(0, 2**32), graded=st.booleans())
def test_both_engines_give_one_answer(spec: NetworkSpec, seed: int, graded: bool) -> None:
    spikes = drumming(spec, seed, graded)
    compare(spec, streamed(spec, spikes), in_torch(spec, spikes))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    spec=specs(),
    seed=st.integers(0, 2**32),
    cuts=st.lists(st.integers(1, TICKS - 1), max_size=4, unique=True),
)
def test_an_answer_does_not_depend_on_how_it_is_cut(
    spec: NetworkSpec, seed: int, cuts: list[int]
) -> None:
    spikes = drumming(spec, seed)
    single = streamed(spec, spikes)
    at_once = amounts(spec, StreamingNetwork(spec).run(spikes))
    assert np.array_equal(at_once, single.amounts)

    network, state, pieces = TorchNetwork(spec), None, []
    for start, stop in pairwise([0, *sorted(cuts), TICKS]):
        with torch.no_grad():
            outputs, state = network(dense(spec, part(spikes, start, stop)), state)
        pieces.append(amounts(spec, sparse(spec, outputs)))
    whole = in_torch(spec, spikes)
    within = compare(spec, whole, whole)
    assert np.array_equal(np.concatenate(pieces)[:within], whole.amounts[:within])


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(spec=specs(), seed=st.integers(0, 2**32))
def test_what_was_trained_is_what_runs(spec: NetworkSpec, seed: int) -> None:
    network = TorchNetwork(spec)
    generator = torch.Generator().manual_seed(seed % 2**32)
    for synapses in network.synapses:
        # As coarse as the weights, so that sums stay exact; a weight of 0 may be no synapse.
        weight = synapses.maps[-1].weight
        change = torch.randint(-8, 9, weight.shape, generator=generator) / 64
        weight.data += torch.where(weight != 0, change, 0.0)
    trained = network.spec()
    spikes = drumming(spec, seed)
    with torch.no_grad():
        outputs, _ = network(dense(spec, spikes), record=[node.name for node in spec.populations])
    membranes = {
        node.name: outputs[f"{node.name}.membrane"].flatten(1).numpy() for node in spec.populations
    }
    here = Activity(amounts(spec, sparse(spec, outputs)), membranes)
    compare(trained, here, in_torch(trained, spikes))
    # Sums of multiples of a scale that is no power of two are not exact.
    if all(projection.precision != "int8" for projection in spec.projections):
        compare(trained, here, streamed(trained, spikes))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), activity=st.sampled_from([0.02, 0.2]))
def test_with_any_weights_a_spike_differs_only_where_rounding_can_reach(
    seed: int, activity: float
) -> None:
    """Sums of n float32 numbers in another order differ by at most 2 n eps times their magnitudes.

    That is the bound of each tick's current (Higham, Accuracy and Stability of Numerical
    Algorithms, section 4.2); a membrane adds up those of all ticks before. Until spikes differ for
    the first time both networks have had the same input, so there the membrane of the one that did
    not fire must be below its threshold by no more than that.
    """
    sizes, decay, threshold = (40, 30, 25), 0.9, 1.0
    generator = np.random.default_rng(seed)

    def weights(*shape: int) -> Array:
        return Array(generator.normal(0.05, 0.4, shape).astype(np.float32))

    neuron = Lif(tau_mem_ms=10.0, integrator="euler", threshold=threshold, reset="subtract")
    spec = NetworkSpec(
        name="any_weights",
        dt_ms=1.0,
        inputs=(Input("events", sizes[:1]),),
        populations=(
            Population("hidden", sizes[1:2], neuron),
            Population("graded", sizes[1:2], Li(tau_mem_ms=10.0)),
            Population("last", sizes[2:], neuron),
        ),
        projections=(
            Projection("events", "hidden", weights(*sizes[:2])),
            Projection("hidden", "hidden", weights(sizes[1], sizes[1]), delay_ticks=1),
            Projection("hidden", "graded", weights(sizes[1], sizes[1])),
            Projection("graded", "last", weights(*sizes[1:])),
            Projection("hidden", "last", weights(*sizes[1:]), delay_ticks=2),
        ),
    )
    tick, address = np.nonzero(generator.random((TICKS, sizes[0])) < activity)
    first = np.searchsorted(tick, np.arange(TICKS + 1))
    spikes = TickSpikes(address.astype(np.uint32), first)
    here, there = streamed(spec, spikes), in_torch(spec, spikes)

    differ = np.flatnonzero(np.any(here.amounts != there.amounts, axis=1))
    within = differ[0] if differ.size else TICKS
    largest = np.abs(here.membranes["graded"]).max()
    summed = [np.abs(as_numpy(projection.weights)).sum(0).max() for projection in spec.projections]
    eps = float(np.finfo(np.float32).eps)
    allowed = {
        "hidden": 2 * (sizes[0] + sizes[1]) * eps * (summed[0] + summed[1]) / (1 - decay),
        "graded": 2 * sizes[1] * eps * summed[2] / (1 - decay),
    }
    reached = 2 * sizes[1] * eps * largest + allowed["graded"]
    allowed["last"] = (2 * sizes[1] * eps * summed[4] + reached * summed[3]) / (1 - decay)
    for name, bound in allowed.items():
        error = np.abs(here.membranes[name] - there.membranes[name])[:within]
        assert error.max(initial=0) <= bound, name
    if differ.size:
        begin = 0
        for name in ("hidden", "graded", "last"):
            stop = begin + spec.population(name).size
            fired, fired_there = here.amounts[within, begin:stop], there.amounts[within, begin:stop]
            silent = np.where(
                fired < fired_there, here.membranes[name][within], there.membranes[name][within]
            )
            margin = np.abs(silent - threshold)[fired != fired_there]
            begin = stop
            if margin.size:
                assert margin.max() <= allowed[name], name
                return


def test_spikes_survive_being_dense() -> None:
    spec = NetworkSpec(
        name="through",
        dt_ms=1.0,
        inputs=(Input("a", (2, 3)), Input("b", (4,))),
        populations=(
            Population("out", (10,), If(reset="subtract", multi_spike=True)),
            Population("membrane", (10,), Li()),
        ),
        projections=(
            Projection("a", "out[0:6]", pattern=OneToOne()),
            Projection("b", "out[6:10]", pattern=OneToOne()),
            Projection("out", "membrane", pattern=OneToOne()),
        ),
    )
    address = np.array([0, 9, 5, 3], np.uint32)
    spikes = TickSpikes(address, np.array([0, 2, 2, 4]), np.array([1, 2, 3, 1], np.float32))
    inputs = dense(spec, spikes)
    assert {name: tuple(x.shape) for name, x in inputs.items()} == {
        "a": (3, 1, 2, 3),
        "b": (3, 1, 4),
    }
    outputs, _ = TorchNetwork(spec)(inputs)
    fired = sparse(spec, outputs)
    order = [0, 1, 3, 2]
    assert np.array_equal(fired.address, address[order])
    assert np.array_equal(fired.first, spikes.first)
    assert np.array_equal(fired.value, spikes.value[order])


def test_an_unknown_channel_is_refused() -> None:
    spec = NetworkSpec(
        name="small", dt_ms=1.0, inputs=(Input("a", (2,)),), populations=(Population("p", (1,)),)
    )
    with pytest.raises(SpikeError, match="channel 2 is outside of the 2 of 'small'"):
        dense(spec, TickSpikes(np.array([2], np.uint32), np.array([0, 1])))


def test_the_order_of_a_sum_can_decide_on_a_spike() -> None:
    # By source 1e8 + 1 - 1e8 is 0 in float32, in the order of projections 1e8 - 1e8 + 1 is 1.
    spec = NetworkSpec(
        name="cancelling",
        dt_ms=1.0,
        inputs=tuple(Input(name, (1,)) for name in "abc"),
        populations=(Population("out", (1,), Lif()),),
        projections=(
            Projection("a", "out", 1e8),
            Projection("c", "out", -1e8),
            Projection("b", "out", 1.0),
        ),
    )
    spikes = TickSpikes(np.arange(3, dtype=np.uint32), np.array([0, 3]))
    assert StreamingNetwork(spec).run(spikes).address.size == 0
    assert sparse(spec, TorchNetwork(spec)(dense(spec, spikes))[0]).address.size == 1
