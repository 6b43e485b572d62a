"""Let a liquid learn a pump's normal run online and measure what it says of faults (SKAB).

False- and missed-alarm rates over all rows, as the leaderboard counts them: every method learns
from the first 400 rows of a log, which are free of faults, and judges the whole log. Beside it the
same counts of a distance without any liquid, and of scikit-learn's isolation forest where that is
installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.bags.fault_log import FaultLog, read_fault_log
from neuromorphic_ros.learning.force import ForceParameters
from neuromorphic_ros.pipeline.fault_detector import (
    FaultDetector,
    FaultParameters,
    alarm_rates,
)
from neuromorphic_ros.pipeline.liquid import LiquidParameters
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.snn.reservoir import ReservoirParameters

DATA = Path(os.environ.get("NEUROMORPHIC_DATA", share_directory().parent / "shared" / "data"))
LOGS = DATA / "fault_skab_pump"
NORMAL_ROWS = 400
PERIOD_MS = 1000.0
TICKS = 20
# Of the normal rows, so that a fault is far from clipped.
DEVIATIONS = 6.0
# That of the leaderboard's notebook.
CONTAMINATION = 0.005

Alarms = npt.NDArray[np.bool_]


def detector_of(normal: npt.NDArray[np.float64], seed: int) -> FaultParameters:
    """Return the detector, with the ranges of normal rows."""
    centre, spread = normal.mean(0), DEVIATIONS * normal.std(0) + 1e-9
    return FaultParameters(
        liquid=LiquidParameters(
            reservoir=ReservoirParameters(
                shape=(5, 5, 8),
                reach=4.0,
                bias=0.3,
                tau_mem_ms=(500.0, 5000.0),
                delay_ticks=(TICKS, 2 * TICKS),
                input_weights="graded",
                input_probability=0.3,
                input_scale=0.2,
                tau_trace_ms=PERIOD_MS,
            ),
            low=tuple((centre - spread).tolist()),
            high=tuple((centre + spread).tolist()),
            ticks=TICKS,
            dt_ms=PERIOD_MS / TICKS,
            seed=seed,
        ),
        readout=ForceParameters(regularization=1.0),
    )


def by_liquid(log: FaultLog, seed: int) -> Alarms:
    """Return the alarms of the liquid."""
    parameters = detector_of(log.values[:NORMAL_ROWS], seed)
    return FaultDetector(parameters).run(log.values)[1]


def by_distance(log: FaultLog) -> Alarms:
    """Return the alarms of Hotelling's T-squared, smoothed and calibrated as the liquid's error."""
    defaults = FaultParameters.__dataclass_fields__
    constant = float(defaults["smoothing_samples"].default)
    normal = log.values[:NORMAL_ROWS]
    # Whitened, so that the squared length is T-squared.
    _, width, axes = np.linalg.svd(normal - normal.mean(0), full_matrices=False)
    scaled = (log.values - normal.mean(0)) @ (axes.T / (width + 1e-9)) * np.sqrt(NORMAL_ROWS)
    smooth = np.zeros(scaled.shape[1])
    score = np.empty(len(scaled))
    for row, value in enumerate(scaled):
        smooth += (value - smooth) / constant
        score[row] = smooth @ smooth
    return np.asarray(score > score[:NORMAL_ROWS].max())


def by_forest(log: FaultLog, seed: int) -> Alarms:
    """Return the alarms of an isolation forest, the median of three rows as on the leaderboard."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(random_state=seed, contamination=CONTAMINATION, n_jobs=1)
    odd = forest.fit(log.values[:NORMAL_ROWS]).predict(log.values) < 0
    padded = np.concatenate((odd[:1], odd[:1], odd))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 3)
    return np.asarray(windows.sum(1) >= 2)


def rates(logs: Sequence[FaultLog], alarms: Sequence[Alarms]) -> dict[str, Any]:
    """Return the rates over the rows of all logs, and of each."""
    together = alarm_rates(np.concatenate(alarms), np.concatenate([log.faulty for log in logs]))
    each = [alarm_rates(alarm, log.faulty) for alarm, log in zip(alarms, logs, strict=True)]
    return {**together._asdict(), "samples": sum(map(len, alarms)), "logs": each}


def main() -> None:
    """Measure all methods."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="*", help="logs, .csv", default=None)
    parser.add_argument("--seed", type=int, default=0, help="of liquid and forest")
    arguments = parser.parse_args()
    paths = arguments.data or sorted(LOGS.glob("*.csv"))
    if not paths:
        parser.error(f"no logs in {LOGS}; name them by --data or set NEUROMORPHIC_DATA")
    logs = [read_fault_log(path) for path in paths]
    report = {
        "liquid": rates(logs, [by_liquid(log, arguments.seed) for log in logs]),
        "distance": rates(logs, [by_distance(log) for log in logs]),
    }
    if importlib.util.find_spec("sklearn"):
        forest = [by_forest(log, arguments.seed) for log in logs]
        report["isolation_forest"] = rates(logs, forest)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
