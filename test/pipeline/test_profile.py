from __future__ import annotations

from pathlib import Path

import pytest

from neuromorphic_ros.pipeline.networks import find_hardware, find_network, network_names
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.profile import (
    ProfileError,
    load_profile,
    preset_names,
    profile_names,
)
from neuromorphic_ros.pipeline.tuning import tune
from neuromorphic_ros.snn.streaming import StreamingNetwork


@pytest.mark.parametrize("name", profile_names())
def test_shipped_profiles_fit_their_network_and_hardware(name: str) -> None:
    profile = load_profile(name)
    pipeline = Pipeline(StreamingNetwork(find_network(profile.network)))
    tune(pipeline.tunables, profile.tuned(pipeline.tunables))
    find_hardware(profile.hardware)
    find_hardware(profile.baseline)


def write(folder: Path, text: str, name: str = "mine.yaml") -> str:
    file = folder / name
    file.write_text(text)
    return str(file)


def test_sets_of_readouts_that_a_network_does_not_have_are_left_alone(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    text = "/**:\n  ros__parameters: {limits: {max_linear_m_s: 0.1}, telepathy: {gain: 1.0}}\n"
    tuned = load_profile(write(tmp_path, text)).tuned(pipeline.tunables)
    assert tuned == {"limits.max_linear_m_s": 0.1}


def test_later_files_and_sections_are_stronger(tmp_path: Path) -> None:
    first = write(
        tmp_path,
        "/**:\n  ros__parameters: {network: a, drive: {tau_ms: 10.0}}\n"
        "/**/pipeline:\n  ros__parameters: {network: b}\n",
    )
    second = write(tmp_path, "/**/pipeline:\n  ros__parameters: {network: c}\n", "more.yaml")
    assert load_profile(first).network == "b"
    assert load_profile(first, [second]).network == "c"
    assert load_profile(first).of("motor_decoder") == {"network": "a", "drive.tau_ms": 10.0}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- 1\n", "expected a mapping"),
        ("/**: 5\n", "must hold ros__parameters"),
        ("/**:\n  ros__parameters: 5\n", "must hold ros__parameters"),
    ],
)
def test_files_that_are_no_parameter_files_are_named(
    tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(ProfileError, match=reason):
        load_profile(write(tmp_path, text))


@pytest.mark.parametrize("name", ["jetsno", "missing.yaml"])
def test_a_profile_that_is_not_shipped_is_answered_by_those_which_are(name: str) -> None:
    with pytest.raises(ProfileError, match=r"shipped are .*jetson"):
        load_profile(name)


@pytest.mark.parametrize("preset", preset_names())
def test_shipped_presets_fit_the_networks_that_have_their_variant(preset: str) -> None:
    assert preset_names() == ["max_efficiency", "min_latency"]
    profile = load_profile("jetson", [preset])
    fitting = [name for name in network_names() if profile.variant in find_network(name).variants]
    assert fitting == ["motion_detector", "obstacle_avoider"]
    for name in fitting:
        pipeline = Pipeline(StreamingNetwork(find_network(name, profile.variant)))
        tune(pipeline.tunables, profile.tuned(pipeline.tunables))
        expected = {"max_efficiency": 40.0, "min_latency": 5.0}[preset]
        assert pipeline.core.parameters.control_period_ms == expected
    assert (profile.hardware == "analog_0p1pj") == (preset == "max_efficiency")


def test_an_unknown_preset_is_answered_by_those_which_are() -> None:
    with pytest.raises(ProfileError, match=r"preset 'fast' .* shipped are max_efficiency, min_lat"):
        load_profile("jetson", ["fast"])


def test_an_alias_that_ros_would_not_read_is_named(tmp_path: Path) -> None:
    text = "/a: {ros__parameters: &same {network: robot}}\n/b: {ros__parameters: *same}\n"
    with pytest.raises(ProfileError, match=r"mine\.yaml: ROS reads no aliases \(\*same\)"):
        load_profile("jetson", [write(tmp_path, text)])
