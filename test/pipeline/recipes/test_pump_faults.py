"""Faults of a pump, on logs that we make and on real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.bags.fault_log import FaultLog
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.recipes import pump_faults as pump
from neuromorphic_ros.pipeline.recipes.recipe import Training


def log(fault: float, rows: int = 600, sensors: int = 8) -> FaultLog:
    """Return noise around levels, shifted by `fault` deviations from row 500."""
    scale = np.linspace(1.0, 5.0, sensors)
    values = np.random.default_rng(0).standard_normal((rows, sensors)) * scale + 10 * scale
    faulty = np.arange(rows) >= 500
    values[faulty] += fault * scale
    return FaultLog(tuple("abcdefghij"[:sensors]), values, faulty)


def written(path: Path, made: FaultLog) -> Path:
    lines = [";".join(("datetime", *made.sensors, "anomaly", "changepoint"))]
    for values, faulty in zip(made.values, made.faulty, strict=True):
        lines.append(";".join(["now", *map(str, values), str(int(faulty)), "0"]))
    path.write_text("\n".join(lines))
    return path


def test_other_logs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="3 sensors, not 8"):
        pump.read(written(tmp_path / "a.csv", log(0.0, sensors=3)))
    with pytest.raises(LearningError, match="400 rows; the first 400"):
        pump.read(written(tmp_path / "b.csv", log(0.0, rows=400)))
    with pytest.raises(BagError):
        pump.read(tmp_path / "missing.csv")


def test_a_shift_is_noticed_and_nothing_is_not(tmp_path: Path) -> None:
    spec = pump.liquid(0)
    found = pump.RECIPE.measure(spec, written(tmp_path / "a.csv", log(4.0)))
    assert found.figures["missed_alarm_rate"] < 0.2
    assert found.figures["false_alarm_rate"] < 0.1
    assert found.confusion.sum(axis=1).tolist() == [500, 100]
    assert found.ci95.low < found.value < found.ci95.high
    assert pump.judge(spec, log(0.0)).alarm[500:].mean() < 0.2


def test_a_log_without_faults_has_no_missed_alarms(tmp_path: Path) -> None:
    sound = written(tmp_path / "a.csv", log(0.0, rows=500))
    told = pump.RECIPE.measure(pump.liquid(0), sound).document()
    assert told["missed_alarm_rate"] is None
    assert told["samples"] == 500


def test_rates_are_over_the_rows_of_all_logs() -> None:
    logs = [log(0.0), log(0.0)]
    counts = pump.judge(pump.liquid(0), log(0.0, rows=401)).counts
    judged = [pump.Judged(logs[0].faulty, counts), pump.Judged(~logs[0].faulty, counts)]
    found = pump.measured(logs, judged)
    assert (found.samples, found.counts.ticks) == (1200, 2 * 401 * pump.TICKS)
    assert found.figures["false_alarm_rate"] == found.figures["missed_alarm_rate"] == 0.5
    assert found.value == pytest.approx(2 * 100 / (600 + 200))


def test_the_score_is_the_mean_of_precision_and_recall() -> None:
    faulty = np.array([0, 0, 0, 1, 1], bool)
    assert pump.f1(faulty, faulty) == 1.0
    assert pump.f1(~faulty, faulty) == 0.0
    # Precision 1/2, recall 1/2.
    assert pump.f1(np.array([0, 0, 1, 1, 0], bool), faulty) == 0.5
    assert np.isnan(pump.f1(faulty[:3], faulty[:3]))


def test_epochs_are_refused(tmp_path: Path) -> None:
    training = Training(0, 3, tmp_path, print, lambda *_: None)
    with pytest.raises(LearningError, match="no epochs"):
        pump.RECIPE.make(written(tmp_path / "a.csv", log(4.0)), training)


def test_what_is_shipped_is_drawn_from_its_seed_alone() -> None:
    assert find_model("pump_faults").spec() == pump.liquid(0)


@pytest.mark.data
def test_real_faults_are_noticed_as_the_card_says(shared_data: Path) -> None:
    model = find_model("pump_faults")
    found = pump.RECIPE.measure(model.spec(), shared_data / pump.RECIPE.source.file)
    assert found.samples == model.card.samples
    # Another machine may round another way.
    assert found.value == pytest.approx(model.card.value, abs=0.02)
    assert found.figures["missed_alarm_rate"] < 0.05
    assert found.figures["false_alarm_rate"] < 0.45
