"""How far circuits are from what they are calibrated to, each by its own amount for good."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.backends.brainscales.pynn_network import Network
from neuromorphic_ros.parameters import STRICT


@dataclass(frozen=True, config=STRICT)
class Spread:
    """Standard deviations of normal distributions, which analog circuits have among them."""

    threshold_lsb: Annotated[
        float, Field(ge=0, le=50, description="Of the threshold of a neuron [LSB]")
    ] = 0.0
    time_constant: Annotated[
        float, Field(ge=0, le=0.3, description="Of time constants of a neuron, as a share of them")
    ] = 0.0
    weight: Annotated[
        float, Field(ge=0, le=0.3, description="Of a synapse's weight, as a share of it")
    ] = 0.0


IDEAL = Spread()
# calix, https://github.com/electronicvisions/calix, commit e573081, tests/hw/py: thresholds of at
# most 5 % of the neurons may be off by more than 8 LSB (test_neuron_threshold_calibration), rates
# of at most 10 % by more than 10 % below or 15 % above (test_neuron_spiking). Weights: assumed.
CALIBRATED = Spread(threshold_lsb=4.0, time_constant=0.07, weight=0.1)
"""About what the tests of the chip's own calibration let pass."""


def scattered(network: Network, spread: Spread, seed: int) -> Network:
    """Return a network with circuits off by what is drawn from a seed.

    No time constant or weight falls below a tenth of itself.
    """
    generator = np.random.default_rng(seed)

    def factor(share: float, size: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.asarray(np.maximum(1 + share * generator.standard_normal(size), 0.1))

    neurons = network.v_thresh_lsb.size
    return network._replace(
        v_thresh_lsb=network.v_thresh_lsb
        + spread.threshold_lsb * generator.standard_normal(neurons),
        tau_mem_us=network.tau_mem_us * factor(spread.time_constant, neurons),
        tau_syn_us=network.tau_syn_us * factor(spread.time_constant, neurons),
        weight=network.weight * factor(spread.weight, network.weight.size),
    )
