"""Homeostasis: synaptic scaling against its steps, and rates that return to their target."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.snn.neurons.adaptive import Alif
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.patterns import AllToAll, Random
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp
from neuromorphic_ros.snn.plasticity.reward_stdp import RewardStdp
from neuromorphic_ros.snn.plasticity.scaling import SynapticScaling
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

from .forcing import forced, run

SCALING = SynapticScaling(target_rate_hz=20.0, tau_scaling_ms=500.0, tau_rate_ms=100.0)


@pytest.mark.parametrize("rule", [PairStdp, RewardStdp])
@pytest.mark.parametrize("pattern", [AllToAll(), Random(probability=1.0)])
@pytest.mark.parametrize("rows", [3, 70])
def test_a_weight_follows_the_rate_of_its_target(rule: Any, pattern: Any, rows: int) -> None:
    post = np.zeros((1000, 2), bool)
    post[::25, 0] = True  # 40 Hz; the other is silent
    learned = run(
        forced(rule(learning_rate=0.0, scaling=SCALING, w_max=1e3), np.full((rows, 2), 0.5),
               pattern=pattern),
        np.zeros((1000, rows), bool),
        post,
    )  # fmt: skip
    # One weight, one small step in every tick, its activity from the target on.
    expected, activity = np.full(2, 0.5), np.full(2, 0.02)
    decay = math.exp(-1 / 100.0)
    for fired in post:
        activity = decay * activity + (1 - decay) * fired
        expected *= 1 + (1 - activity / 0.02) / 500.0
    assert learned.max(0) == pytest.approx(expected, rel=0.1)
    assert learned.min(0) == pytest.approx(expected, rel=0.1)


def test_inhibition_and_frozen_weights_stay() -> None:
    silent = np.zeros((300, 1), bool)
    rule = PairStdp(learning_rate=0.0, scaling=SCALING, w_min=-1.0)
    learned = run(forced(rule, [[-0.5], [0.25]]), np.zeros((300, 2), bool), silent)
    assert learned[0, 0] == -0.5
    assert learned[1, 0] > 0.3
    network = forced(rule, [[0.25]])
    network.freeze = True
    assert run(network, silent, silent)[0, 0] == 0.25


def poisson(rate_hz: float, seconds: float, channels: int, seed: int) -> TickSpikes:
    generator = np.random.default_rng(seed)
    tick, address = np.nonzero(generator.random((round(1000 * seconds), channels)) < rate_hz / 1e3)
    first = np.searchsorted(tick, np.arange(round(1000 * seconds) + 1))
    return TickSpikes(address.astype(np.uint32), first)


def rate_hz(network: StreamingNetwork, spikes: TickSpikes) -> float:
    """Run a network; the mean rate of its neurons."""
    return network.run(spikes).address.size / network.spec.neurons / spikes.ticks * 1e3


def driven(neuron: Any, rule: Any, size: int = 20) -> StreamingNetwork:
    return StreamingNetwork(
        NetworkSpec(
            name="driven",
            dt_ms=1.0,
            inputs=(Input("x", (200,)),),
            populations=(Population("y", (size,), neuron),),
            projections=(Projection("x", "y", 0.03, plasticity=rule),),
        )
    )


def returns(network: StreamingNetwork, settle_s: float, within_s: float, target_hz: float) -> None:
    """Check that rates return to the target within a time after the input became 4 times."""
    network.run(poisson(5.0, settle_s, 200, 1))
    before = rate_hz(network, poisson(5.0, 10.0, 200, 2))
    jump = rate_hz(network, poisson(20.0, 0.5, 200, 3))
    network.run(poisson(20.0, within_s, 200, 4))
    after = rate_hz(network, poisson(20.0, 10.0, 200, 5))
    assert before == pytest.approx(target_hz, rel=0.1)
    assert jump > 2 * target_hz
    assert after == pytest.approx(target_hz, rel=0.1)


def test_scaling_returns_rates_to_their_target_within_three_time_constants() -> None:
    scaling = SynapticScaling(target_rate_hz=10.0, tau_scaling_ms=10_000.0, tau_rate_ms=1000.0)
    network = driven(Lif(), PairStdp(learning_rate=0.0, scaling=scaling))
    returns(network, settle_s=60.0, within_s=30.0, target_hz=10.0)


def test_scaling_holds_rates_while_stdp_learns() -> None:
    scaling = SynapticScaling(target_rate_hz=10.0, tau_scaling_ms=5000.0, tau_rate_ms=500.0)
    network = driven(Lif(), PairStdp(learning_rate=2e-5, bounds="multiplicative", scaling=scaling))
    returns(network, settle_s=60.0, within_s=30.0, target_hz=10.0)


def test_the_threshold_of_a_neuron_returns_its_rate_to_the_target_within_10_s() -> None:
    neuron = Alif(adaptation=0.0, target_rate_hz=10.0, homeostasis=0.02)
    network = driven(neuron, None)
    returns(network, settle_s=60.0, within_s=10.0, target_hz=10.0)
