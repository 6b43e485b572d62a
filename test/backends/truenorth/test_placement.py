"""Where cores are on the chip, and what is loaded into them as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.backends.truenorth.chip import AXONS, CORES, NEURONS
from neuromorphic_ros.backends.truenorth.mapping import Mapping, map_network
from neuromorphic_ros.backends.truenorth.placement import (
    COLUMNS,
    document,
    place,
    use,
    write_placement,
)
from neuromorphic_ros.snn.builder import Network
from neuromorphic_ros.snn.neurons.leaky import Lif


def mapped() -> Mapping:
    network = Network(name="small").add_input("in", 4).add("a", 10, Lif()).add("b", 300, Lif())
    network.connect("in", "a", weights=[[0.5] * 5 + [-0.25] * 5] * 4, delay_ticks=2)
    network.connect("a", "b", weights=0.5).add_readout("out", "b", "any")
    return map_network(network.spec())


@given(cores=st.integers(1, CORES))
def test_cores_are_beside_each_other_on_the_chip(cores: int) -> None:
    placement = place(cores)
    assert len(set(zip(placement.column.tolist(), placement.row.tolist(), strict=True))) == cores
    steps = np.abs(np.diff(placement.column)) + np.abs(np.diff(placement.row))
    assert np.all(steps == 1)
    assert min(placement.column.min(), placement.row.min()) == 0
    assert max(placement.column.max(), placement.row.max()) < COLUMNS == 64


def test_use_is_shares_of_the_cores_in_use() -> None:
    mapping = mapped()
    found = use(mapping, place(len(mapping.cores)))
    assert found.cores == 3
    assert found.neurons == (20 + 300) / (3 * NEURONS)
    assert found.axons == (4 + 10 + 10) / (3 * AXONS)
    assert found.synapses == (20 * 4 + 300 * 10) / (3 * AXONS * NEURONS)
    # Cores 1 and 2 are beside core 0 and across from it.
    assert found.hops_mean == 1.5
    assert found.hops_most == 2


def test_a_network_of_one_core_has_no_way_to_go() -> None:
    spec = Network().add_input("in", 1).add("a", 1).connect("in", "a").spec()
    found = use(map_network(spec), place(1))
    assert (found.hops_mean, found.hops_most) == (0, 0)


def test_all_that_is_loaded_is_written(tmp_path: Path) -> None:
    mapping = mapped()
    placement = place(len(mapping.cores))
    path = tmp_path / "small.json"
    write_placement(path, mapping, placement)
    read = json.loads(path.read_text())
    assert read == document(mapping, placement)
    assert read["network"] == "small"
    types = {each["name"]: each for each in read["neuronTypes"]}
    # Those of `b` are as the excited ones of `a`.
    assert len(types) == 2
    for core, held in zip(read["cores"], mapping.cores, strict=True):
        rows = [bytes.fromhex(row["synapses"]) for row in core["crossbar"]["rows"]]
        bits = np.unpackbits(np.frombuffer(b"".join(rows), np.uint8)).reshape(-1, NEURONS)
        np.testing.assert_array_equal(bits, held.crossbar[: len(rows)])
        assert not np.any(held.crossbar[len(rows) :])
        kinds = [int(row["type"][1:]) for row in core["crossbar"]["rows"]]
        assert kinds == held.axon_type[: len(rows)].tolist()
        for written, neuron in zip(core["neurons"], held.neurons, strict=False):
            kind = types[written["type"]]
            weights = [kind[f"sigma{each}"] * kind[f"s{each}"] for each in range(4)]
            assert weights == neuron["weight"].tolist()
            assert kind["sigma_lambda"] * kind["lambda"] == neuron["leak"]
            assert kind["alpha"] == neuron["threshold"]
            assert kind["epsilon"] == kind["kappa"] == 1
            assert written["destCore"] == neuron["destination_core"]
            assert written["destAxon"] == neuron["destination_axon"]
            assert written["delay"] == neuron["delay"]


def test_axons_and_inputs_tell_what_they_carry() -> None:
    mapping = mapped()
    read = document(mapping, place(len(mapping.cores)))
    assert [row["carries"] for row in read["cores"][0]["crossbar"]["rows"]] == [
        f"in[{channel}] to a" for channel in range(4)
    ]
    assert read["cores"][2]["crossbar"]["rows"][9]["carries"] == "a[9] to b"
    assert read["inputs"][1] == {"carries": "in[1]", "to": [{"core": 0, "axon": 1, "delay": 2}]}
    assert read["neurons"][10] == {"is": "b[0]", "core": 1, "neuron": 0}


def test_a_splitter_is_told() -> None:
    network = Network().add_input("in", 4).add("a", 200, Lif()).add("b", 300, Lif())
    spec = network.connect("in", "a").connect("a", "b", weights=0.5).spec()
    read = document(map_network(spec), place(10))
    carried = [row["carries"] for core in read["cores"] for row in core["crossbar"]["rows"]]
    assert carried.count("a[0] to its splitter") == 1


def test_accumulators_are_told() -> None:
    spec = Network().add_input("in", 300).add("a", 2, Lif()).connect("in", "a", weights=0.5).spec()
    mapping = map_network(spec)
    read = document(mapping, place(len(mapping.cores)))
    carried = [row["carries"] for core in read["cores"] for row in core["crossbar"]["rows"]]
    assert carried.count("in[299] to accumulators of a") == 1
    assert carried.count(f"accumulator {mapping.accumulators - 1} to a") == 1
