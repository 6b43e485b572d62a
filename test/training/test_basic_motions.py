"""The recipe as a command, on the real watch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.bags.time_series import read_time_series
from neuromorphic_ros.pipeline.series_classifier import liquid_features, load

SCRIPT = Path(__file__).resolve().parents[2] / "training" / "basic_motions.py"


@pytest.mark.data
@pytest.mark.slow
def test_motions_are_told_apart_above_95_percent(shared_data: Path, tmp_path: Path) -> None:
    data = shared_data / "imu_basicmotions" / "BasicMotions_TRAIN.ts"
    model = tmp_path / "model.npz"
    command = [sys.executable, str(SCRIPT), "--data", str(data), "--out", str(model)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    report = json.loads(done.stdout)["cross_validated"]
    assert report["samples"] == 40
    assert report["accuracy"] > 0.95
    assert np.trace(report["confusion"]) == report["accuracy"] * 40
    series, classifier = read_time_series(data), load(model)
    found = classifier.classify(liquid_features(classifier.parameters, series.values[:4]))
    assert found.tolist() == series.label[:4].tolist()


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--data", str(tmp_path / "none.ts")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "cannot be read" in done.stderr
