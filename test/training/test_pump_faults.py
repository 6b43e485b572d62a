"""Rates of alarms, on a log that we make and on a real pump."""

from __future__ import annotations

import numpy as np
import pump_faults
import pytest

from neuromorphic_ros.bags.fault_log import FaultLog, read_fault_log


def log(fault: float) -> FaultLog:
    """Return 600 rows of noise around two levels, shifted by `fault` deviations from row 500."""
    values = np.random.default_rng(0).standard_normal((600, 2)) * (1.0, 5.0) + (10.0, -3.0)
    faulty = np.arange(600) >= 500
    values[faulty] += fault * np.array((1.0, 5.0))
    return FaultLog(("a", "b"), values, faulty)


@pytest.mark.parametrize("method", ["liquid", "distance"])
def test_a_shift_is_noticed_and_nothing_is_not(method: str) -> None:
    by = {
        "liquid": lambda made: pump_faults.by_liquid(made, 0),
        "distance": pump_faults.by_distance,
    }[method]
    shifted = log(4.0)
    report = pump_faults.rates([shifted], [by(shifted)])
    assert report["missed_alarm"] < 0.2
    assert report["false_alarm"] < 0.1
    assert by(log(0.0))[500:].mean() < 0.2


def test_rates_are_over_the_rows_of_all_logs() -> None:
    one, other = log(0.0), log(0.0)
    report = pump_faults.rates([one, other], [one.faulty, ~other.faulty])
    assert report["logs"] == [(0.0, 0.0), (1.0, 1.0)]
    assert report["false_alarm"] == report["missed_alarm"] == 0.5
    assert report["samples"] == 1200


@pytest.mark.data
@pytest.mark.slow
def test_the_liquid_misses_few_faults_of_the_pump(shared_data: object) -> None:
    paths = sorted((shared_data / "fault_skab_pump").glob("*.csv"))  # type: ignore[operator]
    logs = [read_fault_log(path) for path in paths]
    report = pump_faults.rates(logs, [pump_faults.by_liquid(each, 0) for each in logs])
    # It is nothing if it alarms all the time: the sum is 1 for every detector that guesses.
    assert report["missed_alarm"] < 0.1
    assert report["missed_alarm"] + report["false_alarm"] < 0.5
