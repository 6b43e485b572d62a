"""Faults of a water pump: a liquid that learns each pump's normal run from the log it is given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.bags.fault_log import FaultLog, read_fault_log
from neuromorphic_ros.learning.classification import confusion_of
from neuromorphic_ros.learning.force import ForceParameters
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.block_bootstrap import block_bootstrap
from neuromorphic_ros.pipeline.fault_detector import FaultDetector, FaultParameters, alarm_rates
from neuromorphic_ros.pipeline.liquid import Drive
from neuromorphic_ros.pipeline.measurement import Measurement
from neuromorphic_ros.pipeline.recipes.files import files_of
from neuromorphic_ros.pipeline.recipes.recipe import Made, Source, Training
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.reservoir import ReservoirParameters, reservoir_network
from neuromorphic_ros.snn.spec import NetworkSpec

CLASSES = ("normal", "fault")
SENSORS, FIELDS = 8, 12
NORMAL_ROWS = 400
PERIOD_MS, TICKS = 1000.0, 20
# Of the normal rows, so that a fault is far from clipped.
DEVIATIONS = 6.0
# Alarms and faults come in runs.
BLOCK_ROWS = 100
RESERVOIR = ReservoirParameters(
    shape=(5, 5, 8),
    reach=4.0,
    bias=0.3,
    tau_mem_ms=(500.0, 5000.0),
    delay_ticks=(TICKS, 2 * TICKS),
    input_weights="graded",
    input_probability=0.3,
    input_scale=0.2,
    tau_trace_ms=PERIOD_MS,
)

Alarms = npt.NDArray[np.bool_]


class Judged(NamedTuple):
    """What a detector made of a log."""

    alarm: Alarms
    counts: Counts


def liquid(seed: int) -> NetworkSpec:
    """Return the liquid; nothing in it comes from any data."""
    return reservoir_network(RESERVOIR, (SENSORS, FIELDS), PERIOD_MS / TICKS, seed, "pump_faults")


def read(path: Path) -> list[FaultLog]:
    """Read a log (.csv) or those of a folder.

    Raises BagError, or LearningError if one has other sensors, no normal run or nothing after it.
    """
    logs = []
    for file in files_of(path, ".csv"):
        log = read_fault_log(file)
        if len(log.sensors) != SENSORS:
            raise LearningError(f"{file}: has {len(log.sensors)} sensors, not {SENSORS}")
        if len(log.values) <= NORMAL_ROWS:
            raise LearningError(
                f"{file}: has {len(log.values)} rows; the first {NORMAL_ROWS} are the normal run"
            )
        logs.append(log)
    return logs


def judge(spec: NetworkSpec, log: FaultLog) -> Judged:
    """Learn the first rows of a log and return the alarms of all, bool[rows]."""
    normal = log.values[:NORMAL_ROWS]
    centre, spread = normal.mean(0), DEVIATIONS * normal.std(0) + 1e-9
    parameters = FaultParameters(
        drive=Drive(
            low=tuple((centre - spread).tolist()),
            high=tuple((centre + spread).tolist()),
            ticks=TICKS,
        ),
        readout=ForceParameters(regularization=1.0),
    )
    detector = FaultDetector(spec, parameters)
    _, alarm = detector.run(log.values)
    return Judged(alarm, detector.counts())


def measured(logs: Sequence[FaultLog], judged: Sequence[Judged]) -> Measurement:
    """Count alarms over the rows of all logs, those of the normal run too, as the leaderboard does.

    The metric is the F1 score of its rows, by which it sorts.
    """
    alarm = np.concatenate([each.alarm for each in judged])
    faulty = np.concatenate([log.faulty for log in logs])
    counts = judged[0].counts
    for each in judged[1:]:
        counts = counts.plus(each.counts)
    rates = alarm_rates(alarm, faulty)
    figures = {
        "f1": f1(alarm, faulty),
        "false_alarm_rate": rates.false_alarm,
        "missed_alarm_rate": rates.missed_alarm,
    }
    interval = block_bootstrap(lambda rows: f1(alarm[rows], faulty[rows]), len(alarm), BLOCK_ROWS)
    confusion = confusion_of(faulty.astype(np.int64), alarm.astype(np.int64), len(CLASSES))
    return Measurement("f1", figures, interval, confusion, counts, PERIOD_MS)


def f1(alarm: Alarms, faulty: Alarms) -> float:
    """Return the harmonic mean of precision and recall; nan if there is neither alarm nor fault."""
    right, all_ = np.count_nonzero(alarm & faulty), int(alarm.sum()) + int(faulty.sum())
    return 2 * right / all_ if all_ else float("nan")


class PumpFaults(NamedTuple):
    """The recipe."""

    name: str = "pump_faults"
    task: str = "alarm of faults of a pump, whose normal run it learns from 400 rows of its log"
    classes: tuple[str, ...] = CLASSES
    source: Source = Source(
        name="Skoltech Anomaly Benchmark, logs 0 to 2 of valve 1",
        citation="Katser & Kozitsin, Skoltech Anomaly Benchmark, Kaggle, 2020, "
        "doi:10.34740/KAGGLE/DSV/1693952",
        licence="GPL-3.0; the model has nothing of it",
        file="fault_skab_pump",
        ships=True,
        licence_of_weights="Apache-2.0",
    )
    split: str = (
        "all rows, of which the first 400 of each log are learned; method and settings were chosen "
        "with the faults of these logs in sight"
    )

    def make(self, path: Path, training: Training) -> Made:
        """Draw a liquid and measure it; it learns only where it is used."""
        if training.epochs is not None:
            raise LearningError(f"recipe '{self.name}' learns in one pass and has no epochs")
        training.progress("judging", 0, 1)
        spec = liquid(training.seed)
        found = self.measure(spec, path)
        training.progress("judging", 1, 1)
        return Made(spec, found)

    def measure(self, spec: NetworkSpec, path: Path) -> Measurement:
        """Measure on a log or on those of a folder."""
        logs = read(path)
        return measured(logs, [judge(spec, log) for log in logs])


RECIPE = PumpFaults()
