"""The distal reward experiment: which of many synapses caused a reward that comes seconds later?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.plasticity.reward_stdp import RewardStdp
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

SOURCES, TARGETS, RATE_HZ = 20, 5, 2.0
CHUNK_TICKS = 100
# The rewarded synapse joins source 0 and target 0.
REWARD = 0.5
COINCIDENCE_TICKS = 10
WAIT_S = (1.0, 3.0)
# What chance gives at these rates [1/s], for the control.
CHANCE_HZ = 0.05
INITIAL = 0.1
RULE = RewardStdp(learning_rate=0.5, w_max=0.5)


class DistalReward(NamedTuple):
    """What an experiment found.

    time_s: float64[n]. weights: float32 (n, sources, targets). rewards_s: when a reward came.
    """

    time_s: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float32]
    rewards_s: npt.NDArray[np.float64]

    @property
    def rewarded(self) -> npt.NDArray[np.float32]:
        """The weight of the rewarded synapse; float32[n]."""
        return self.weights[:, 0, 0]

    @property
    def others(self) -> npt.NDArray[np.float32]:
        """The weights of all others; float32 (n, synapses)."""
        return self.weights.reshape(len(self.weights), -1)[:, 1:]


def distal_reward(
    seconds: float, seed: int, rule: RewardStdp = RULE, caused: bool = True
) -> DistalReward:
    """Run the experiment of Izhikevich (Cerebral Cortex 17, 2443, 2007, Figure 1), small.

    Sources fire by chance, and so do targets. Whenever target 0 fires within 10 ms after source 0,
    a reward follows 1 to 3 s later. caused: false: rewards come by chance instead.
    """
    network = _network(rule)
    generator = np.random.default_rng(seed)
    rates = np.full(SOURCES + TARGETS, 1e-3 * RATE_HZ)
    due: list[float] = []
    time_s, weights, rewards = [0.0], [network.weights(1)], []
    last_source = -COINCIDENCE_TICKS - 1
    for start in range(0, round(1000 * seconds), CHUNK_TICKS):
        now_s = 1e-3 * start
        while due and due[0] <= now_s:
            network.reward(REWARD)
            rewards.append(due.pop(0))
        tick, address = np.nonzero(generator.random((CHUNK_TICKS, rates.size)) < rates)
        first = np.searchsorted(tick, np.arange(CHUNK_TICKS + 1))
        fired = network.run(TickSpikes(address.astype(np.uint32), first))
        sources = start + tick[address == 0]
        targets = (
            start + np.repeat(np.arange(CHUNK_TICKS), np.diff(fired.first))[fired.address == 0]
        )
        for target in targets:
            before = sources[sources <= target]
            last = before[-1] if before.size else last_source
            if caused and target - last <= COINCIDENCE_TICKS:
                due = sorted([*due, 1e-3 * target + generator.uniform(*WAIT_S)])
        if not caused and generator.random() < 1e-3 * CHUNK_TICKS * CHANCE_HZ:
            due.append(now_s)
        last_source = sources[-1] if sources.size else last_source
        if (start // CHUNK_TICKS) % 100 == 99:
            time_s.append(1e-3 * (start + CHUNK_TICKS))
            weights.append(network.weights(1))
    return DistalReward(np.array(time_s), np.array(weights), np.array(rewards))


def _network(rule: RewardStdp) -> StreamingNetwork:
    return StreamingNetwork(
        NetworkSpec(
            name="distal_reward",
            dt_ms=1.0,
            inputs=(Input("sources", (SOURCES,)), Input("chance", (TARGETS,))),
            populations=(Population("targets", (TARGETS,), Lif(tau_mem_ms=10.0)),),
            projections=(
                Projection("chance", "targets", 1.0, OneToOne()),
                Projection("sources", "targets", INITIAL, plasticity=rule),
            ),
        )
    )
