"""Hebbian plasticity against the sum over spikes, and what Oja's rule finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.snn.plasticity.hebbian import Hebbian

from .forcing import Raster, forced, run, times, trains


@settings(deadline=None, max_examples=40)
@given(
    trains=trains(),
    tau_pre_ms=st.floats(2.0, 50.0),
    tau_post_ms=st.floats(2.0, 50.0),
    normalization=st.sampled_from([0.0, 1.0, 0.3]),
    decay=st.sampled_from([0.0, 0.5]),
)
def test_each_spike_of_the_target_changes_a_weight_by_the_rule(
    trains: tuple[Raster, Raster],
    tau_pre_ms: float,
    tau_post_ms: float,
    normalization: float,
    decay: float,
) -> None:
    pre, post = trains
    rule = Hebbian(
        learning_rate=1e-3,
        tau_pre_ms=tau_pre_ms,
        tau_post_ms=tau_post_ms,
        normalization=normalization,
        decay=decay,
        w_min=-1e3,
        w_max=1e3,
    )
    learned = run(forced(rule, np.full((pre.shape[1], post.shape[1]), 0.5)), pre, post)
    for source, target in np.ndindex(learned.shape):
        weight = 0.5
        pre_ms, post_ms = times(pre, source), times(post, target)
        for now in post_ms:
            x = np.exp((pre_ms[pre_ms <= now] - now) / tau_pre_ms).sum()
            y = np.exp((post_ms[post_ms <= now] - now) / tau_post_ms).sum()
            weight += 1e-3 * (x * y - normalization * y**2 * weight - decay * weight)
        assert learned[source, target] == pytest.approx(weight, rel=1e-4, abs=1e-5)


def test_oja_settles_where_growth_equals_forgetting() -> None:
    # Both fire together every 5 ticks: x = y, so that w = 1 is where nothing changes.
    pre = np.zeros((20_000, 2), bool)
    pre[::5, 0] = True
    learned = run(forced(Hebbian(w_max=10.0), [[0.3], [0.3]]), pre, pre[:, :1])
    assert learned[:, 0] == pytest.approx([1.0, 0.0], abs=1e-2)


def test_without_forgetting_a_weight_grows_to_its_bound() -> None:
    pre = np.zeros((5000, 1), bool)
    pre[::5] = True
    assert run(forced(Hebbian(normalization=0.0, w_max=0.7), [[0.3]]), pre, pre)[
        0, 0
    ] == np.float32(0.7)
