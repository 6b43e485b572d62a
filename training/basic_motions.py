"""Train a liquid to tell motions of a smart watch apart (BasicMotions) and measure it.

Ten-fold cross-validation on the training file, and with --test also on a file that took no part.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from neuromorphic_ros.bags.time_series import LabelledSeries, read_time_series
from neuromorphic_ros.pipeline.liquid import LiquidParameters
from neuromorphic_ros.pipeline.series_classifier import (
    confusion,
    folds,
    liquid_features,
    save,
    train,
)
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.snn.reservoir import ReservoirParameters

DATA = Path(os.environ.get("NEUROMORPHIC_DATA", share_directory().parent / "shared" / "data"))
TRAIN = DATA / "imu_basicmotions" / "BasicMotions_TRAIN.ts"
PERIOD_MS = 100.0
TICKS = 50
# What the sensor measures of most motions; its ends are clipped.
RANGE = (20.0,) * 3 + (8.0,) * 3
FOLDS = 10


def liquid_of(seed: int) -> LiquidParameters:
    """Return the liquid; in real time, as a sample comes every tenth of a second."""
    return LiquidParameters(
        reservoir=ReservoirParameters(
            shape=(5, 5, 8),
            reach=4.0,
            bias=0.3,
            tau_mem_ms=(50.0, 500.0),
            delay_ticks=(TICKS, 2 * TICKS),
            input_weights="graded",
            input_probability=0.5,
            input_scale=0.1,
            tau_trace_ms=PERIOD_MS,
        ),
        low=tuple(-limit for limit in RANGE),
        high=RANGE,
        ticks=TICKS,
        dt_ms=PERIOD_MS / TICKS,
        seed=seed,
    )


def scored(label: Any, found: Any, series: LabelledSeries) -> dict[str, Any]:
    """Return accuracy with its interval (Clopper-Pearson, 95 %), and the confusion."""
    right, cases = int(np.count_nonzero(label == found)), int(label.size)
    interval = binomtest(right, cases).proportion_ci()
    return {
        "accuracy": right / cases,
        "ci95": [float(interval.low), float(interval.high)],
        "samples": cases,
        "confusion": confusion(label, found, len(series.classes)).tolist(),
    }


def main() -> None:
    """Train, measure and write the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=TRAIN, help="training file, .ts")
    parser.add_argument("--test", type=Path, help="file to measure on besides, .ts")
    parser.add_argument("--seed", type=int, default=0, help="of liquid and folds")
    parser.add_argument("--out", type=Path, help="write the model there, .npz")
    arguments = parser.parse_args()
    series, parameters = read_time_series(arguments.data), liquid_of(arguments.seed)
    features = liquid_features(parameters, series.values)
    fold = folds(series.label, FOLDS, np.random.default_rng(arguments.seed))
    found = np.empty_like(series.label)
    for held_out in (fold == one for one in range(FOLDS)):
        model = train(parameters, features[~held_out], series.label[~held_out], series.classes)
        found[held_out] = model.classify(features[held_out])
    report: dict[str, Any] = {"cross_validated": scored(series.label, found, series)}

    model = train(parameters, features, series.label, series.classes)
    if arguments.test:
        unseen = read_time_series(arguments.test)
        if unseen.classes != series.classes:
            parser.error(f"{arguments.test} has the classes {unseen.classes}")
        found = model.classify(liquid_features(parameters, unseen.values))
        report["test"] = scored(unseen.label, found, unseen)
    if arguments.out:
        save(model, arguments.out)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
