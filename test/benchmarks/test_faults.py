"""Methods beside the fault detector, on a log that we make."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import faults
import numpy as np
import pytest

from neuromorphic_ros.bags.fault_log import FaultLog
from neuromorphic_ros.pipeline.fault_detector import alarm_rates


def log(fault: float) -> FaultLog:
    """Return 600 rows of noise, shifted by `fault` deviations from row 500."""
    values = np.random.default_rng(0).standard_normal((600, 8))
    faulty = np.arange(600) >= 500
    values[faulty] += fault
    return FaultLog(tuple("abcdefgh"), values, faulty)


def test_a_shift_is_noticed_and_nothing_is_not() -> None:
    rates = alarm_rates(faults.by_distance(log(4.0)), log(4.0).faulty)
    assert rates.missed_alarm < 0.2
    assert rates.false_alarm < 0.1
    assert faults.by_distance(log(0.0))[500:].mean() < 0.2


def test_without_data_nothing_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROMORPHIC_DATA", str(tmp_path))
    assert faults.measure() == []


@pytest.mark.data
def test_real_logs_are_judged_by_every_method(shared_data: Path) -> None:
    assert shared_data.is_dir()
    rows = faults.measure()
    assert len(rows) == 2 + (importlib.util.find_spec("sklearn") is not None)
    assert json.loads(json.dumps(rows)) == rows
    for row in rows:
        assert 0 < row["f1"] < 1
