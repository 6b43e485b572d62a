"""Reward-modulated STDP against its sums tick by tick, and against its closed form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.patterns import AllToAll, Random
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp
from neuromorphic_ros.snn.plasticity.reward_stdp import RewardStdp

from .forcing import Raster, forced, run, spikes, trains

Floats = npt.NDArray[np.float64]
WIDE = {"w_min": -1e3, "w_max": 1e3}


def expected(
    rule: RewardStdp, pre: Raster, post: Raster, tonic: float, rewards: Floats, delay: int
) -> Floats:
    """The weights, from 0 on: eligibilities of all synapses in every tick, in float64."""
    x, y = np.zeros(pre.shape[1]), np.zeros(post.shape[1])
    eligibility, weight = np.zeros((2, x.size, y.size))
    phasic = 0.0
    for tick, (reward, fired) in enumerate(zip(rewards, post, strict=True)):
        phasic += reward
        x, y = x * math.exp(-1 / rule.tau_plus_ms), y * math.exp(-1 / rule.tau_minus_ms)
        eligibility *= math.exp(-1 / rule.tau_eligibility_ms)
        weight += rule.learning_rate * 1e-3 * (tonic + phasic) * eligibility
        phasic *= math.exp(-1 / rule.tau_dopamine_ms)
        arrived = pre[tick - delay] if tick >= delay else np.zeros_like(pre[0])
        eligibility[arrived] -= rule.depression * y
        x[arrived] = x[arrived] + 1 if rule.pairing == "all_to_all" else 1
        eligibility[:, fired] += rule.potentiation * x[:, None]
        y[fired] = y[fired] + 1 if rule.pairing == "all_to_all" else 1
    return weight


@settings(deadline=None, max_examples=60)
@given(
    trains=trains(ticks=150),
    tau_eligibility_ms=st.sampled_from([1.0, 12.0, 300.0]),
    tau_dopamine_ms=st.sampled_from([3.0, 100.0]),
    tonic=st.sampled_from([0.0, 0.2, -1.0]),
    pairing=st.sampled_from(["all_to_all", "nearest"]),
    pattern=st.sampled_from([AllToAll(), Random(probability=1.0)]),
    delay_ticks=st.sampled_from([0, 3]),
    rewarded=st.dictionaries(st.integers(0, 149), st.floats(-1, 1), max_size=5),
)
def test_weights_change_by_eligibility_times_dopamine(
    trains: tuple[Raster, Raster],
    tau_eligibility_ms: float,
    tau_dopamine_ms: float,
    tonic: float,
    pairing: Any,
    pattern: Any,
    delay_ticks: int,
    rewarded: dict[int, float],
) -> None:
    pre, post = trains
    rule = RewardStdp(
        learning_rate=0.5,
        tau_eligibility_ms=tau_eligibility_ms,
        tau_dopamine_ms=tau_dopamine_ms,
        pairing=pairing,
        **WIDE,
    )
    network = forced(
        rule, np.zeros((pre.shape[1], post.shape[1])), pattern=pattern, delay_ticks=delay_ticks
    )
    network.dopamine = tonic
    rewards = np.zeros(len(pre))
    for tick, amount in rewarded.items():
        rewards[tick] = amount
    given_spikes = spikes(pre, post)
    weights = []
    for tick in range(len(pre)):
        if rewards[tick]:
            network.reward(rewards[tick])
        network.run(given_spikes.between(tick, tick + 1))
        weights.append(network.weights("pre -> post"))
    wanted = expected(rule, pre, post, tonic, rewards, delay_ticks)
    assert weights[-1] == pytest.approx(wanted, rel=1e-3, abs=1e-5)

    # Reading weights changes nothing.
    unread = forced(
        rule, np.zeros((pre.shape[1], post.shape[1])), pattern=pattern, delay_ticks=delay_ticks
    )
    unread.dopamine = tonic
    for tick in range(len(pre)):
        if rewards[tick]:
            unread.reward(rewards[tick])
        unread.run(given_spikes.between(tick, tick + 1))
    assert np.array_equal(unread.weights("pre -> post"), weights[-1])
    assert np.array_equal(unread.counts().plasticity_updates, network.counts().plasticity_updates)


def one_pair(rule: RewardStdp, wait_ms: int, serotonin: float = 0.0) -> float:
    """The change of a weight by a pair without time between, and a reward of 0.5 after a while."""
    network = forced(rule, [[0.0]])
    network.serotonin = serotonin
    pair = np.zeros((wait_ms, 1), bool)
    pair[0] = True
    run(network, pair, pair)
    network.reward(0.5)
    silence = np.zeros((20_000, 1), bool)
    return float(run(network, silence, silence)[0, 0])


@pytest.mark.parametrize("wait_ms", [100, 1000, 3000])
@pytest.mark.parametrize("serotonin", [-1.0, 0.0, 0.5])
def test_a_late_reward_changes_a_weight_by_what_is_left_of_its_eligibility(
    wait_ms: int, serotonin: float
) -> None:
    rule = RewardStdp(learning_rate=2.0, tau_eligibility_ms=800.0, **WIDE)
    tau_s, dopamine_s = 0.8 * 2**serotonin, 0.2
    overlap_s = tau_s * dopamine_s / (tau_s + dopamine_s)
    credit = 0.5 * math.exp(-wait_ms * 1e-3 / tau_s) * overlap_s
    rate = 2.0 * 2**serotonin
    assert one_pair(rule, wait_ms, serotonin) == pytest.approx(rate * credit, rel=0.02)


def test_patience_credits_a_late_reward_and_the_effects_of_serotonin_can_be_off() -> None:
    patient = RewardStdp(learning_rate=2.0, readiness=0.0, **WIDE)
    assert one_pair(patient, 3000, 1.0) > 3 * one_pair(patient, 3000)
    without = RewardStdp(learning_rate=2.0, readiness=0.0, patience=0.0, **WIDE)
    assert one_pair(without, 3000, 1.0) == one_pair(without, 3000)


@settings(deadline=None, max_examples=20)
@given(trains=trains(ticks=200), tonic=st.sampled_from([1.0, -1.0]))
def test_weights_stay_in_bounds_and_act_within_them(
    trains: tuple[Raster, Raster], tonic: float
) -> None:
    pre, post = trains
    rule = RewardStdp(learning_rate=100.0, w_min=-0.1, w_max=0.3)
    network = forced(rule, np.zeros((pre.shape[1], post.shape[1])))
    network.dopamine = tonic
    for tick in range(0, 200, 5):
        network.run(spikes(pre, post).between(tick, tick + 5))
        weights = network.weights("pre -> post")
        assert np.all((weights >= np.float32(-0.1)) & (weights <= np.float32(0.3)))


def test_a_weight_that_was_rewarded_acts_with_the_next_spike() -> None:
    network = forced(RewardStdp(learning_rate=2.0, w_max=1.0), [[0.2]])
    pair = np.zeros((10, 1), bool)
    pair[0] = True
    run(network, pair, pair)
    network.reward(1.0)
    silence = np.zeros((500, 1), bool)
    learned = run(network, silence, silence)[0, 0]
    assert 0.3 < learned < 1.0
    before = network.membrane("post")[0]
    network.step(np.array([0], np.uint32))
    decay = math.exp(-1 / 20.0)
    assert network.membrane("post")[0] - before * decay == pytest.approx(learned, rel=1e-6)


def test_reset_keeps_what_was_learned_and_forgets_rewards() -> None:
    network = forced(RewardStdp(learning_rate=1.0, w_max=10.0), [[0.2]])
    pair = np.ones((10, 1), bool)
    run(network, pair, pair)
    network.reward(1.0)
    run(network, pair, pair)
    learned = network.weights("pre -> post")
    assert learned[0, 0] != np.float32(0.2)
    network.reset()
    silence = np.zeros((100, 1), bool)
    assert np.array_equal(run(network, silence, silence), learned)


def test_frozen_weights_do_not_learn_by_reward() -> None:
    network = forced(RewardStdp(learning_rate=1.0), [[0.2]])
    network.freeze, network.dopamine = True, 1.0
    pair = np.ones((50, 1), bool)
    assert run(network, pair, pair)[0, 0] == np.float32(0.2)


@pytest.mark.parametrize("level", [1.5, -1.01, math.nan, math.inf])
def test_levels_out_of_bounds_are_refused(level: float) -> None:
    network = forced(RewardStdp(), [[0.2]])
    with pytest.raises(NetworkError, match=r"reward .* is outside of -1..1"):
        network.reward(level)
    with pytest.raises(NetworkError, match=r"dopamine .* is outside of -1..1"):
        network.dopamine = level
    with pytest.raises(NetworkError, match=r"serotonin .* is outside of -1..1"):
        network.serotonin = level
    assert (network.dopamine, network.serotonin) == (0.0, 0.0)


def test_who_does_not_learn_by_reward_says_so() -> None:
    network = forced(PairStdp(), [[0.2]])
    with pytest.raises(NetworkError, match="it has no effect on network 'forced'"):
        network.reward(0.5)
    with pytest.raises(NetworkError, match="serotonin: it has no effect"):
        network.serotonin = 0.5


def test_its_bounds_are_additive() -> None:
    with pytest.raises(NetworkError, match="bounds of reward_stdp are additive"):
        build(RewardStdp, {"bounds": "multiplicative"}, "rule", NetworkError)
