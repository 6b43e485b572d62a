from __future__ import annotations

from pathlib import Path

import pytest

from neuromorphic_ros.errors import HardwareModelError, NetworkError
from neuromorphic_ros.pipeline.models import model_names
from neuromorphic_ros.pipeline.networks import (
    find_hardware,
    find_network,
    hardware_names,
    network_files,
    network_names,
)
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.snn.streaming import StreamingNetwork


@pytest.mark.parametrize("name", network_names())
def test_shipped_networks_can_be_built_with_their_encoders_and_readouts(name: str) -> None:
    spec = find_network(name)
    assert spec.name == name
    assert Pipeline(StreamingNetwork(spec)).sensors


@pytest.mark.parametrize("name", model_names())
def test_shipped_models_are_found_by_name_and_run(name: str) -> None:
    spec = find_network(name)
    assert spec.name == name
    network = StreamingNetwork(spec)
    if spec.inputs[0].sensor:
        assert Pipeline(network).sensors == sorted({str(each.sensor) for each in spec.inputs})


def test_no_model_has_the_name_of_a_network() -> None:
    assert set(network_files()) == {*network_names(), *model_names()}
    assert not set(network_names()) & set(model_names())


def test_of_one_name_the_network_that_is_written_by_hand_wins(tmp_path: Path) -> None:
    for file in ("config/networks/one.yaml", "models/one/network.nir", "models/two/network.nir"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    assert network_files(tmp_path) == {
        "one": tmp_path / "config/networks/one.yaml",
        "two": tmp_path / "models/two/network.nir",
    }


@pytest.mark.parametrize("name", hardware_names())
def test_shipped_hardware_models_can_be_read(name: str) -> None:
    assert find_hardware(name).name == name


def test_a_network_file_is_found_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.yml"
    file.write_text("{name: mine, dt_ms: 2, inputs: [], populations: [{name: out, shape: [2]}]}")
    assert find_network(str(file)).dt_ns == 2_000_000


@pytest.mark.parametrize("name", ["robto", "", "../networks/robot", "robot.h5"])
def test_a_network_that_is_not_shipped_is_answered_by_those_which_are(name: str) -> None:
    with pytest.raises(NetworkError, match=r"shipped are .*digits.*robot"):
        find_network(name)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"missing\.yaml cannot be read"):
        find_network(str(tmp_path / "missing.yaml"))


def test_unknown_hardware_is_answered_by_the_known() -> None:
    with pytest.raises(HardwareModelError, match=r"'abacus' is unknown; there are .*loihi2"):
        find_hardware("abacus")


@pytest.mark.parametrize("name", network_names())
def test_variants_of_shipped_networks_can_be_built_and_keep_their_task(name: str) -> None:
    spec = find_network(name)
    assert {"low", "medium"} <= spec.variants.keys()
    for variant in spec.variants:
        varied = find_network(name, variant)
        assert find_network(f"{name}@{variant}") == varied
        pipeline = Pipeline(StreamingNetwork(varied))
        assert (pipeline.motor is None) == (Pipeline(StreamingNetwork(spec)).motor is None)


def test_a_variant_of_a_file_is_found_and_an_unknown_one_refused(tmp_path: Path) -> None:
    file = tmp_path / "odd@name.yaml"
    file.write_text(
        "name: net\ndt_ms: 1.0\ninputs: []\npopulations: [{name: a, shape: [1]}]\n"
        "variants: {slow: {dt_ms: 9.0}}\n"
    )
    assert find_network(str(file)).dt_ms == 1.0
    assert find_network(f"{file}@slow").dt_ms == 9.0
    with pytest.raises(NetworkError, match="no variant 'fast'; there is slow"):
        find_network(str(file), "fast")
