"""Meters are found, or it is said why none is."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuromorphic_ros.energy.meter import MeterError
from neuromorphic_ros.energy.meters.registry import AUTO, METERS, NONE, find_meter

from .trees import nano, rapl


def test_the_first_that_works_is_taken(tmp_path: Path) -> None:
    rapl(tmp_path)
    found = find_meter(AUTO, tmp_path).meter
    assert found
    assert found.name == "rapl"
    nano(tmp_path)
    better = find_meter(AUTO, tmp_path).meter
    assert better
    assert better.name == "ina3221"


def test_without_any_the_reasons_are_told(tmp_path: Path) -> None:
    found = find_meter(AUTO, tmp_path)
    assert found.meter is None
    assert found.reason.startswith("not measured: no INA3221")
    for missing in ("no tegrastats", "no RAPL", "no NVML", "no battery"):
        assert missing in found.reason


def test_none_may_be_wanted(tmp_path: Path) -> None:
    rapl(tmp_path)
    assert find_meter(NONE, tmp_path).meter is None


@pytest.mark.parametrize("name", METERS)
def test_a_named_one_that_is_not_there_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(MeterError, match=str(tmp_path)):
        find_meter(name, tmp_path)


def test_an_unknown_one_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(MeterError, match=r"meter 'ammeter' is unknown; there are auto, none, ina3"):
        find_meter("ammeter", tmp_path)
