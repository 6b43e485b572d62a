"""Parameter files mean here what they mean to ROS; shipped profiles fit what they are for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from neuromorphic_ros.backends.registry import BACKENDS
from neuromorphic_ros.pipeline.bringup import parameter_sets
from neuromorphic_ros.pipeline.networks import find_hardware, find_network
from neuromorphic_ros.pipeline.profile import Profile, ProfileError, load_profile, profile_names
from neuromorphic_ros.pipeline.tuning import tune

ANY = "/**: {ros__parameters: {a: any, b: any, set: {x: 1.0}}}"
NAMED = "/**/pipeline: {ros__parameters: {a: named, set: {y: 2.0}}}"
ONE_ABOVE = "/*/pipeline: {ros__parameters: {b: one above}}"
ROOT = "pipeline: {ros__parameters: {a: root}}"
FULL = "/robot/pipeline: {ros__parameters: {a: full}}"
NESTED = "robot: {pipeline: {ros__parameters: {b: nested}}}"
OTHER = "/**/energy_monitor: {ros__parameters: {a: other}}"

FILES = {
    "named over any": [f"{ANY}\n{NAMED}"],
    "any written last": [f"{NAMED}\n{ANY}"],
    "another file, weaker section": [f"{ANY}\n{NAMED}", "/**: {ros__parameters: {a: later}}"],
    "another file, same section": [f"{ANY}\n{NAMED}", "/**/pipeline: {ros__parameters: {a: no}}"],
    "another file, new section": [NAMED, ROOT],
    "full name": [f"{FULL}\n{ANY}", FULL],
    "nested names": [f"{ANY}\n{NESTED}"],
    "one level": [f"{ANY}\n{ONE_ABOVE}"],
    "of another node": [f"{ANY}\n{OTHER}"],
}


def load(folder: Path, texts: list[str], namespace: str) -> Profile:
    paths = []
    for number, text in enumerate(texts):
        paths.append(folder / f"{number}.yaml")
        paths[-1].write_text(text)
    return load_profile(str(paths[0]), list(map(str, paths[1:])), namespace)


def given_by_ros(profile: Profile, node: str) -> dict[str, Any]:
    """Return the parameters that a genuine node with this name gets from the files."""
    rclpy = pytest.importorskip("rclpy")
    from rclpy.context import Context
    from rclpy.node import Node

    arguments = ["-r", f"__ns:={profile.namespace or '/'}"]
    for file in profile.files:
        arguments += ["--params-file", str(file)]
    context = Context()
    rclpy.init(args=["test", "--ros-args", *arguments], context=context)
    try:
        genuine = Node(node, context=context, automatically_declare_parameters_from_overrides=True)
        overrides = genuine.get_parameters_by_prefix("")
        genuine.destroy_node()
    finally:
        context.try_shutdown()
    own = {"use_sim_time", "start_type_description_service"}
    return {name: item.value for name, item in overrides.items() if name not in own}


@pytest.mark.ros
@pytest.mark.parametrize("namespace", ["", "/robot", "/fleet/robot"])
@pytest.mark.parametrize("texts", FILES.values(), ids=list(FILES))
def test_files_mean_what_they_mean_to_ros(texts: list[str], namespace: str, tmp_path: Path) -> None:
    profile = load(tmp_path, texts, namespace)
    assert profile.of("pipeline") == given_by_ros(profile, "pipeline")


@pytest.mark.ros
@pytest.mark.parametrize("namespace", ["", "/robot"])
@pytest.mark.parametrize("node", ["pipeline", "spiking_core", "motor_decoder", "energy_monitor"])
@pytest.mark.parametrize("name", profile_names())
def test_shipped_profiles_mean_what_they_mean_to_ros(name: str, node: str, namespace: str) -> None:
    profile = load_profile(name, namespace=namespace)
    assert profile.of(node) == given_by_ros(profile, node)


@pytest.mark.parametrize("name", profile_names())
def test_a_shipped_profile_names_what_exists(name: str) -> None:
    profile = load_profile(name)
    assert profile.backend == name
    assert profile.backend in BACKENDS
    find_network(profile.network)
    find_hardware(profile.hardware)
    find_hardware(profile.baseline)


@pytest.mark.parametrize("node", ["pipeline", "spiking_core", "motor_decoder"])
@pytest.mark.parametrize("name", profile_names())
def test_a_shipped_profile_has_no_parameter_that_its_node_lacks(name: str, node: str) -> None:
    profile = load_profile(name)
    tunables = parameter_sets(find_network(profile.network))[node]
    given = {key: value for key, value in profile.of(node).items() if "." in key}
    assert given
    tune(tunables, given)


@pytest.mark.parametrize("name", profile_names())
def test_one_process_and_several_are_tuned_alike(name: str) -> None:
    profile = load_profile(name)
    parts = profile.of("spiking_core") | profile.of("motor_decoder")
    assert parts == profile.of("pipeline")


def test_a_processor_is_not_priced_as_a_neuromorphic_chip() -> None:
    assert load_profile("jetson").hardware == "horowitz_45nm_fp32"


def test_overrides_are_stronger_than_any_file(tmp_path: Path) -> None:
    profile = load(tmp_path, [f"{FULL}\n{NAMED}"], "/robot")
    assert profile.of("pipeline")["a"] == "named"
    overridden = profile.overridden({"pipeline": {"a": "override"}})
    assert overridden.of("pipeline")["a"] == "override"
    assert profile.of("pipeline")["a"] == "named"


@pytest.mark.parametrize(
    "text",
    ["/**: 5", "/**: {}", "/**: {ros__parameters: 5}", "/**: {network: robot}", "- a", "{", ""],
)
def test_a_file_that_ros_could_not_read_is_refused_by_name(text: str, tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"0\.yaml"):
        load(tmp_path, [text], "")


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ProfileError, match=r"'jetsn' .* shipped are brainscales, jetson, loihi"):
        load_profile("jetsn")


def test_a_missing_further_file_is_refused_by_name() -> None:
    with pytest.raises(ProfileError, match="nowhere"):
        load_profile("jetson", ["nowhere.yaml"])
