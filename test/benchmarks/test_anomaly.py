"""What is counted of alerts, on short worlds and on a log that we make."""

from __future__ import annotations

import json
from pathlib import Path

import anomaly
import numpy as np
import pytest
from anomaly import Distance, Outcome

from neuromorphic_ros.bags.fault_log import FaultLog
from neuromorphic_ros.pipeline.fault_detector import alarm_rates
from neuromorphic_ros.pipeline.recipes.environment_monitor import OfficeDays
from neuromorphic_ros.simulation.office import incident, span_ns

LEARNED = [OfficeDays(1000, 1), OfficeDays(1001, 1)]


def log(fault: float) -> FaultLog:
    """Return 600 rows of noise, shifted by `fault` deviations from row 500."""
    values = np.random.default_rng(0).standard_normal((600, 8))
    faulty = np.arange(600) >= 500
    values[faulty] += fault
    return FaultLog(tuple("abcdefgh"), values, faulty)


def test_figures_are_shares_medians_and_false_alarms_per_day() -> None:
    outcome = Outcome({"leak": [10.0, np.nan, 30.0, 50.0], "stuck": [np.nan]}, 3, 6)
    assert outcome.figures() == {
        "detected": {"leak": 0.75, "stuck": 0.0},
        "delay_min": {"leak": 30.0, "stuck": None},
        "false_alarms_per_day": 0.5,
        "normal_days": 6,
    }


def test_the_baseline_notices_what_is_far_from_what_it_learned() -> None:
    distance = Distance(LEARNED)
    assert distance.alarms(LEARNED[0]) == []
    leak = OfficeDays(1000, 2, "water_leak")
    first, last = span_ns(1000, incident("water_leak", 1000, 0))
    found = distance.alarms(leak)
    assert found
    assert first < found[0] < last


def test_worlds_are_judged_by_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anomaly, "NORMAL_DAYS", 1)
    monkeypatch.setattr(anomaly, "WRONG_DAYS", 1)
    monkeypatch.setattr(anomaly, "KINDS", ("intruder",))
    monkeypatch.setattr(anomaly, "Distance", lambda learned: Distance(LEARNED))
    found = {"office": anomaly.office(1, 3), "skab": {}}
    assert json.loads(json.dumps(found)) == found
    for each in (found["office"], found["office"]["baseline"]):
        assert each["normal_days"] == 1
        assert each["detected"].keys() == {"intruder"}
    assert found["office"]["detected"]["intruder"] == 1.0
    offices, logs = anomaly.rows(found)
    assert [row["method"] for row in offices] == ["novelty filter", "T-squared"]
    assert logs == []


def test_a_shifted_log_is_noticed_and_noise_is_not() -> None:
    rates = alarm_rates(anomaly.by_novelty(log(3.0)), log(3.0).faulty)
    assert rates.missed_alarm < 0.3
    assert rates.false_alarm < 0.1


def test_without_data_there_are_no_figures_of_the_pump(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROMORPHIC_DATA", str(tmp_path))
    assert anomaly.skab() == {}


@pytest.mark.data
@pytest.mark.slow
def test_real_logs_are_judged_by_every_method(shared_data: Path) -> None:
    assert shared_data.is_dir()
    found = anomaly.skab()
    for each in (found, found["liquid"], found["baseline"]):
        assert 0 < each["f1"] < 1
