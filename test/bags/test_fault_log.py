"""Logs of a machine with the truth about its faults."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorphic_ros.bags.fault_log import read_fault_log
from neuromorphic_ros.errors import BagError

HEAD = "datetime;Current;Flow RateRMS;anomaly;changepoint\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "log.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_sensors_and_truth(tmp_path: Path) -> None:
    log = read_fault_log(written(tmp_path, HEAD + "a;1.5;32;0.0;0.0\nb;-1;3e1;1.0;1.0\n"))
    assert log.sensors == ("Current", "Flow RateRMS")
    assert log.values.tolist() == [[1.5, 32.0], [-1.0, 30.0]]
    assert log.faulty.tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no rows of sensors"),
        (HEAD, "no rows of sensors"),
        ("datetime;Current\na;1\n", "no rows of sensors and 'anomaly'"),
        ("datetime;anomaly\na;1\n", "no rows of sensors"),
        (HEAD + "a;1;2;0;0\nb;1;x;0;0\n", "row 3: a cell is missing or no number"),
        (HEAD + "a;1\n", "row 2: a cell is missing"),
        (HEAD + "a;1;2;0;0\n\n", "row 3: a cell is missing"),
        (HEAD + "a;1;inf;0;0\n", "row 2: a cell is not finite"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BagError, match=complaint):
        read_fault_log(written(tmp_path, text))


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(BagError, match="cannot be read"):
            read_fault_log(path)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200), st.booleans())
def test_rubbish_is_refused_or_read(tmp_path: Path, rubbish: bytes, with_head: bool) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(HEAD.encode() * with_head + rubbish)
    with contextlib.suppress(BagError):
        assert np.isfinite(read_fault_log(path).values).all()


@pytest.mark.data
def test_the_pump_of_the_benchmark(shared_data: Path) -> None:
    log = read_fault_log(shared_data / "fault_skab_pump" / "valve1_0.csv")
    assert log.values.shape == (1147, 8)
    assert log.sensors[-1] == "Volume Flow RateRMS"
    assert log.faulty.sum() == 401
    assert not log.faulty[:400].any()
