from __future__ import annotations

import math

import pytest

from neuromorphic_ros.sensors.mpu6050_noise import GYRO_BANDWIDTH_HZ, noise_variance


def test_the_gyroscope_has_the_total_noise_of_its_datasheet() -> None:
    # 0.05 deg/s rms with DLPF_CFG 2, which the datasheet rounds to 100 Hz.
    deviation = math.degrees(math.sqrt(noise_variance(94, 0.0, 0.0).angular_velocity))
    assert deviation == pytest.approx(0.05, rel=0.02)


def test_the_accelerometer_has_400_ug_per_root_hertz() -> None:
    deviation_g = math.sqrt(noise_variance(44, 0.0, 0.0).acceleration) / 9.80665
    assert deviation_g == pytest.approx(2.65e-3, rel=0.01)


def test_a_wider_filter_lets_more_noise_through() -> None:
    variances = [noise_variance(bandwidth, 0.0, 0.0) for bandwidth in sorted(GYRO_BANDWIDTH_HZ)]
    assert variances == sorted(variances)


def test_rounding_adds_the_variance_of_a_uniform_error() -> None:
    fine, coarse = noise_variance(5, 0.0, 0.0), noise_variance(5, 0.12, 0.06)
    assert coarse.acceleration - fine.acceleration == pytest.approx(0.12**2 / 12)
    assert coarse.angular_velocity - fine.angular_velocity == pytest.approx(0.06**2 / 12)
