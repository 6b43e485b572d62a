#!/usr/bin/env python3
"""Run a network in lava-dl's netx, in Lava's fixed-point simulation: FILE.net INPUT.npy OUTPUT.npy.

INPUT is a raster of spikes (ticks, channels), OUTPUT that of the last layer, (ticks, neurons).
"""

from __future__ import annotations

import argparse
import sys
import types
from pathlib import Path

import numpy as np

from neuromorphic_ros.backends.loihi.lava_import import lava_imports

# lava-dl imports all of itself, and this part torchvision, which netx does not need.
OBJECT_DETECTION = "lava.lib.dl.slayer.object_detection"
sys.modules[OBJECT_DETECTION] = types.ModuleType(OBJECT_DETECTION)

with lava_imports():
    from lava.lib.dl.netx.hdf5 import Network
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.io.sink import RingBuffer as Sink
    from lava.proc.io.source import RingBuffer as Source


def main() -> None:
    """Load, run and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=Path)
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    spikes = np.load(arguments.input, allow_pickle=False)
    network = Network(net_config=str(arguments.network))
    source = Source(data=spikes.T.astype(int))
    sink = Sink(shape=network.out.shape, buffer=len(spikes))
    source.s_out.connect(network.inp)
    network.out.connect(sink.a_in)
    network.run(
        condition=RunSteps(num_steps=len(spikes)), run_cfg=Loihi2SimCfg(select_tag="fixed_pt")
    )
    fired = sink.data.get().T
    network.stop()
    np.save(arguments.output, fired.astype(np.uint8))


# Lava starts processes, which may import this file.
if __name__ == "__main__":
    main()
