from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.sensors.camera_calibration import read_calibration, uncalibrated

from .calibrations import FILE, write_calibration


def matrix(rows: int, cols: int) -> dict[str, Any]:
    return {"rows": rows, "cols": cols, "data": [0.0] * (rows * cols)}


def test_a_calibration_is_read(tmp_path: Path) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(FILE)
    read = read_calibration(path)
    assert (read.width, read.height, read.distortion_model) == (640, 480, "plumb_bob")
    assert read.k.tolist() == [438.783, 0.0, 305.593, 0.0, 437.302, 243.738, 0.0, 0.0, 1.0]
    assert read.d.tolist() == [-0.361976, 0.110511, 0.001014, 0.000505, 0.0]
    assert read.r[2] == 0.01
    assert read.p[2] == 322.797
    assert read.p.shape == (12,)


@pytest.mark.parametrize(("model", "count"), [("rational_polynomial", 8), ("equidistant", 4)])
def test_other_lenses_have_other_coefficients(tmp_path: Path, model: str, count: int) -> None:
    changes = {"distortion_model": model, "distortion_coefficients": matrix(1, count)}
    assert len(read_calibration(write_calibration(tmp_path / "c.yaml", **changes)).d) == count


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"image_width": 0}, "image_width = 0"),
        ({"camera_matrix": None}, "camera_matrix"),
        ({"camera_matrix": matrix(4, 3)}, "camera_matrix has 4 rows, 3 cols and 12 numbers"),
        ({"projection_matrix": {"rows": 3, "cols": 4, "data": [1.0]}}, "1 numbers; it takes 3 x 4"),
        ({"distortion_coefficients": matrix(1, 4)}, "distortion_coefficients has 1 rows, 4 cols"),
        ({"distortion_model": "wobbly"}, "distortion_model is 'wobbly'; choose one of plumb_bob"),
        (
            {"camera_matrix": {"rows": 3, "cols": 3, "data": [float("nan")] * 9}},
            "camera_matrix.data.0",
        ),
    ],
)
def test_what_is_no_calibration_is_named(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(SensorError, match=reason) as refused:
        read_calibration(write_calibration(tmp_path / "c.yaml", **changes))
    assert "c.yaml" in str(refused.value)


@pytest.mark.parametrize("content", ["", "[1, 2]", "a: [", "image_width: 3"])
def test_what_cannot_be_read_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(content)
    with pytest.raises(SensorError, match=r"c\.yaml"):
        read_calibration(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SensorError, match=r"no\.yaml cannot be read: .*No such file"):
        read_calibration(tmp_path / "no.yaml")


def test_an_uncalibrated_camera_has_a_size_and_zeros() -> None:
    width, height, model, *matrices = uncalibrated(320, 240)
    assert (width, height, model) == (320, 240, "")
    assert [values.size for values in matrices] == [0, 9, 9, 12]
    assert not np.concatenate(matrices).any()
