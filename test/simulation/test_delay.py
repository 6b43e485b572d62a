from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.simulation.delay import Delayed


def test_nothing_acts_before_its_time() -> None:
    delayed = Delayed(20)
    delayed.command(5, 0.3)
    delayed.command(10, -0.4)
    assert [delayed.at(now) for now in (0, 24, 25, 29, 30, 1000)] == [0, 0, 0.3, 0.3, -0.4, -0.4]


@given(
    st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=30), st.integers(0, 9), st.integers(0, 40)
)
def test_each_value_acts_for_its_time(values: list[float], delay: int, after: int) -> None:
    delayed = Delayed(delay)
    acted = []
    for now in range(len(values) + after):
        if now < len(values):
            delayed.command(now, values[now])
        acted.append(delayed.at(now))
    expected = np.concatenate(([0.0] * delay, values, [values[-1]] * after))
    assert acted == expected[: len(acted)].tolist()
