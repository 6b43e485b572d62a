"""Hardware models: what ships is complete and sourced, what is wrong is named."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from neuromorphic_ros.energy.hardware_model import GRADES, Constant, Energy, load_hardware_model
from neuromorphic_ros.errors import HardwareModelError
from neuromorphic_ros.resources import share_directory

SHIPPED = sorted((share_directory() / "config" / "hardware").glob("*.yaml"))
CONSTANT = "{value: 1, unit: pJ, source: a paper, grade: measured}"


def constants(path: Path) -> dict[str, Constant | None]:
    model = load_hardware_model(path)
    prices = {field.name: getattr(model.prices, field.name) for field in fields(model.prices)}
    return {**prices, "static": model.static}


def shipped(name: str) -> dict[str, tuple[float, str]]:
    (path,) = (path for path in SHIPPED if path.stem == name)
    return {
        field: (constant.value, constant.grade)
        for field, constant in constants(path).items()
        if constant is not None
    }


def test_the_shipped_models_are_the_documented_ones() -> None:
    assert [path.stem for path in SHIPPED] == [
        "analog_0p1pj",
        "brainscales2",
        "desktop_cpu",
        "digital_1pj",
        "horowitz_45nm_fp32",
        "horowitz_45nm_int8",
        "jetson_nano",
        "jetson_orin_nano",
        "loihi1",
        "loihi2",
        "truenorth",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "loihi1",
            {
                "synaptic_event": (23.6, "simulated"),
                "neuron_update": (81, "simulated"),
                "idle_update": (52, "simulated"),
                "plasticity_update": (120, "simulated"),
                "static": (0.104, "derived"),
            },
        ),
        ("loihi2", {"synaptic_event": (23.6, "assumed"), "neuron_update": (81, "assumed")}),
        ("truenorth", {"synaptic_event": (2.3, "derived"), "static": (0.064, "derived")}),
        ("brainscales2", {"static": (0.2, "derived")}),
        (
            "horowitz_45nm_fp32",
            {
                "synaptic_event": (0.9, "derived"),
                "memory_byte": (12.5, "derived"),
                "dense_mac": (4.6, "derived"),
            },
        ),
        (
            "horowitz_45nm_int8",
            {"synaptic_event": (0.03, "derived"), "dense_mac": (0.23, "derived")},
        ),
        ("digital_1pj", {"spike": (1.0, "assumed")}),
        ("analog_0p1pj", {"spike": (0.1, "assumed")}),
        ("desktop_cpu", {"dense_mac": (8600, "derived"), "synaptic_event": (8600, "assumed")}),
        ("jetson_nano", {"dense_mac": (42.4, "derived"), "synaptic_event": (900, "assumed")}),
        ("jetson_orin_nano", {"dense_mac": (1.28, "derived"), "static": (2.18, "measured")}),
    ],
)
def test_shipped_constants_are_the_published_ones(
    name: str, expected: dict[str, tuple[float, str]]
) -> None:
    assert expected.items() <= shipped(name).items()


def test_nothing_that_is_not_published_has_a_price() -> None:
    assert set(shipped("brainscales2")) == {"static"}
    assert set(shipped("digital_1pj")) == set(shipped("analog_0p1pj")) == {"spike"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_model_is_compared_with_one_that_prices_dense_networks(path: Path) -> None:
    baseline = load_hardware_model(path).baseline
    assert "dense_mac" in shipped(baseline)
    assert load_hardware_model(path.with_name(f"{baseline}.yaml")).baseline == baseline


def test_the_truenorth_fit_gives_back_the_powers_it_was_fitted_to() -> None:
    prices = shipped("truenorth")
    for rate_hz, power_w in ((11.58, 0.068), (20.07, 0.071), (95.93, 0.094)):
        events_per_s = 2**20 * 128 * rate_hz
        predicted_w = prices["static"][0] + events_per_s * prices["synaptic_event"][0] * 1e-12
        assert predicted_w == pytest.approx(power_w, rel=0.015)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_constant_that_is_not_assumed_cites_a_publication(path: Path) -> None:
    for field, constant in constants(path).items():
        if constant is not None and constant.grade != "assumed" and constant.value:
            assert "20" in constant.source, f"{path.stem} {field}: no year in {constant.source}"


def test_loihi2_says_that_its_prices_are_those_of_loihi1() -> None:
    (path,) = (path for path in SHIPPED if path.stem == "loihi2")
    for constant in constants(path).values():
        assert constant is None or "assumed to be that of" in constant.source


def test_grades_are_ordered_from_strong_to_weak() -> None:
    assert GRADES == ("measured", "simulated", "derived", "assumed")


def test_a_model_is_named_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"description: my chip\nbaseline: other\nprices: {{spike: {CONSTANT}}}\n")
    model = load_hardware_model(path)
    assert model.name == "mine"
    assert model.baseline == "other"
    assert model.prices.spike == Energy(1.0, "a paper", "measured", "pJ")
    assert model.prices.synaptic_event is None
    assert model.static is None


def test_limits_do_not_change_prices(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("description: my chip\nbaseline: other\n")
    without = load_hardware_model(path)
    path.write_text("description: my chip\nbaseline: other\nlimits: {cores: {value: 4}}\n")
    assert load_hardware_model(path) == without


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected a mapping"),
        ("- 1\n", "expected a mapping"),
        ("{", "cannot be read"),
        ("description: !!int ''", "cannot be read"),
        ("prices: {}", "description is missing"),
        ("description: x\nname: y", "name is not a known field"),
        ("description: x\nprice: {}", "price is not a known field"),
        (f"description: x\nprices: {{hop: {CONSTANT}}}", "prices.hop is not a known field"),
        ("description: x\nprices: {spike: 1.0}", "prices.spike = 1.0"),
        (
            "description: x\nprices: {spike: {value: 1, grade: measured}}",
            "prices.spike.source is missing",
        ),
        (
            "description: x\nprices: {spike: {value: 1, source: '', grade: measured}}",
            "prices.spike.source",
        ),
        (
            "description: x\nprices: {spike: {value: 1, source: s}}",
            "prices.spike.grade is missing",
        ),
        (
            "description: x\nprices: {spike: {value: 1, source: s, grade: guessed}}",
            "prices.spike.grade = 'guessed'",
        ),
        (
            "description: x\nprices: {spike: {value: -1, source: s, grade: derived}}",
            "prices.spike.value = -1",
        ),
        (
            "description: x\nprices: {spike: {value: .nan, source: s, grade: derived}}",
            "prices.spike.value = nan",
        ),
        (
            "description: x\nprices: {spike: {value: 1, unit: W, source: s, grade: derived}}",
            "prices.spike.unit = 'W'",
        ),
        ("description: x", "baseline is missing"),
        ("description: x\nstatic: {value: .inf, source: s, grade: derived}", "static.value = inf"),
    ],
)
def test_a_wrong_file_is_refused_naming_file_and_field(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(HardwareModelError) as caught:
        load_hardware_model(path)
    assert str(path) in str(caught.value)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HardwareModelError, match=r"none\.yaml cannot be read"):
        load_hardware_model(tmp_path / "none.yaml")
