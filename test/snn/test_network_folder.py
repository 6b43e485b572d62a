"""Networks as folders: what was written is read again, as the same network."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.snn.network_folder import NIR_FILE, YAML_FILE, network_in, write_folder
from neuromorphic_ros.snn.spec import (
    Input,
    NetworkSpec,
    Population,
    Projection,
    Readout,
)
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.variant import Variant

from .graph.graph_networks import drawn, graph_network


def readable() -> NetworkSpec:
    camera = Input("dvs", (2, 12, 16), "camera", "dvs", parameters={"binning": 0.25})
    read = Readout("found", "blob_detection", "seen", {"min_cells": 1})
    rates = Readout("motor", "differential_drive", "out", {"tau_ms": 30.0})
    spec = graph_network()
    return dataclasses.replace(
        spec, inputs=(spec.inputs[0], camera), readouts=(rates, read), seed=7
    )


def test_a_network_with_a_graph_is_read_as_it_was_written(tmp_path: Path) -> None:
    spec = readable()
    file = write_folder(spec, tmp_path / "model")
    assert file == network_in(tmp_path / "model") == tmp_path / "model" / YAML_FILE
    assert load_network(file) == spec
    spikes = drawn(spec, 1)
    fired = [StreamingNetwork(each).run(spikes) for each in (spec, load_network(file))]
    assert np.array_equal(fired[0].address, fired[1].address)


def test_a_network_of_graphs_alone_is_read_as_it_was_written(tmp_path: Path) -> None:
    whole = readable()
    spec = dataclasses.replace(
        whole,
        inputs=whole.inputs[1:],
        populations=whole.graphs,
        projections=(),
        readouts=whole.readouts[1:],
    )
    assert load_network(write_folder(spec, tmp_path)) == spec
    assert not list(tmp_path.glob("*.nir"))


def test_a_network_without_graphs_is_a_nir_file(tmp_path: Path) -> None:
    spec = NetworkSpec(
        name="plain",
        dt_ms=1.0,
        inputs=(Input("in", (2,)),),
        populations=(Population("out", (2,)),),
        projections=(Projection("in", "out", 0.5),),
    )
    assert network_in(tmp_path) == tmp_path / NIR_FILE
    assert load_network(write_folder(spec, tmp_path)) == spec


def test_equal_networks_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_folder(readable(), tmp_path / name)
    one = {file.name: file.read_bytes() for file in (tmp_path / "one").glob("*.[!n]*")}
    assert one == {file.name: file.read_bytes() for file in (tmp_path / "two").glob("*.[!n]*")}
    assert sorted(one) == [YAML_FILE, "seen.safetensors"]


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NetworkError, match="cannot be made"):
        write_folder(readable(), tmp_path / "file" / "model")
    varied = dataclasses.replace(readable(), variants={"low": Variant(dt_ms=5.0)})
    with pytest.raises(NetworkError, match="'graphs' has graphs: variants"):
        write_folder(varied, tmp_path / "model")


@pytest.mark.parametrize(
    ("graph", "complaint"),
    [
        ({"events": "dvs", "file": "../seen.safetensors"}, "graph '../seen.safetensors' is not"),
        ({"events": "dvs", "file": "gone.safetensors"}, r"gone\.safetensors cannot be read"),
        ({"events": "dvs", "file": "network.yaml"}, r"network\.yaml cannot be read"),
        ({"events": "dvs"}, "graph of seen: file"),
        ({"events": "dvs", "file": "seen.safetensors", "more": 1}, "more"),
        ("seen.safetensors", "graph of seen"),
        ({"events": "radar", "file": "seen.safetensors"}, "graph of 'radar'"),
    ],
)
def test_a_graph_that_cannot_be_read_is_named(
    tmp_path: Path, graph: object, complaint: str
) -> None:
    file = write_folder(readable(), tmp_path)
    content = yaml.safe_load(file.read_text())
    content["populations"][0]["graph"] = graph
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(NetworkError, match=complaint):
        load_network(file)
