"""Limits of hardware: read by name, with their sources, and complete."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic.dataclasses import dataclass

from neuromorphic_ros.backends import limits as module
from neuromorphic_ros.backends.limits import Count, Limit, limits
from neuromorphic_ros.errors import HardwareModelError
from neuromorphic_ros.parameters import STRICT


@dataclass(frozen=True, config=STRICT)
class Limits:
    cores: Count
    tick: Limit


CORES = "cores: {value: 4, unit: core, source: a paper}"
TICK = "tick: {value: 1.5, unit: ms, source: a manual}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "share_directory", lambda: tmp_path)
    hardware = tmp_path / "config" / "hardware"
    hardware.mkdir(parents=True)
    return hardware


def test_limits_are_read_beside_what_else_a_file_says(folder: Path) -> None:
    (folder / "mine.yaml").write_text(f"description: x\nlimits: {{{CORES}, {TICK}}}\n")
    assert limits("mine", Limits) == Limits(
        Count(4, "core", "a paper"), Limit(1.5, "ms", "a manual")
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("description: x", "cores is missing; tick is missing"),
        (f"limits: {{{CORES}}}", "tick is missing"),
        (f"limits: {{{CORES}, {TICK}, axons: {{}}}}", "axons is not a known field"),
        (f"limits: {{{TICK}, cores: 4}}", "cores = 4"),
        (f"limits: {{{TICK}, cores: {{value: 4, unit: core}}}}", "cores.source is missing"),
        (f"limits: {{{TICK}, cores: {{value: 4, source: s}}}}", "cores.unit is missing"),
        (f"limits: {{{TICK}, cores: {{value: 4, unit: core, source: ''}}}}", "cores.source = ''"),
        (f"limits: {{{TICK}, cores: {{value: 0, unit: core, source: s}}}}", "cores.value = 0"),
        (f"limits: {{{TICK}, cores: {{value: 1.5, unit: core, source: s}}}}", "cores.value = 1.5"),
        (f"limits: {{{CORES}, tick: {{value: .inf, unit: ms, source: s}}}}", "tick.value = inf"),
        ("limits: 4", "limits: value = 4"),
        ("- limits", "expected a mapping"),
    ],
)
def test_wrong_limits_are_refused_naming_file_and_field(
    folder: Path, text: str, complaint: str
) -> None:
    (folder / "wrong.yaml").write_text(text)
    with pytest.raises(HardwareModelError) as caught:
        limits("wrong", Limits)
    assert str(folder / "wrong.yaml") in str(caught.value)
    assert complaint in str(caught.value)


def test_unknown_hardware_is_named(folder: Path) -> None:
    with pytest.raises(HardwareModelError, match=r"loihi3\.yaml cannot be read"):
        limits("loihi3", Limits)
