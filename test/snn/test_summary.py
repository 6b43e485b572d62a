"""What is told about a network is what the engine then holds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.networks import find_network, network_names
from neuromorphic_ros.snn import summary as module
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.builder import (
    AdEx,
    Alif,
    Conv2d,
    CubaLi,
    CubaLif,
    DendriticLif,
    If,
    Integrator,
    Li,
    Lif,
    Network,
    OneToOne,
    Random,
    Uniform,
)
from neuromorphic_ros.snn.neurons.model import Neuron
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.summary import Fan, parameters, summarize

MODELS = [
    *(model() for model in (If, Integrator, Lif, Li, CubaLif, CubaLi, Alif, AdEx)),
    DendriticLif(dendrites=3),
]


def assert_as_in_the_engine(spec: NetworkSpec) -> None:
    told, engine = summarize(spec), StreamingNetwork(spec)
    assert told.exact
    for part, connection in zip(told.synapses, engine.connections, strict=True):
        weights = connection.dense()
        used = weights if connection.plastic else weights[weights != 0]
        assert part.number == used.size
        assert part.bytes == connection.bytes
        assert part.dense == (connection.row is None)
        assert (part.low, part.high) == ((used.min(), used.max()) if used.size else (None, None))
    layers = engine._layout.layers.values()
    assert told.neuron_bytes == sum(
        part.nbytes
        for layer in layers
        for part in (layer.constant, layer.state, layer.dendrite, layer.drive)
    )
    assert told.delay_bytes == engine._layout.currents.nbytes
    assert told.bytes == told.weight_bytes + told.neuron_bytes + told.delay_bytes


@pytest.mark.parametrize("name", network_names())
def test_shipped_networks_are_told_as_the_engine_holds_them(name: str) -> None:
    assert_as_in_the_engine(find_network(name))


@pytest.mark.parametrize("neuron", MODELS, ids=lambda neuron: neuron.model)
def test_every_model_takes_the_memory_that_is_told(neuron: Neuron) -> None:
    network = Network().add_input("x", 3).add("a", 7, neuron).connect("x", "a")
    network.connect("x", "a", delay_ticks=9, compartment=neuron.compartments - 1)
    assert_as_in_the_engine(network.spec())


@settings(deadline=None, max_examples=25)
@given(
    probability=st.floats(0, 1),
    precision=st.sampled_from(["float32", "float16", "int8"]),
    seed=st.integers(0, 2**31),
)
def test_random_projections_are_told_as_the_engine_holds_them(
    probability: float, precision: str, seed: int
) -> None:
    network = Network(seed=seed, precision=precision)  # type: ignore[arg-type]
    network.add_input("x", 11).add("a", 13)
    network.connect("x", "a", probability=probability, weights=Uniform(-0.5, 0.5))
    assert_as_in_the_engine(network.spec())


def test_fans_add_up_over_projections_and_slices() -> None:
    network = Network().add_input("x", 4).add("a", 5).add("b", 2)
    network.connect("x", "a[2]").connect("x[0:3]", "a[2:4]", weights=[[1, 0], [0, 1], [1, 1]])
    network.connect("a[2]", "b", pattern=Random(in_degree=1)).connect("a[2]", "a", delay_ticks=1)
    told = summarize(network.spec())
    # Into a[2]: 4 of x, 2 more of x, itself. Out of a[2]: 2 to b, 5 to a.
    assert told.fan_in == Fan("a", 7)
    assert told.fan_out == Fan("a", 7)


@pytest.mark.parametrize(
    ("ends", "groups"),
    [
        ([], ()),
        (["ab", "bc", "ac"], ()),
        (["aa"], (("a",),)),
        (["ab", "ba", "bc"], (("a", "b"),)),
        (["ab", "bc", "ca", "dd"], (("a", "b", "c"), ("d",))),
    ],
)
def test_loops_are_found(ends: list[str], groups: tuple[tuple[str, ...], ...]) -> None:
    network = Network().add_input("x", 1)
    for name in "abcd":
        network.add(name, 1)
    network.connect("x", "a")
    for pre, post in ends:
        network.connect(pre, post, delay_ticks=0 if pre < post else 1)
    assert summarize(network.spec()).recurrent == groups


def test_what_is_beyond_memory_is_bounded_and_not_built() -> None:
    limits = {"max_channels": 2**31, "max_neurons": 2**31, "max_synapses": 2**62}
    network = Network(**limits).add_input("x", 2**30).add("a", 2**30)  # type: ignore[arg-type]
    network.connect("x", "a", precision="int8").connect("x", "a", probability=1e-6)
    network.connect("x", "a", pattern=OneToOne())
    told = summarize(network.spec())
    assert not told.exact
    assert (told.fan_in, told.fan_out) == (None, None)
    assert [part.dense for part in told.synapses] == [True, False, False]
    assert [part.low for part in told.synapses] == [None] * 3
    assert told.synapses[0].bytes == told.synapses[0].number == 2**60
    assert told.synapses[2].number == 2**30
    assert told.synapses[2].bytes == 8 * 2**30 + 8 * (2**30 + 1)


def test_many_projections_together_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUILT_AT_MOST", 1000)
    network = Network().add_input("x", 10).add("a", 10)
    for _ in range(10):
        network.connect("x", "a")
    told = summarize(network.spec())
    assert [part.exact for part in told.synapses] == [True] * 8 + [False] * 2
    assert [part.number for part in told.synapses] == [100] * 10
    assert [part.bytes for part in told.synapses] == [400] * 10


@settings(deadline=None, max_examples=25)
@given(
    kernel=st.integers(1, 4),
    channels=st.integers(1, 3),
    precision=st.sampled_from(["int8", "float32"]),
)
def test_bounds_are_never_below(kernel: int, channels: int, precision: str) -> None:
    network = Network(precision=precision).add_input("x", (2, 6, 5))  # type: ignore[arg-type]
    network.add("a", (channels, 7 - kernel, 6 - kernel))
    network.connect("x", "a", pattern=Conv2d(kernel)).connect("x", "a", probability=0.2)
    spec = network.spec()
    for index, projection in enumerate(spec.projections):
        bound = module._bounded(spec, projection)
        counted = summarize(spec).synapses[index]
        assert bound.number >= counted.number
        assert bound.dense or bound.bytes >= counted.bytes


def test_a_cycle_without_delay_is_refused() -> None:
    network = Network().add("a", 1).connect("a", "a", delay_ticks=1)
    spec = network.spec()
    looped = NetworkSpec(
        name="loop",
        dt_ms=1.0,
        inputs=(),
        populations=spec.populations,
        projections=(spec.projections[0].__class__(pre="a", post="a"),),
    )
    with pytest.raises(NetworkError, match="form a cycle"):
        summarize(looped)


def test_parameters_per_neuron_are_told_by_their_range() -> None:
    told = parameters(Lif(tau_mem_ms=Array(np.array([5.0, 20.0, 10.0])), reset="subtract"))
    assert told["tau_mem_ms"] == [5.0, 20.0]
    assert told["reset"] == "subtract"
    assert "model" not in told
    assert math.isfinite(told["threshold"])
