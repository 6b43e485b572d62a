"""Pair STDP against the sum over pairs of spikes, and against Brian2."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp

from .forcing import Raster, forced, run, times, trains

pytestmark = pytest.mark.filterwarnings("ignore::pyparsing.PyparsingDeprecationWarning")

Floats = npt.NDArray[np.float64]


def all_pairs(rule: PairStdp, pre_ms: Floats, post_ms: Floats) -> float:
    lag = post_ms[None] - pre_ms[:, None]
    after, before = lag[lag >= 0], lag[lag < 0]
    return float(
        rule.potentiation * np.exp(-after / rule.tau_plus_ms).sum()
        - rule.depression * np.exp(before / rule.tau_minus_ms).sum()
    )


def nearest_pairs(rule: PairStdp, pre_ms: Floats, post_ms: Floats) -> float:
    total = 0.0
    for time_ms in post_ms:
        if (earlier := pre_ms[pre_ms <= time_ms]).size:
            total += rule.potentiation * np.exp((earlier[-1] - time_ms) / rule.tau_plus_ms)
    for time_ms in pre_ms:
        if (earlier := post_ms[post_ms < time_ms]).size:
            total -= rule.depression * np.exp((earlier[-1] - time_ms) / rule.tau_minus_ms)
    return total


@settings(deadline=None, max_examples=60)
@given(
    trains=trains(),
    tau_plus_ms=st.floats(1.0, 100.0),
    tau_minus_ms=st.floats(1.0, 100.0),
    depression=st.floats(0.0, 3.0),
    pairing=st.sampled_from(["all_to_all", "nearest"]),
    delay_ticks=st.sampled_from([0, 1, 5]),
    dt_ms=st.sampled_from([0.5, 1.0, 3.0]),
)
def test_a_weight_changes_by_the_sum_over_pairs(
    trains: tuple[Raster, Raster],
    tau_plus_ms: float,
    tau_minus_ms: float,
    depression: float,
    pairing: Any,
    delay_ticks: int,
    dt_ms: float,
) -> None:
    pre, post = trains
    rule = PairStdp(
        learning_rate=0.01,
        tau_plus_ms=tau_plus_ms,
        tau_minus_ms=tau_minus_ms,
        depression=depression,
        pairing=pairing,
        w_min=-1e3,
        w_max=1e3,
    )
    network = forced(
        rule, np.zeros((pre.shape[1], post.shape[1])), delay_ticks=delay_ticks, dt_ms=dt_ms
    )
    learned = run(network, pre, post)
    arriving = np.roll(pre, delay_ticks, axis=0)
    arriving[:delay_ticks] = False
    changed_by = {"all_to_all": all_pairs, "nearest": nearest_pairs}[pairing]
    for source, target in np.ndindex(learned.shape):
        pairs = changed_by(rule, times(arriving, source, dt_ms), times(post, target, dt_ms))
        assert learned[source, target] == pytest.approx(0.01 * pairs, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    ("lag_ticks", "change"),
    [(0, 1.0), (10, np.exp(-0.5)), (-10, -1.05 * np.exp(-0.5)), (-1, -1.05 * np.exp(-1 / 20))],
)
def test_the_window_of_one_pair(lag_ticks: int, change: float) -> None:
    pre, post = np.zeros((2, 40, 1), bool)
    pre[20], post[20 + lag_ticks] = True, True
    network = forced(PairStdp(learning_rate=0.1), [[0.5]])
    assert run(network, pre, post)[0, 0] == pytest.approx(0.5 + 0.1 * change, rel=1e-6)


def test_brian_learns_the_same(brian: Any) -> None:
    generator = np.random.default_rng(4)
    pre, post = generator.random((2, 400, 3)) < 0.05
    rule = PairStdp(learning_rate=0.02, tau_plus_ms=17.0, tau_minus_ms=34.0)
    ms = brian.ms

    def generated(raster: Raster) -> Any:
        tick, neuron = np.nonzero(raster)
        return brian.SpikeGeneratorGroup(raster.shape[1], neuron, tick * brian.defaultclock.dt)

    sources, targets = generated(pre), generated(post)
    synapses = brian.Synapses(
        sources,
        targets,
        """w : 1
        dx/dt = -x / (17*ms) : 1 (event-driven)
        dy/dt = -y / (34*ms) : 1 (event-driven)""",
        on_pre="""w = clip(w - 0.02 * 1.05 * y, 0, 1)
        x += 1""",
        on_post="""w = clip(w + 0.02 * x, 0, 1)
        y += 1""",
        namespace={"ms": ms},
    )
    synapses.connect()
    synapses.w = 0.5
    brian.run(400 * brian.defaultclock.dt)
    network = forced(rule, np.full((3, 3), 0.5), dt_ms=float(brian.defaultclock.dt / ms))
    learned = run(network, pre, post)
    expected = np.zeros((3, 3))
    expected[synapses.i[:], synapses.j[:]] = synapses.w[:]
    assert np.any(np.abs(expected - 0.5) > 0.1)
    assert learned == pytest.approx(expected, abs=1e-5)
