"""Conventions: presets, overrides, and where each value comes from."""

from __future__ import annotations

import dataclasses

import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.nir.conventions import PRESETS, Conventions, preset

FIELDS = {field.name for field in dataclasses.fields(Conventions)}


@pytest.mark.parametrize("name", PRESETS)
def test_every_field_names_its_source(name: str) -> None:
    assumed, chosen = preset(name)
    assert set(assumed.sources) == FIELDS
    of_preset = {field for field, source in assumed.sources.items() if source == f"preset {name}"}
    assert of_preset == set(chosen.fields)
    assert len(assumed.lines()) == len(FIELDS)


def test_without_a_preset_all_is_as_nir_defines_it() -> None:
    assumed, _ = preset(None)
    assert assumed.conventions == Conventions()
    assert set(assumed.sources.values()) == {"default"}


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_field_can_be_set_alone(field: str) -> None:
    assumed, _ = preset("sinabs")
    value = getattr(Conventions(), field)
    changed = assumed.changed({field: value}, "set", "here")
    assert getattr(changed.conventions, field) == value
    assert changed.sources[field] == "set"
    others = FIELDS - {field}
    assert all(changed.sources[other] == assumed.sources[other] for other in others)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tick": 1.0}, "tick is not a known field"),
        ({"dt_ms": 0.0}, "dt_ms"),
        ({"dt_ms": float("nan")}, "dt_ms"),
        ({"integrator": "heun"}, "integrator"),
        ({"floor": "sea"}, "floor"),
        ({"recurrent_delay_ticks": -1}, "recurrent_delay_ticks"),
    ],
)
def test_what_is_no_convention_is_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(NetworkError, match=f"here: {reason}"):
        preset(None)[0].changed(changes, "set", "here")


def test_an_unknown_preset_lists_the_known() -> None:
    with pytest.raises(NetworkError, match=r"'brian' is unknown; choose one of norse, snntorch"):
        preset("brian")
