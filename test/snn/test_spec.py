"""A network file is either right or refused in one line that names the file and the object."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.synapses import connect

GOOD: dict[str, Any] = {
    "name": "good",
    "dt_ms": 1.0,
    "inputs": [
        {"name": "scan", "sensor": "scan", "encoder": "rate", "shape": [8]},
        {"name": "camera", "sensor": "camera", "encoder": "dvs", "shape": [2, 4, 6]},
    ],
    "populations": [
        {"name": "hidden", "shape": [4]},
        {"name": "motor", "shape": [3], "neuron": {"model": "lif", "tau_mem_ms": 5.0}},
    ],
    "projections": [
        {"pre": "scan", "post": "hidden", "weights": 0.5},
        {"pre": "hidden[1:4]", "post": "motor", "pattern": {"type": "one_to_one"}, "weights": 1},
        {"pre": "motor", "post": "hidden", "weights": -0.1, "delay_ticks": 1},
    ],
    "readouts": [{"name": "cmd_vel", "decoder": "differential_drive", "population": "motor"}],
}


def changed(*steps: str | int, to: Any) -> dict[str, Any]:
    content = copy.deepcopy(GOOD)
    place: Any = content
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = to
    return content


def write(folder: Path, content: object, name: str = "net.yaml") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(NetworkError) as caught:
        load_network(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert len(message) < 600
    return message


def chain(order: list[str], links: list[tuple[str, str]]) -> NetworkSpec:
    content: dict[str, Any] = {
        "name": "chain",
        "dt_ms": 1,
        "inputs": [],
        "populations": [{"name": name, "shape": [1]} for name in order],
        "projections": [{"pre": pre, "post": post, "weights": 1} for pre, post in links],
    }
    return NetworkSpec(**content)


def names(spec: NetworkSpec) -> list[str]:
    return [population.name for population in spec.execution_order()]


def test_a_good_file_says_what_it_says(tmp_path: Path) -> None:
    spec = load_network(write(tmp_path, GOOD))
    assert spec.shapes == {"scan": (8,), "camera": (2, 4, 6), "hidden": (4,), "motor": (3,)}
    assert spec.dt_ns == 1_000_000
    assert spec.channels == 56
    assert spec.neurons == 7
    assert spec.populations[0].neuron.tau_mem_ms == 10.0
    assert spec.populations[1].neuron.tau_mem_ms == 5.0
    assert spec.projections[1].pattern == OneToOne()
    assert names(spec) == ["hidden", "motor"]
    assert [node.name for node in spec.execution_nodes()] == ["scan", "camera", "hidden", "motor"]
    assert spec.sources_of("motor") == {"scan"}
    assert spec.sources_of("hidden") == {"scan"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (changed("dt_ms", to=0), "dt_ms = 0"),
        (changed("dt_ms", to=float("nan")), "dt_ms = nan"),
        (changed("dt_ms", to="fast"), "dt_ms = 'fast'"),
        (changed("name", to="a b"), "name = 'a b'"),
        (changed("color", to="red"), "color is not a known field"),
        (changed("seed", to=-1), "seed = -1"),
        (changed("populations", to=[]), "populations = []"),
        (changed("populations", to=None), "populations = None"),
        (changed("inputs", to="scan"), "inputs = 'scan'"),
        (changed("inputs", 0, "sensor", to="smell"), "inputs.0.sensor = 'smell'"),
        (changed("inputs", 0, "rate", to=5), "inputs.0.rate is not a known field"),
        (changed("inputs", 0, "shape", to=[]), "inputs.0.shape = []"),
        (changed("inputs", 0, "shape", to=[0]), "inputs.0.shape.0 = 0"),
        (changed("inputs", 0, "shape", to=[1.5]), "inputs.0.shape.0 = 1.5"),
        (changed("inputs", 0, "name", to="motor"), "'motor' is used twice"),
        (changed("populations", 1, "name", to="hidden"), "'hidden' is used twice"),
        (changed("populations", 0, "name", to="hidden[0]"), "populations.0.name = 'hidden[0]'"),
        (
            changed("populations", 1, "neuron", to={"model": "hh"}),
            "populations.1.neuron = {'model': 'hh'}",
        ),
        (
            changed("populations", 1, "neuron", to={"tau_mem_ms": 0}),
            "populations.1.neuron.lif.tau_mem_ms = 0",
        ),
        (
            changed("populations", 1, "neuron", to={"resistance": 1e300}),
            "populations.1.neuron.lif.resistance = 1e+300",
        ),
        (
            changed("populations", 1, "neuron", to={"leak": 1}),
            "populations.1.neuron.lif.leak is not a known field",
        ),
        (changed("projections", 0, "pre", to="lidar"), "'lidar' is unknown"),
        (changed("projections", 0, "pre", to="scan[0:9]"), "'scan[0:9]' is empty or outside"),
        (changed("projections", 0, "pre", to="scan[3:3]"), "'scan[3:3]' is empty or outside"),
        (changed("projections", 0, "pre", to="scan[8]"), "'scan[8]' is empty or outside"),
        (changed("projections", 0, "pre", to="scan[-1]"), "'scan[-1]' is not a name"),
        (changed("projections", 0, "pre", to="scan[1:]"), "'scan[1:]' is not a name"),
        (changed("projections", 0, "pre", to=""), "'' is not a name"),
        (changed("projections", 0, "post", to="camera"), "'camera' is an input"),
        (changed("projections", 0, "post", to="camera[0:2]"), "'camera[0:2]' is an input"),
        (changed("projections", 0, "weights", to=None), "projections.0.weights"),
        (changed("projections", 0, "weights", to=float("inf")), "projections.0.weights"),
        (changed("projections", 0, "delay_ticks", to=-1), "projections.0.delay_ticks = -1"),
        (changed("projections", 0, "delay_ticks", to=0.5), "projections.0.delay_ticks = 0.5"),
        (changed("projections", 0, "pattern", to={"type": "ring"}), "projections.0.pattern"),
        (
            changed("projections", 0, "pattern", to={"type": "random", "probability": 1.1}),
            "probability = 1.1",
        ),
        (
            changed("projections", 0, "pattern", to={"type": "conv2d", "kernel": [3]}),
            "kernel",
        ),
        (changed("projections", 0, "delay_ticks", to=100_001), "delay_ticks = 100001"),
        (changed("projections", 0, "precision", to="float8"), "projections.0.precision"),
        (changed("projections", 0, "compartment", to=1), "compartment 1 is not among the 1 of"),
        (changed("projections", 0, "compartment", to=-1), "projections.0.compartment = -1"),
        (changed("projections", 0, "bias", to="some"), "projections.0.bias = 'some'"),
        (changed("projections", 0, "before", to=[{"weights": 1}]), "before.0.pattern is missing"),
        (
            changed("projections", 0, "before", to=[{"pattern": {"type": "all_to_all"}}]),
            "projection scan -> hidden: a stage of all_to_all needs the shape that it makes",
        ),
        (
            changed(
                "projections", 0, "before", to=[{"pattern": {"type": "sum_pool2d", "kernel": 2}}]
            ),
            "projection scan -> hidden: sum_pool2d needs (channels, height, width), not (8,)",
        ),
        (changed("inputs", 0, "encoder", to=None), "input 'scan' needs both sensor and encoder"),
        (changed("inputs", 0, "sensor", to=None), "input 'scan' needs both sensor and encoder"),
        (
            changed("populations", 1, "neuron", to={"tau_mem_ms": [5.0, 6.0]}),
            "population 'motor': tau_mem_ms has shape (2,), the population (3,)",
        ),
        (
            changed("populations", 1, "neuron", to={"tau_mem_ms": [5.0, 6.0, 0.0]}),
            "populations.1.neuron.lif.tau_mem_ms = [5.0, 6.0, 0.0]",
        ),
        (changed("projections", 2, "delay_ticks", to=0), "form a cycle: hidden -> motor -> hidden"),
        (changed("readouts", 0, "population", to="scan"), "readout 'cmd_vel' reads 'scan'"),
        (changed("readouts", to=GOOD["readouts"] * 2), "'cmd_vel' is used twice"),
        ("", "expected a mapping"),
        ("[]", "expected a mapping"),
        ("1: 2", "expected a mapping"),
        ("name: [", "cannot be read"),
        ("name: 2020-13-45", "cannot be read: month"),
        ("name: !!int ''", "cannot be read"),
        ("name: !!bool maybe", "cannot be read"),
        ("name: !!timestamp soon", "cannot be read"),
        ("name: !!python/object/apply:os.getcwd []", "cannot be read"),
        ("[" * 5000, "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, content: object, complaint: str) -> None:
    assert complaint in refusal(write(tmp_path, content))


@pytest.mark.parametrize("field", ["name", "dt_ms", "inputs", "populations"])
def test_a_missing_field_is_named(tmp_path: Path, field: str) -> None:
    content = {key: value for key, value in GOOD.items() if key != field}
    assert f"{field} is missing" in refusal(write(tmp_path, content))


def test_files_that_are_absent_or_not_text_are_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "absent.yaml")
    assert "cannot be read" in refusal(tmp_path)
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in refusal(binary)


def test_a_value_that_aliases_make_endless_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    refusal(write(tmp_path, "\n".join([*lines, "name: *a11"])))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (changed("populations", 0, "shape", to=[2**31, 2**31]), "neurons exceed max_neurons"),
        (changed("inputs", 1, "shape", to=[2**31, 2**31]), "channels exceed max_channels"),
        (changed("populations", 0, "shape", to=[1_000_001]), "neurons exceed max_neurons 1000000"),
        (changed("max_neurons", to=6), "7 neurons exceed max_neurons 6"),
        (changed("max_channels", to=55), "56 channels exceed max_channels 55"),
        (changed("max_synapses", to=46), "47 synapses exceed max_synapses 46"),
        (changed("max_neurons", to=2**40), f"max_neurons = {2**40}"),
        (changed("populations", 0, "shape", to=[2**32]), "populations.0.shape.0"),
        (
            changed("projections", 0, "pattern", to={"type": "random", "in_degree": 2**31}),
            "synapses exceed max_synapses",
        ),
    ],
)
def test_limits_are_checked_before_memory_is_taken(
    tmp_path: Path, content: object, complaint: str
) -> None:
    assert complaint in refusal(write(tmp_path, content))


def test_a_network_at_its_limits_is_accepted(tmp_path: Path) -> None:
    load_network(
        write(tmp_path, {**GOOD, "max_channels": 56, "max_neurons": 7, "max_synapses": 47})
    )


def test_populations_keep_the_order_of_the_file_when_it_can_be_executed() -> None:
    assert names(chain(["a", "b", "c", "d"], [("a", "b"), ("a", "d")])) == ["a", "b", "c", "d"]


@settings(deadline=None)
@given(
    order=st.permutations(list("abcdef")),
    links=st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda p: p[0] < p[1])),
)
def test_every_population_is_executed_once_and_after_those_that_drive_it(
    order: list[str], links: set[tuple[int, int]]
) -> None:
    named = [("abcdef"[pre], "abcdef"[post]) for pre, post in links]
    executed = names(chain(order, named))
    assert sorted(executed) == list("abcdef")
    assert all(executed.index(pre) < executed.index(post) for pre, post in named)
    if all(order.index(pre) < order.index(post) for pre, post in named):
        assert executed == order


def test_a_population_that_drives_itself_needs_a_delay() -> None:
    with pytest.raises(NetworkError, match="a -> a; give one of them delay_ticks: 1"):
        chain(["a"], [("a", "a")]).execution_order()


@pytest.mark.parametrize(
    ("text", "start", "stop", "shape"),
    [
        ("camera", 0, 48, (2, 4, 6)),
        ("camera[5]", 5, 6, (1,)),
        ("camera[5:7]", 5, 7, (2,)),
        ("scan[0:8]", 0, 8, (8,)),
    ],
)
def test_ends_of_projections_are_ranges_of_addresses(
    tmp_path: Path, text: str, start: int, stop: int, shape: tuple[int, ...]
) -> None:
    end = load_network(write(tmp_path, GOOD)).end(text)
    assert (end.start, end.stop, end.shape, end.size) == (start, stop, shape, stop - start)


def image(**projection: Any) -> NetworkSpec:
    content: dict[str, Any] = {
        "name": "image",
        "dt_ms": 1.0,
        "inputs": [{"name": "eye", "shape": [2, 8, 8]}],
        "populations": [{"name": "map", "shape": [3, 2, 2]}],
        "projections": [{"pre": "eye", "post": "map", **projection}],
    }
    return NetworkSpec(**content)


POOL = {"pattern": {"type": "avg_pool2d", "kernel": 2}}
KERNEL = {"type": "conv2d", "kernel": 3}


def test_stages_have_the_shapes_between_them() -> None:
    spec = image(before=[POOL], pattern=KERNEL | {"stride": 2, "padding": 1}, weights=0.5, bias=1.0)
    pooled, convolved = spec.stages(spec.projections[0])
    assert (pooled.pre, pooled.post) == ((2, 8, 8), (2, 4, 4))
    assert (convolved.pre, convolved.post) == ((2, 4, 4), (3, 2, 2))
    assert (pooled.bias, convolved.bias, convolved.weights) == (None, 1.0, 0.5)


def test_a_stage_takes_its_channels_from_its_weights() -> None:
    weights = np.ones((5, 2, 3, 3))
    spec = image(before=[{"pattern": KERNEL, "weights": weights}], weights=1.0)
    assert spec.stages(spec.projections[0])[0].post == (5, 6, 6)


def test_a_stage_without_a_shape_of_its_own_is_told_it() -> None:
    spec = image(before=[{"pattern": {"type": "all_to_all"}, "weights": 1.0, "shape": [7]}])
    assert [link.post for link in spec.stages(spec.projections[0])] == [(7,), (3, 2, 2)]


@pytest.mark.parametrize(
    ("projection", "complaint"),
    [
        (
            {"pattern": KERNEL},
            r"conv2d makes \(3, 6, 6\) of \(2, 8, 8\), the target has \(3, 2, 2\)",
        ),
        ({"pattern": KERNEL | {"kernel": 9}}, r"a kernel of \(9, 9\) does not fit into \(8, 8\)"),
        ({"pattern": KERNEL | {"groups": 2}}, "2 groups do not divide 2 and 3 channels"),
        ({"pattern": {"type": "sum_pool2d", "kernel": 4}}, r"makes \(2, 2, 2\) of \(2, 8, 8\)"),
        ({"pattern": {"type": "conv1d", "kernel": 3}}, r"conv1d needs \(channels, length\)"),
        ({"pattern": {"type": "one_to_one"}}, "equal sizes, not 128 and 12"),
        ({"before": [POOL, POOL, POOL, POOL]}, "does not fit"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_naming_the_projection(
    projection: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=f"projection eye -> map: .*{complaint}"):
        image(**projection)


def test_the_bound_of_stages_is_that_of_their_product() -> None:
    spec = image(before=[POOL], pattern=KERNEL | {"stride": 2, "padding": 1})
    matrix = connect(spec, 0).dense()
    bound = spec.synapses_at_most(spec.projections[0])
    assert np.count_nonzero(matrix) <= bound <= 128 * 12


def test_parameters_of_neurons_have_the_shape_of_the_population() -> None:
    content: dict[str, Any] = {
        "name": "own",
        "dt_ms": 1.0,
        "inputs": [],
        "populations": [{"name": "map", "shape": [3, 2, 2]}],
    }
    thresholds = np.arange(1, 13).reshape(3, 2, 2).tolist()
    content["populations"][0]["neuron"] = {"threshold": thresholds}
    neuron = NetworkSpec(**content).populations[0].neuron
    assert isinstance(neuron, Lif)
    assert isinstance(neuron.threshold, Array)
    assert neuron.threshold.values.tolist() == thresholds
    content["populations"][0]["neuron"] = {"threshold": list(range(1, 13))}
    with pytest.raises(ValueError, match=r"'map': threshold has shape \(12,\), .* \(3, 2, 2\)"):
        NetworkSpec(**content)


def test_projections_reach_the_compartments_of_a_neuron() -> None:
    content: dict[str, Any] = {
        "name": "tree",
        "dt_ms": 1.0,
        "inputs": [{"name": "drive", "shape": [1]}],
        "populations": [
            {"name": "cell", "shape": [1], "neuron": {"model": "dendritic_lif", "dendrites": 3}}
        ],
        "projections": [{"pre": "drive", "post": "cell", "compartment": 3}],
    }
    assert NetworkSpec(**content).projections[0].compartment == 3
    content["projections"][0]["compartment"] = 4
    with pytest.raises(ValueError, match="compartment 4 is not among the 4 of 'cell'"):
        NetworkSpec(**content)


def test_an_input_may_have_no_encoder() -> None:
    spec = image()
    assert (spec.inputs[0].sensor, spec.inputs[0].encoder) == (None, None)


def test_the_longest_delay_to_each_population() -> None:
    content = copy.deepcopy(GOOD)
    for projection, delay in zip(content["projections"], (3, 1, 5), strict=False):
        projection["delay_ticks"] = delay
    ends = [projection["post"].split("[")[0] for projection in content["projections"]]
    expected = {population["name"]: 0 for population in content["populations"]}
    for post, projection in zip(ends, content["projections"], strict=True):
        expected[post] = max(expected[post], projection.get("delay_ticks", 0))
    assert NetworkSpec(**content).longest_delays() == expected
    assert max(expected.values()) > 0
