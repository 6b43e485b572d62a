"""The pairing experiment: how a weight changes with the frequency and order of pairs of spikes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.plasticity.rule import PlasticityRule
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

PAIRS = 60
LAG_MS = 10
# No weight of the experiment makes the target fire, its teacher does.
_FAR = 1e4


class Change(NamedTuple):
    """Relative change of a weight, and the standard error of its mean."""

    mean: float
    error: float


# By frequency of 60 pairs [Hz], when the source fires 10 ms before the target, and 10 ms after it,
# in the visual cortex of rats: Sjostrom, Turrigiano & Nelson, Neuron 32, 1149, 2001, as given in
# table 1 of Pfister & Gerstner, Journal of Neuroscience 26, 9673, 2006.
MEASURED = {
    0.1: (Change(-0.04, 0.05), Change(-0.29, 0.08)),
    10.0: (Change(0.14, 0.1), Change(-0.41, 0.11)),
    20.0: (Change(0.29, 0.14), Change(-0.34, 0.1)),
    40.0: (Change(0.53, 0.11), Change(0.56, 0.32)),
    50.0: (Change(0.56, 0.26), Change(0.75, 0.19)),
}


def pairing(rule: PlasticityRule, frequency_hz: float, lag_ms: int) -> float:
    """Return the relative change of a weight of 1 after 60 pairs, in ticks of 1 ms.

    lag_ms: from the source to the target; negative: the target fires first.
    Raises NetworkError if the bounds of the rule do not hold the weight.
    """
    interval = round(1000 / frequency_hz)
    starts = abs(lag_ms) + interval * np.arange(PAIRS)
    source, target = np.zeros((2, starts[-1] + 100), bool)
    source[starts], target[starts + lag_ms] = True, True
    tick, channel = np.nonzero(np.column_stack((source, target)))
    spec = NetworkSpec(
        name="pairing",
        dt_ms=1.0,
        inputs=(Input("source", (1,)), Input("teacher", (1,))),
        populations=(Population("target", (1,), Lif(threshold=_FAR)),),
        projections=(
            Projection("teacher", "target", 10 * _FAR, OneToOne()),
            Projection("source", "target", Array(np.ones((1, 1))), plasticity=rule),
        ),
    )
    network = StreamingNetwork(spec)
    first = np.searchsorted(tick, np.arange(source.size + 1))
    network.run(TickSpikes(channel.astype(np.uint32), first))
    return float(network.weights("source -> target")[0, 0] - 1.0)
