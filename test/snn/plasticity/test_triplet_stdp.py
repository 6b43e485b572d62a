"""The triplet rule against its sum over spikes, Brian2 and the experiments it was fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.snn.plasticity.triplet_stdp import TripletStdp

from .forcing import Raster, forced, run, times, trains

pytestmark = pytest.mark.filterwarnings("ignore::pyparsing.PyparsingDeprecationWarning")

Floats = npt.NDArray[np.float64]


def trace(now_ms: float, times_ms: Floats, tau_ms: float, nearest: bool, now_counts: bool) -> float:
    """The sum of exponentials of the spikes until now, or that of the last spike."""
    counted = times_ms[times_ms <= now_ms] if now_counts else times_ms[times_ms < now_ms]
    terms = np.exp((counted - now_ms) / tau_ms)
    return float(terms[-1:].sum() if nearest else terms.sum())


def triplets(rule: TripletStdp, pre_ms: Floats, post_ms: Floats) -> float:
    nearest, total = rule.pairing == "nearest", 0.0
    for now in pre_ms:
        o1 = trace(now, post_ms, rule.tau_minus_ms, nearest, False)
        r2 = trace(now, pre_ms, rule.tau_x_ms, nearest, False)
        total -= o1 * (rule.a2_minus + rule.a3_minus * r2)
    for now in post_ms:
        r1 = trace(now, pre_ms, rule.tau_plus_ms, nearest, True)
        o2 = trace(now, post_ms, rule.tau_y_ms, nearest, False)
        total += r1 * (rule.a2_plus + rule.a3_plus * o2)
    return total


@settings(deadline=None, max_examples=60)
@given(
    trains=trains(),
    amplitudes=st.tuples(*[st.floats(0.0, 2e-2)] * 4),
    taus_ms=st.tuples(*[st.floats(2.0, 200.0)] * 4),
    pairing=st.sampled_from(["all_to_all", "nearest"]),
)
def test_a_weight_changes_by_the_sum_over_triplets(
    trains: tuple[Raster, Raster],
    amplitudes: tuple[float, ...],
    taus_ms: tuple[float, ...],
    pairing: Any,
) -> None:
    pre, post = trains
    rule = TripletStdp(
        **dict(zip(("a2_plus", "a2_minus", "a3_plus", "a3_minus"), amplitudes, strict=True)),
        **dict(zip(("tau_plus_ms", "tau_minus_ms", "tau_x_ms", "tau_y_ms"), taus_ms, strict=True)),
        pairing=pairing,
        w_min=-1e3,
        w_max=1e3,
    )
    learned = run(forced(rule, np.zeros((pre.shape[1], post.shape[1]))), pre, post)
    for source, target in np.ndindex(learned.shape):
        expected = triplets(rule, times(pre, source), times(post, target))
        assert learned[source, target] == pytest.approx(expected, rel=1e-3, abs=2e-6)


def test_brian_learns_the_same(brian: Any) -> None:
    generator = np.random.default_rng(5)
    pre, post = generator.random((2, 400, 3)) < 0.05
    dt_ms = float(brian.defaultclock.dt / brian.ms)

    def generated(raster: Raster) -> Any:
        tick, neuron = np.nonzero(raster)
        return brian.SpikeGeneratorGroup(raster.shape[1], neuron, tick * brian.defaultclock.dt)

    sources, targets = generated(pre), generated(post)
    synapses = brian.Synapses(
        sources,
        targets,
        """w : 1
        dr1/dt = -r1 / (16.8*ms) : 1 (event-driven)
        dr2/dt = -r2 / (101*ms) : 1 (event-driven)
        do1/dt = -o1 / (33.7*ms) : 1 (event-driven)
        do2/dt = -o2 / (125*ms) : 1 (event-driven)""",
        on_pre="""w = clip(w - o1 * (7e-3 + 2.3e-4 * r2), 0, 1)
        r1 += 1
        r2 += 1""",
        on_post="""w = clip(w + r1 * (5e-10 + 6.2e-3 * o2), 0, 1)
        o1 += 1
        o2 += 1""",
        namespace={"ms": brian.ms},
    )
    synapses.connect()
    synapses.w = 0.5
    brian.run(400 * brian.defaultclock.dt)
    learned = run(forced(TripletStdp(), np.full((3, 3), 0.5), dt_ms=dt_ms), pre, post)
    expected = np.zeros((3, 3))
    expected[synapses.i[:], synapses.j[:]] = synapses.w[:]
    assert np.any(np.abs(expected - 0.5) > 0.1)
    assert learned == pytest.approx(expected, abs=1e-5)
