"""Networks as NIR files: the same network comes back, and others find what NIR can say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.networks import find_network, network_names
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.adaptive import Alif
from neuromorphic_ros.snn.neurons.adex import AdEx
from neuromorphic_ros.snn.neurons.cuba import CubaLi, CubaLif
from neuromorphic_ros.snn.neurons.dendritic import DendriticLif
from neuromorphic_ros.snn.neurons.leaky import If, Integrator, Li, Lif
from neuromorphic_ros.snn.nir.reading import read_nir
from neuromorphic_ros.snn.nir.writing import write_nir
from neuromorphic_ros.snn.patterns import AllToAll, Conv1d, Conv2d, OneToOne, Pool2d, Random
from neuromorphic_ros.snn.spec import (
    Input,
    NetworkSpec,
    Population,
    Projection,
    Readout,
    Stage,
)
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.snn.weights import Normal, Uniform

SHAPES = ((6,), (2, 3), (2, 3, 3), (4, 5, 5), (18,))
DTYPES = (np.float64, np.float32, np.float16, np.int8)


def array(draw: Any, shape: tuple[int, ...], dtype: Any = None) -> Array:
    kind = dtype or draw(st.sampled_from(DTYPES))
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    return Array(generator.normal(0, 3, shape).astype(kind))


def quantity(draw: Any, shape: tuple[int, ...], low: float, high: float) -> Any:
    if draw(st.booleans()):
        return draw(st.floats(low, high))
    return Array(np.random.default_rng(draw(st.integers(0, 99))).uniform(low, high, shape))


@st.composite
def neurons(draw: Any, shape: tuple[int, ...]) -> Any:
    def each(low: float, high: float) -> Any:
        return quantity(draw, shape, low, high)

    def maybe(value: Any) -> Any:
        return draw(st.sampled_from((None, value)))

    membrane = {
        "tau_mem_ms": each(1.5, 30),
        "integrator": draw(st.sampled_from(("exact", "euler"))),
        "resistance": maybe(each(0.1, 5)),
        "rest": each(-1, 1),
        "bias": each(-0.1, 0.1),
        "initial": maybe(each(-1, 1)),
    }
    firing = {
        "threshold": each(0.5, 2),
        "reset": draw(st.sampled_from(("hard", "subtract"))),
        "reset_value": each(-1, 0.2),
        "reset_in": draw(st.sampled_from(("same_tick", "next_tick"))),
        "lower_first": draw(st.booleans()),
        "strict": draw(st.booleans()),
        "multi_spike": draw(st.booleans()),
        "refractory_ms": draw(st.sampled_from((0.0, 3.0))),
        "floor": maybe(each(-3, -1)),
    }
    synapse = {
        "tau_syn_ms": each(1.5, 20),
        "input_gain": each(0.1, 2),
        "input_in": draw(st.sampled_from(("same_tick", "next_tick"))),
    }
    integration = {"resistance_per_s": maybe(each(1, 900)), "initial": each(-1, 1)}
    return draw(
        st.sampled_from(
            (
                If(**integration, **firing),
                Integrator(**integration),
                Lif(**membrane, **firing),
                Li(**membrane),
                CubaLif(**membrane, **synapse, **firing),
                CubaLi(**membrane, **synapse),
                Alif(**membrane, **firing, homeostasis=each(0, 1)),
                AdEx(rest_mv=each(-75, -65), tau_syn_ms=maybe(each(2, 8))),
                DendriticLif(**membrane, **firing, dendrites=draw(st.integers(1, 3))),
            )
        )
    )


def weights(draw: Any, shape: tuple[int, ...]) -> Any:
    return draw(
        st.sampled_from(
            (array(draw, shape), draw(st.floats(-2, 2)), Uniform(-1, 1), Normal(0.0, 1.0))
        )
    )


def biases(draw: Any, shape: tuple[int, ...]) -> Any:
    return draw(st.sampled_from((None, draw(st.floats(-2, 2)), array(draw, shape, np.float32))))


@st.composite
def maps(draw: Any, pre: tuple[int, ...]) -> tuple[Stage, tuple[int, ...]]:
    """Draw a map of a shape, and the shape that it makes."""
    size = int(np.prod(pre))
    kinds = ["all_to_all", "one_to_one", "random", *(["conv1d"] if len(pre) == 2 else [])]
    kind = draw(
        st.sampled_from(
            [
                *kinds,
                *(["conv2d"] if len(pre) == 3 else []),
                *(["pool"] if len(pre) == 3 and min(pre) > 1 else []),
            ]
        )
    )
    if kind in ("all_to_all", "random"):
        post = draw(st.sampled_from(SHAPES))
        drawn = Random(probability=0.5), Random(in_degree=1)
        pattern = AllToAll() if kind == "all_to_all" else draw(st.sampled_from(drawn))
        stage = Stage(pattern, weights(draw, (size, int(np.prod(post)))), biases(draw, post), post)
        return stage, post
    if kind == "one_to_one":
        post = draw(st.sampled_from([shape for shape in SHAPES if np.prod(shape) == size] or [pre]))
        return Stage(OneToOne(), weights(draw, (size,)), biases(draw, post), post), post
    if kind == "pool":
        pool = Pool2d(draw(st.sampled_from(("sum_pool2d", "avg_pool2d"))), (2, 2), (1, 1))
        post = (pre[0], pre[1] - 1, pre[2] - 1)
        return Stage(pool, draw(st.sampled_from((1.0, 0.5))), shape=post), post
    groups = draw(st.sampled_from((1, pre[0])))
    if kind == "conv1d":
        post = (pre[0], pre[1])
        line = Conv1d(kernel=3, padding=draw(st.sampled_from((1, "same"))), groups=groups)
        kernel = weights(draw, (post[0], pre[0] // groups, 3))
        return Stage(line, kernel, biases(draw, (post[0],)), post), post
    taps = draw(st.sampled_from(((2, 2), (1, 3), (3, 3))))
    plane = Conv2d(kernel=taps, padding=1, groups=groups)
    post = plane.shape(pre, pre[0])
    kernel = weights(draw, (post[0], pre[0] // groups, *taps))
    bias = biases(draw, draw(st.sampled_from(((post[0],), post))))
    return Stage(plane, kernel, bias, post), post


@st.composite
def specs(draw: Any) -> NetworkSpec:
    inputs = [Input("events", draw(st.sampled_from(SHAPES)))]
    if draw(st.booleans()):
        parameters = {"sectors": 6, "range_m": [0.1, 4.5], "name": "front", "flip": None}
        inputs.append(Input("scan", (6,), "scan", "scan_latency", parameters, False))
    populations: list[Population] = []
    projections: list[Projection] = []
    for index in range(draw(st.integers(1, 3))):
        sources = [*inputs, *populations]
        pre = draw(st.sampled_from(sources)) if index else inputs[0]
        name, shape, before = pre.name, pre.shape, []
        if draw(st.integers(0, 5)) == 0 and int(np.prod(shape)) > 4:
            name, shape = f"{name}[1:5]", (4,)
        for _ in range(draw(st.sampled_from((0, 0, 1, 2)))):
            stage, shape = draw(maps(shape))
            before.append(stage)
        last, shape = draw(maps(shape))
        neuron = draw(neurons(shape))
        populations.append(Population(f"p{index}", shape, neuron))
        post, precision = f"p{index}", draw(st.sampled_from(("float32", "float16", "int8")))
        projections.append(
            Projection(
                name,
                post,
                last.weights,
                last.pattern,
                draw(st.integers(0, 3)),
                last.bias,
                tuple(before),
                precision,
                draw(st.integers(0, neuron.compartments - 1)),
            )
        )
        if draw(st.booleans()):
            rows, size = min(3, populations[-1].size), populations[-1].size
            back = array(draw, (rows, size))
            projections.append(Projection(f"{post}[0:{rows}]", post, back, delay_ticks=1))
    readouts = (Readout("out", "blob_detection", "p0", {"radius": 2.5}),)
    return NetworkSpec(
        "net",
        draw(st.sampled_from((0.1, 1.0, 2.5))),
        tuple(inputs),
        tuple(populations),
        tuple(projections),
        readouts if draw(st.booleans()) else (),
        draw(st.integers(0, 2**63 - 1)),
        max_synapses=draw(st.sampled_from((10**6, 10**9))),
    )


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(spec=specs())
def test_the_same_network_comes_back(tmp_path: Path, spec: NetworkSpec) -> None:
    file = tmp_path / "network.nir"
    write_nir(spec, file)
    model = read_nir(file)
    assert model.spec == spec
    assert set(model.outputs.values()) <= {population.name for population in spec.populations}
    # With all of its own checks.
    assert set(nir.read(str(file)).nodes) >= {node.name for node in spec.nodes}


@pytest.mark.parametrize("name", network_names())
def test_every_shipped_network_comes_back(tmp_path: Path, name: str) -> None:
    spec = find_network(name)
    write_nir(spec, tmp_path / "network.nir")
    assert read_nir(tmp_path / "network.nir").spec == spec


def stripped(file: Path) -> Path:
    """Leave the graph alone, as another framework sees it."""
    with h5py.File(file, "r+") as opened:
        del opened["node/metadata"]
    return file


def spikes_of(spec: NetworkSpec, ticks: int = 100) -> list[int]:
    network, generator = StreamingNetwork(spec), np.random.default_rng(1)
    counts = generator.binomial(spec.channels, 0.3, ticks)
    address = np.concatenate(
        [generator.choice(spec.channels, count, replace=False) for count in counts]
    )
    first = np.concatenate(([0], np.cumsum(counts)))
    made = network.run(TickSpikes(address.astype(np.uint32), first))
    return [*made.address.tolist(), *made.first.tolist()]


def test_others_find_the_same_dynamics_in_the_graph(tmp_path: Path) -> None:
    generator = np.random.default_rng(7)

    def drawn(*shape: int) -> Array:
        return Array(generator.normal(0.2, 0.6, shape).astype(np.float32))

    pool = Stage(Pool2d("sum_pool2d", (2, 2)), shape=(3, 3, 3))
    spec = NetworkSpec(
        name="network",
        dt_ms=0.5,
        inputs=(Input("image", (2, 6, 6)),),
        populations=(
            Population("a", (3, 6, 6), Lif(tau_mem_ms=8.0, bias=0.05, initial=0.0, strict=True)),
            Population("b", (4, 3, 3), CubaLif(tau_syn_ms=3.0, resistance=1.5, strict=True)),
            Population("c", (5,), If(resistance_per_s=700.0, strict=True)),
        ),
        projections=(
            Projection("image", "a", drawn(3, 2, 3, 3), Conv2d((3, 3), padding=1)),
            Projection("a", "b", drawn(4, 3, 1, 1), Conv2d((1, 1)), 2, drawn(4), (pool,)),
            Projection("b", "c", drawn(36, 5), bias=-0.3),
            Projection("c", "c", drawn(5, 5), delay_ticks=1),
        ),
    )
    write_nir(spec, tmp_path / "network.nir")
    graph = nir.read(str(tmp_path / "network.nir"))
    assert {type(node).__name__ for node in graph.nodes.values()} == {
        "Input", "Conv2d", "LIF", "Delay", "SumPool2d", "CubaLIF", "Flatten", "Affine", "IF",
        "Linear", "Output",
    }  # fmt: skip
    assert graph.nodes["a"].tau == pytest.approx(0.008)
    assert graph.nodes["a"].v_threshold.shape == (3, 6, 6)
    given = spec.projections[0].weights
    assert isinstance(given, Array)
    assert np.array_equal(graph.nodes["image_to_a_conv"].weight, given.values)
    untold = {"dt_ms": 0.5, "initial": "zero"}
    other = read_nir(stripped(tmp_path / "network.nir"), None, untold).spec
    assert other != spec
    assert len(spikes_of(spec)) > 300
    assert spikes_of(other) == spikes_of(spec)


def test_weights_are_stored_once(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    given = Array(generator.normal(size=(400, 500)).astype(np.float32))
    spec = NetworkSpec(
        "network",
        1.0,
        (Input("a", (500,)),),
        (Population("b", (600,)),),
        (Projection("a[100:500]", "b[0:500]", given),),
    )
    write_nir(spec, tmp_path / "network.nir")
    assert (tmp_path / "network.nir").stat().st_size < 1.2 * given.values.nbytes
    assert read_nir(tmp_path / "network.nir").spec == spec


@pytest.mark.parametrize(
    ("neuron", "expected"),
    [
        (Lif(), nir.LIF),
        (Alif(), nir.LIF),
        (DendriticLif(), nir.LIF),
        (AdEx(), nir.LIF),
        (AdEx(tau_syn_ms=5.0), nir.CubaLIF),
        (CubaLif(), nir.CubaLIF),
        (CubaLi(), nir.CubaLI),
        (Li(), nir.LI),
        (If(), nir.IF),
        (Integrator(), nir.I),
    ],
)
def test_the_nearest_node_stands_for_a_model(tmp_path: Path, neuron: Any, expected: type) -> None:
    spec = NetworkSpec(
        "network",
        1.0,
        (Input("a", (2,)),),
        (Population("b", (2,), neuron),),
        (Projection("a", "b"),),
    )
    write_nir(spec, tmp_path / "network.nir")
    assert type(nir.read(str(tmp_path / "network.nir")).nodes["b"]) is expected


def small(**changes: Any) -> NetworkSpec:
    fields: dict[str, Any] = {
        "name": "network",
        "dt_ms": 1.0,
        "inputs": (Input("a", (3,)),),
        "populations": (Population("b", (2,)),),
        "projections": (Projection("a", "b", 0.5),),
    }
    return NetworkSpec(**fields | changes)


def test_a_matrix_that_is_too_large_is_refused(tmp_path: Path) -> None:
    pattern = Random(in_degree=1)
    spec = small(
        inputs=(Input("a", (10_000,)),),
        populations=(Population("b", (10_000,)),),
        projections=(Projection("a", "b", pattern=pattern),),
    )
    with pytest.raises(NetworkError, match="a -> b needs a matrix of 10000 x 10000"):
        write_nir(spec, tmp_path / "network.nir")


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="cannot be written"):
        write_nir(small(), tmp_path / "nowhere" / "network.nir")


def test_a_file_that_says_all_takes_no_conventions(tmp_path: Path) -> None:
    write_nir(small(), tmp_path / "network.nir")
    for preset, fields in (("norse", {}), (None, {"dt_ms": 2.0})):
        with pytest.raises(NetworkError, match="says its conventions itself"):
            read_nir(tmp_path / "network.nir", preset, fields)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"spec": 1, "outputs": {}}',
        '{"spec": {"name": "a"}, "outputs": {}}',
        '{"spec": {"$array": "7"}, "outputs": {}}',
        '{"spec": {"$weights": "b"}, "outputs": {}}',
        '{"spec": {"$block": ["a_to_b_weights", 1, 2]}, "outputs": {}}',
        "[" * 100_000,
    ],
)
def test_damaged_metadata_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "network.nir"
    write_nir(small(), file)
    with h5py.File(file, "r+") as opened:
        del opened["node/metadata/neuromorphic_ros/text"]
        opened["node/metadata/neuromorphic_ros/text"] = text
    with pytest.raises(NetworkError, match=r"network\.nir: "):
        read_nir(file)


def test_an_output_that_is_no_population_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "network.nir"
    write_nir(small(), file)
    with h5py.File(file, "r+") as opened:
        text = opened["node/metadata/neuromorphic_ros/text"]
        text[()] = text[()].decode().replace('{"output": "b"}', '{"output": "x"}')
    with pytest.raises(NetworkError, match="'x' is unknown"):
        read_nir(file)
