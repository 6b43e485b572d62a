from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.patterns import Random
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection, Readout
from neuromorphic_ros.snn.synapses import connect
from neuromorphic_ros.snn.variant import Variant, vary
from neuromorphic_ros.snn.weights import Normal


def network(**changes: Any) -> NetworkSpec:
    """Two branches, each from an input of its own to a readout, the second a random one."""
    return NetworkSpec(
        name="branches",
        dt_ms=1.0,
        inputs=(Input("left", (3,)), Input("right", (40,))),
        populations=(Population("a", (2,)), Population("b", (30,)), Population("c", (4,))),
        projections=(
            Projection("left", "a", 0.5),
            Projection("right", "b", Normal(0.5, 0.1), Random(probability=0.5)),
            Projection("b", "c", 0.25),
        ),
        readouts=(Readout("x", "decoder", "a"), Readout("y", "decoder", "c", {"tau_ms": 3.0})),
        variants={"other": Variant(**changes)},
    )


def test_nothing_named_is_the_network_without_variants() -> None:
    spec, varied = network(), vary(network(), "other")
    assert varied == dataclasses.replace(spec, variants={}, projections=varied.projections)
    for index in range(3):
        assert np.array_equal(connect(varied, index).weight, connect(spec, index).weight)


def test_what_is_left_out_goes_with_its_projections_and_readouts() -> None:
    varied = vary(network(without=("left", "a")), "other")
    assert [each.name for each in varied.nodes] == ["right", "b", "c"]
    assert [str(each) for each in varied.projections] == ["right -> b", "b -> c"]
    assert [each.name for each in varied.readouts] == ["y"]


def test_random_weights_stay_when_a_projection_before_them_is_left_out() -> None:
    varied = vary(network(without=("left", "a")), "other")
    assert np.array_equal(connect(varied, 0).weight, connect(network(), 1).weight)


def test_tick_precision_and_parameters_change_as_named() -> None:
    varied = vary(
        network(
            dt_ms=4.0,
            precision="int8",
            neurons={"a": {"tau_mem_ms": 30.0}},
            encoders={"left": {"rate": 2.0}},
            decoders={"y": {"tau_ms": 9.0}},
        ),
        "other",
    )
    assert varied.dt_ms == 4.0
    assert {each.precision for each in varied.projections} == {"int8"}
    assert varied.population("a").neuron == Lif(tau_mem_ms=30.0)
    assert varied.population("b") == network().population("b")
    assert varied.inputs[0].parameters == {"rate": 2.0}
    assert varied.readouts[1].parameters == {"tau_ms": 9.0}


def test_weights_are_multiplied_and_by_zero_left_out() -> None:
    varied = vary(network(weights={"right -> b": -2.0, "b -> c": 0.0}), "other")
    assert [str(each) for each in varied.projections] == ["left -> a", "right -> b"]
    given, drawn = connect(network(), 1).weight, connect(varied, 1).weight
    assert varied.projections[1].weights == Normal(-1.0, 0.2)
    assert drawn.shape == given.shape


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"without": ("d",)}, "'d' is unknown; there is left, right, a, b, c"),
        ({"neurons": {"left": {}}}, "'left' is unknown; there is a, b, c"),
        ({"neurons": {"a": {"tau": 1.0}}}, "population 'a': tau is not a known field"),
        ({"neurons": {"a": {"tau_mem_ms": -1.0}}}, "population 'a': tau_mem_ms"),
        ({"encoders": {"a": {}}}, "'a' is unknown; there is left, right"),
        ({"decoders": {"z": {}}}, "'z' is unknown; there is x, y"),
        ({"weights": {"a -> b": 2.0}}, "'a -> b' is unknown; there is left -> a"),
        ({"without": ("right",)}, "readout 'y' depends on input 'right'"),
        ({"without": ("a", "b", "c")}, "populations"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(NetworkError, match=r"variant 'other' of network 'branches'") as refused:
        vary(network(**changes), "other")
    assert reason in str(refused.value)


def test_an_unknown_variant_is_answered_by_those_there_are() -> None:
    with pytest.raises(NetworkError, match="has no variant 'low'; there is other"):
        vary(network(), "low")
    with pytest.raises(NetworkError, match="has no variant 'other'; there is none"):
        vary(vary(network(), "other"), "other")


def test_a_network_file_with_a_wrong_variant_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(
        "name: net\ndt_ms: 1.0\ninputs: []\npopulations: [{name: a, shape: [1]}]\n"
        "variants: {low: {without: [b]}}\n"
    )
    with pytest.raises(NetworkError, match=r"net\.yaml: variant 'low' .* 'b' is unknown"):
        load_network(file)
