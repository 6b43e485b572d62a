"""Count alarms on a pump beside methods without spikes, as the leaderboard of SKAB does.

Every method learns from the first 400 rows of a log and judges all of it. Hotelling's T-squared is
smoothed and calibrated as the error of the liquid is; scikit-learn's isolation forest, where it is
installed, has the settings of the leaderboard. Data: NEUROMORPHIC_DATA.
"""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import numpy.typing as npt
from reporting import Row, main

from neuromorphic_ros.bags.fault_log import FaultLog
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.fault_detector import FaultParameters, alarm_rates
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.recipes import pump_faults
from neuromorphic_ros.pipeline.recipes.pump_faults import NORMAL_ROWS, f1
from neuromorphic_ros.pipeline.recipes.registry import data_path

SEED = 0
# That of the leaderboard's notebook.
CONTAMINATION = 0.005

Alarms = npt.NDArray[np.bool_]


def by_distance(log: FaultLog) -> Alarms:
    """Return the alarms of Hotelling's T-squared."""
    constant = float(FaultParameters.__dataclass_fields__["smoothing_samples"].default)
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


def by_forest(log: FaultLog) -> Alarms:
    """Return the alarms of an isolation forest, the median of three rows as on the leaderboard."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(random_state=SEED, contamination=CONTAMINATION, n_jobs=1)
    odd = forest.fit(log.values[:NORMAL_ROWS]).predict(log.values) < 0
    padded = np.concatenate((odd[:1], odd[:1], odd))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 3)
    return np.asarray(windows.sum(1) >= 2)


def by_liquid(log: FaultLog) -> Alarms:
    """Return the alarms of the shipped model."""
    return pump_faults.judge(find_model("pump_faults").spec(), log).alarm


def measure() -> list[Row]:
    """Judge all logs by every method."""
    methods = {"liquid, FORCE": by_liquid, "T-squared": by_distance}
    if importlib.util.find_spec("sklearn"):
        methods["isolation forest"] = by_forest
    try:
        logs = pump_faults.read(data_path(pump_faults.RECIPE))
    except LearningError as missing:
        print(missing, file=sys.stderr)
        return []
    faulty = np.concatenate([log.faulty for log in logs])
    rows: list[Row] = []
    for name, alarms_of in methods.items():
        alarm = np.concatenate([alarms_of(log) for log in logs])
        rates = alarm_rates(alarm, faulty)
        rows.append({"method": name, **rates._asdict(), "f1": f1(alarm, faulty)})
    return rows


if __name__ == "__main__":
    main(__doc__, measure)
