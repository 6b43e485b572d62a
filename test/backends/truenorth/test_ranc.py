"""The cores of TrueNorth against another simulator of such cores.

ranc.json holds random cores, what drove them, and the spikes that RANC's simulator gave for them
(github.com/UA-RCL/RANC at 08ae4bd, built from its sources, neuron_reset_type 0, destination_tick =
delay - 1, drive and output shifted by the tick that it keeps packets). It has no stochastic modes,
no saturation and no reversal of leaks, and shows neurons without a destination alone.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from neuromorphic_ros.backends.truenorth.chip import AXONS, NEURONS
from neuromorphic_ros.backends.truenorth.core import Core
from neuromorphic_ros.backends.truenorth.neuron import NO_CORE, idle
from neuromorphic_ros.backends.truenorth.simulator import Simulator
from neuromorphic_ros.snn.tick_spikes import TickSpikes


def test_random_cores_spike_as_in_ranc() -> None:
    stored = json.loads(Path(__file__).with_name("ranc.json").read_text())
    cores = []
    for given in stored["cores"]:
        neurons = idle(NEURONS)
        axon_type = np.zeros(AXONS, np.uint8)
        axon_type[: len(given["axon_type"])] = given["axon_type"]
        crossbar = np.zeros((AXONS, NEURONS), np.bool_)
        for place, (neuron, axons) in enumerate(
            zip(given["neurons"], given["crossbar"], strict=True)
        ):
            crossbar[axons, place] = True
            for field, value in neuron.items():
                neurons[field][place] = value
        cores.append(Core(axon_type, crossbar, neurons))
    drive = stored["drive"]
    address = np.array([axon for tick in drive for axon in tick], np.uint32)
    fired = Simulator(cores).run(TickSpikes(address, np.cumsum([0, *map(len, drive)])))

    shown = np.concatenate([core.neurons["destination_core"] == NO_CORE for core in cores])
    ticks = [fired.between(tick, tick + 1).address for tick in range(fired.ticks)]
    assert [tick[shown[tick]].tolist() for tick in ticks] == stored["fired"]
    assert sum(map(len, stored["fired"])) > 500
