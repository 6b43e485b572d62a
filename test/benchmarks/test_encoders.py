"""What is said of the spikes of real IMUs."""

from __future__ import annotations

from pathlib import Path

import encoders
import numpy as np
import pytest
from numpy.testing import assert_allclose


def test_a_window_is_driven_by_the_samples_that_hold_in_it() -> None:
    stamps_ns = np.array([0, 10, 40]) * 1_000_000
    signal = encoders.Signal(np.array([[1.0], [2.0], [4.0]]), stamps_ns)
    edges_ns = np.array([0, 10, 20, 30, 50]) * 1_000_000
    mean, whole = encoders.driven(signal, 15.0, edges_ns)
    # The first holds to 15 ms, the second from there to 25 ms, the third from 40 to 55 ms.
    assert_allclose(mean[:, 0], [1.0, 1.5, 1.0, 2.0])
    assert whole.tolist() == [True, True, False, False]


@pytest.mark.data
@pytest.mark.parametrize("case", encoders.CASES, ids=lambda case: case.path.parent.name)
@pytest.mark.parametrize("encoder", ["imu_delta", "imu_rate"])
def test_no_error_on_a_real_imu_is_beyond_its_bound(
    shared_data: Path, case: encoders.Case, encoder: str
) -> None:
    own = case._replace(path=shared_data / case.path)
    signal, spikes = encoders.encoded(own, encoder)
    worst = np.abs(encoders.errors(own, encoder, signal, spikes)).max(axis=0)
    for axis in range(9):
        limit = encoders.bound(own, encoder, "regular", axis // 3)
        assert limit is not None
        assert 0.0 < worst[axis] <= limit * (1.0 + 1e-9)


@pytest.mark.data
def test_receptive_fields_keep_a_real_imu_within_a_distance_of_centres(shared_data: Path) -> None:
    case = encoders.CASES[0]._replace(path=shared_data / encoders.CASES[0].path)
    signal, spikes = encoders.encoded(case, "imu_population")
    error = encoders.errors(case, "imu_population", signal, spikes)
    distance = 2.0 * np.repeat(case.ranges, 3) / (encoders.FIELDS - 2)
    assert np.all(np.abs(error).max(axis=0) < 0.15 * distance)
