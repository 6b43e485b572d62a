"""The calibration of a camera as camera_calibration writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import build, read_mapping

# REP-104 and sensor_msgs/distortion_models.
COEFFICIENTS = {"plumb_bob": 5, "rational_polynomial": 8, "equidistant": 4}

# Tools write more than is needed, and readers ignore it.
_CONFIG = pydantic.ConfigDict(extra="ignore", allow_inf_nan=False)

Size = Annotated[int, Field(ge=1, le=65535)]


@pydantic.dataclasses.dataclass(frozen=True, config=_CONFIG)
class _Matrix:
    rows: Annotated[int, Field(ge=0, le=16)]
    cols: Annotated[int, Field(ge=0, le=16)]
    data: list[float]

    def flat(self, name: str, rows: int, cols: int) -> npt.NDArray[np.float64]:
        if (self.rows, self.cols, len(self.data)) != (rows, cols, rows * cols):
            raise ValueError(
                f"{name} has {self.rows} rows, {self.cols} cols and {len(self.data)} numbers; it "
                f"takes {rows} x {cols}"
            )
        return np.array(self.data)


@pydantic.dataclasses.dataclass(frozen=True, config=_CONFIG)
class _File:
    image_width: Size
    image_height: Size
    camera_matrix: _Matrix
    distortion_coefficients: _Matrix
    rectification_matrix: _Matrix
    projection_matrix: _Matrix
    distortion_model: str = "plumb_bob"


class CameraCalibration(NamedTuple):
    """The intrinsics of REP-104: float64[9] k, r, float64[12] p, row-major, float64[n] d.

    width, height: of the pictures that it holds for [px].
    """

    width: int
    height: int
    distortion_model: str
    d: npt.NDArray[np.float64]
    k: npt.NDArray[np.float64]
    r: npt.NDArray[np.float64]
    p: npt.NDArray[np.float64]


def uncalibrated(width: int, height: int) -> CameraCalibration:
    """Return what is known of an uncalibrated camera: all of K is zero, as CameraInfo has it."""
    return CameraCalibration(width, height, "", np.zeros(0), np.zeros(9), np.zeros(9), np.zeros(12))


def read_calibration(path: Path) -> CameraCalibration:
    """Read a YAML file of camera_calibration or camera_info_manager.

    Raises SensorError if it cannot be read or what it holds is no calibration.
    """
    where = f"calibration {path}"
    content: dict[str, Any] = read_mapping(path, where, SensorError)
    file = build(_File, content, where, SensorError)
    model = file.distortion_model
    if model not in COEFFICIENTS:
        raise SensorError(
            f"{where}: distortion_model is '{model}'; choose one of {', '.join(COEFFICIENTS)}"
        )
    try:
        return CameraCalibration(
            file.image_width,
            file.image_height,
            model,
            file.distortion_coefficients.flat("distortion_coefficients", 1, COEFFICIENTS[model]),
            file.camera_matrix.flat("camera_matrix", 3, 3),
            file.rectification_matrix.flat("rectification_matrix", 3, 3),
            file.projection_matrix.flat("projection_matrix", 3, 4),
        )
    except ValueError as wrong:
        raise SensorError(f"{where}: {wrong}") from None
