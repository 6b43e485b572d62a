from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.sensors.gyro_bias import GyroCalibration, gyro_bias

CALIBRATION = GyroCalibration(calibration_samples=300)
BIAS = (0.02, -0.05, 0.3)


def at_rest(count: int = 400) -> np.ndarray:
    return np.random.default_rng(1).normal(BIAS, 1e-3, (count, 3))


def test_the_bias_is_the_mean_at_rest() -> None:
    assert gyro_bias(at_rest(), CALIBRATION) == pytest.approx(BIAS, abs=4e-4)


def test_the_last_samples_count() -> None:
    samples = np.concatenate((at_rest(100) + 1.0, at_rest(300)))
    assert gyro_bias(samples, CALIBRATION) == pytest.approx(BIAS, abs=4e-4)


@pytest.mark.parametrize("count", [0, 299])
def test_too_few_samples_are_refused(count: int) -> None:
    with pytest.raises(SensorError, match=f"has given {count} samples .* takes 300"):
        gyro_bias(at_rest(count), CALIBRATION)


@pytest.mark.parametrize(("axis", "name"), [(0, "x"), (1, "y"), (2, "z")])
def test_motion_is_refused_with_the_axis_and_the_value(axis: int, name: str) -> None:
    samples = at_rest()
    samples[:, axis] += 0.1 * np.sin(np.arange(400))
    with pytest.raises(SensorError, match=f"axis {name} has a standard deviation of 0.07.. rad/s"):
        gyro_bias(samples, CALIBRATION)


def test_a_steady_turn_is_no_bias() -> None:
    with pytest.raises(SensorError, match="gyroscope turns: axis y has a mean"):
        gyro_bias(at_rest() + np.array([0.0, 1.0, 0.0]), CALIBRATION)


def test_what_is_not_a_number_is_refused() -> None:
    samples = at_rest()
    samples[-7, 2] = np.nan
    with pytest.raises(SensorError, match="axis z"):
        gyro_bias(samples, CALIBRATION)


@pytest.mark.parametrize("bias", [[0.0, 0.0], [0.0] * 4, [0.0, 0.0, 0.8], [0.0, float("nan"), 0.0]])
def test_a_bias_that_cannot_be_is_refused(bias: list[float]) -> None:
    with pytest.raises(SensorError, match="gyro_bias_rad_s"):
        build(GyroCalibration, {"gyro_bias_rad_s": bias}, "calibration", SensorError)
