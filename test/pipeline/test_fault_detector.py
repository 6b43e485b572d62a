"""Faults of a machine that we make: two waves of which one shifts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from neuromorphic_ros.errors import NetworkError, SensorError
from neuromorphic_ros.learning.force import ForceParameters
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.fault_detector import (
    FaultDetector,
    FaultParameters,
    alarm_rates,
)
from neuromorphic_ros.snn.reservoir import ReservoirParameters, reservoir_network

Values = npt.NDArray[np.float64]


NETWORK = reservoir_network(
    ReservoirParameters(
        shape=(3, 3, 6),
        reach=5.0,
        input_weights="graded",
        input_probability=1.0,
        input_scale=0.2,
        tau_mem_ms=(100.0, 500.0),
        delay_ticks=(10, 20),
    ),
    (2, 12),
)


def parameters(**values: Any) -> FaultParameters:
    content = {
        "drive": {"low": (-2.0, -2.0), "high": (2.0, 2.0), "ticks": 10},
        "readout": ForceParameters(),
        "learn_samples": 200,
        "calibrate_samples": 100,
        "smoothing_samples": 5.0,
        "margin": 1.5,
        **values,
    }
    return build(FaultParameters, content, "detector", NetworkError)


def machine(samples: int, fault: int, seed: int = 0) -> Values:
    """Return two noisy waves in step; from `fault` on the second is smaller and off its middle."""
    noise = 0.05 * np.random.default_rng(seed).standard_normal((samples, 2))
    phase = 2 * np.pi * np.arange(samples) / 12
    second = np.where(np.arange(samples) < fault, np.sin(phase), 0.6 + 0.4 * np.sin(phase))
    return np.stack((np.sin(phase), second), 1) + noise


def test_a_fault_within_the_range_of_every_channel_is_noticed() -> None:
    scores, alarm = FaultDetector(NETWORK, parameters()).run(machine(600, 500))
    assert np.isnan(scores[:299]).all()
    assert not alarm[:300].any()
    assert alarm[300:500].mean() < 0.05
    assert alarm[505:].mean() > 0.9


def test_a_machine_without_a_fault_gives_no_alarm() -> None:
    _, alarm = FaultDetector(NETWORK, parameters()).run(machine(600, 600, seed=1))
    assert alarm.mean() < 0.02


def test_a_channel_that_never_moved_does_not_alarm_by_noise_of_rounding() -> None:
    values = machine(500, 500)
    values[:, 1] = 0.25
    _, alarm = FaultDetector(NETWORK, parameters()).run(values)
    assert alarm.mean() < 0.05


def test_a_larger_margin_gives_fewer_alarms() -> None:
    values = machine(600, 400)
    few, many = (
        FaultDetector(NETWORK, parameters(margin=m)).run(values)[1].sum() for m in (3.0, 1.0)
    )
    assert few <= many


def test_a_bad_sample_changes_nothing() -> None:
    values = machine(320, 320)
    one, other = FaultDetector(NETWORK, parameters()), FaultDetector(NETWORK, parameters())
    one.run(values[:310])
    other.run(values[:310])
    for sample in ([0.0], [math.nan, 0.0]):
        with pytest.raises(SensorError):
            one.step(sample)
    assert one.step(values[310]) == other.step(values[310])


def test_a_glitch_beyond_float32_is_an_alarm_that_ends() -> None:
    detector, values = FaultDetector(NETWORK, parameters()), machine(600, 600)
    detector.run(values[:400])
    assert detector.step([1e300, -1e300]).alarm
    _, alarm = detector.run(values[401:])
    assert alarm[:3].all()
    assert not alarm[60:].any()


def test_rates_are_those_of_the_leaderboard() -> None:
    alarm = np.array([1, 0, 0, 0, 1, 0], bool)
    faulty = np.array([0, 0, 0, 0, 1, 1], bool)
    assert alarm_rates(alarm, faulty) == (0.25, 0.5)
    assert math.isnan(alarm_rates(alarm[:4], faulty[:4]).missed_alarm)
    assert math.isnan(alarm_rates(alarm[4:], faulty[4:]).false_alarm)
    # The two detectors at the ends of the board: perfect and null.
    assert alarm_rates(faulty, faulty) == (0.0, 0.0)
    assert alarm_rates(np.zeros(6, bool), faulty) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"washout_samples": 200}, "leave nothing"),
        ({"calibrate_samples": 1}, "calibrate_samples"),
        ({"margin": 0.0}, "margin"),
        ({"smoothing_samples": 0.5}, "smoothing_samples"),
    ],
)
def test_impossible_parameters_are_refused(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(NetworkError, match=complaint):
        parameters(**values)
