from __future__ import annotations

import numpy as np

from neuromorphic_ros.encoding.value_range import relative


def test_positions_run_from_low_to_high() -> None:
    found = relative(np.array([-20.0, 20.0, 60.0]), -20.0, 60.0)
    assert found.values.tolist() == [0.0, 0.5, 1.0]
    assert found.clipped == 0


def test_values_outside_are_clipped_and_counted() -> None:
    found = relative(np.array([-1.1, 0.0, 5.0]), np.array([-1.0, 0.0, 0.0]), np.array([1.0] * 3))
    assert found.values.tolist() == [0.0, 0.0, 1.0]
    assert found.clipped == 2


def test_what_lies_beyond_a_sensors_own_range_is_not_counted() -> None:
    found = relative(np.array([-np.inf, np.inf]), 0.0, 1.0)
    assert found.values.tolist() == [0.0, 1.0]
    assert found.clipped == 0
