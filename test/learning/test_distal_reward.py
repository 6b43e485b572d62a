"""The distal reward experiment: the synapse that caused the rewards is found."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.learning.distal_reward import INITIAL, RULE, distal_reward


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_synapse_that_causes_rewards_grows_and_the_others_do_not(seed: int) -> None:
    found = distal_reward(1800.0, seed)
    assert found.rewards_s.size > 50
    late = found.time_s > 1500.0
    rewarded, others = found.rewarded[late].mean(), found.others[late].mean(axis=0)
    assert rewarded > 2 * INITIAL
    assert rewarded > others.max()
    assert others.mean() < INITIAL
    assert np.all((found.weights >= RULE.w_min) & (found.weights <= RULE.w_max))


@pytest.mark.slow
def test_rewards_by_chance_do_not_let_the_synapse_grow_on_average() -> None:
    weights = []
    for seed in range(3):
        found = distal_reward(1800.0, seed, caused=False)
        assert found.rewards_s.size > 50
        weights.append(found.rewarded[found.time_s > 1500.0].mean())
    assert np.mean(weights) < INITIAL


def test_an_experiment_is_repeated_by_its_seed() -> None:
    first, second = (distal_reward(30.0, 3) for _ in range(2))
    assert np.array_equal(first.weights, second.weights)
    assert np.array_equal(first.time_s, [0.0, 10.0, 20.0, 30.0])
