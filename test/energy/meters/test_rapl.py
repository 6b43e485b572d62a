"""Energy counters of x86 processors, and their wrap."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorphic_ros.energy.meter import MeterError
from neuromorphic_ros.energy.meters.rapl import Rapl

from .trees import POWERCAP, rapl, write

SECOND_NS = 1_000_000_000
RANGE_UJ = 262_143_328_850


def test_packages_are_the_total_and_their_parts_and_the_platform_are_not(tmp_path: Path) -> None:
    for package in (0, 1):
        rapl(tmp_path, package=package)
    write(tmp_path, f"{POWERCAP}/intel-rapl:2", {"name": "psys", "energy_uj": 1})
    reading = Rapl(tmp_path).read(0)
    assert reading.total == ("package-0", "package-1")
    assert set(reading.energy_j) == {
        "package-0", "package-0/core", "package-1", "package-1/core", "psys",
    }  # fmt: skip
    assert reading.total_w is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=st.lists(st.integers(0, RANGE_UJ - 1), min_size=1, max_size=8))
def test_counters_go_on_when_they_wrap(tmp_path: Path, steps: list[int]) -> None:
    rapl(tmp_path, 100.0)
    meter = Rapl(tmp_path)
    raw, expected, found = 100, 0, [0.0]
    for at_s, step in enumerate(steps, 1):
        raw, expected = (raw + step) % RANGE_UJ, expected + step
        rapl(tmp_path, raw)
        # Slow enough for a package: 262 kJ in a minute.
        found.append(meter.read(at_s * 60 * SECOND_NS).energy_j["package-0"])
    assert found[-1] == pytest.approx(expected / 1e6)
    assert all(later >= earlier for earlier, later in pairwise(found))


def test_a_package_that_vanishes_is_missed(tmp_path: Path) -> None:
    rapl(tmp_path)
    second = rapl(tmp_path, package=1)
    meter = Rapl(tmp_path)
    (second / "energy_uj").unlink()
    reading = meter.read(0)
    assert "package-1" in reading.total
    assert "package-1" not in reading.energy_j


def test_a_counter_that_begins_anew_is_no_wrap(tmp_path: Path) -> None:
    rapl(tmp_path, 5e9)
    meter = Rapl(tmp_path)
    before = meter.read(SECOND_NS).energy_j["package-0"]
    rapl(tmp_path, 1e6)
    with pytest.raises(MeterError, match="energy_uj began anew"):
        meter.read(2 * SECOND_NS)
    rapl(tmp_path, 3e6)
    assert meter.read(3 * SECOND_NS).energy_j["package-0"] == before + 2.0


def test_a_computer_of_many_packages_is_read_whole(tmp_path: Path) -> None:
    for package in range(12):
        rapl(tmp_path, package=package)
    reading = Rapl(tmp_path).read(0)
    assert set(reading.total) == {f"package-{package}" for package in range(12)}
    assert "package-11/core" in reading.energy_j


def test_what_only_root_may_read_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = rapl(tmp_path)
    read = Path.read_text

    def refuse(path: Path, *more: object, **others: object) -> str:
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, *more, **others)  # type: ignore[arg-type]

    # Root, which tests may be, is never refused.
    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(MeterError, match=r"may not be read: run as root.*chmod a\+r") as caught:
        Rapl(tmp_path)
    assert str(folder.parent) in str(caught.value)


def test_a_computer_without_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(MeterError, match="no RAPL under"):
        Rapl(tmp_path)
