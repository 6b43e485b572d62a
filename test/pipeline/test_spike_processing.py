from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import HardwareModelError
from neuromorphic_ros.pipeline.core import CoreParameters, SpikingCore
from neuromorphic_ros.pipeline.energy_account import priced_on
from neuromorphic_ros.pipeline.spike_processing import (
    MAX_S,
    Batch,
    Processed,
    ProcessingError,
    SpikeProcessing,
    batch_of,
    output_neurons,
    process,
)
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp
from neuromorphic_ros.snn.plasticity.reward_stdp import RewardStdp
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection, Readout
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

LOIHI = priced_on("loihi2")


def spec(rule: Any = None, **changes: Any) -> NetworkSpec:
    given: dict[str, Any] = {
        "inputs": (Input("a", (2,)), Input("b", (1,))),
        "populations": (Population("hidden", (2,)), Population("out", (3,))),
        "projections": (
            Projection("a", "hidden", 0.7, OneToOne(), plasticity=rule),
            Projection("b", "hidden", 0.2),
            Projection("hidden", "out", 0.4),
            Projection("out", "out", -0.1, delay_ticks=1),
        ),
    }
    return NetworkSpec(name="small", dt_ms=1.0, **(given | changes))


def batch(rows: Any, ticks: int = 40, reward: float = 0.0) -> Batch:
    rows = np.array(rows, np.float32)
    return Batch(rows, ticks, reward)


def test_every_row_is_run_from_rest() -> None:
    rows = [[1, 0, 0], [0, 0, 0], [1, 1, 0.5], [1, 0, 0]]
    found = process(StreamingNetwork(spec()), batch(rows), LOIHI)
    assert found.spike_count.shape == (4, 3)
    assert found.spike_count.dtype == np.uint32
    assert np.array_equal(found.spike_count[0], found.spike_count[3])
    assert not found.spike_count[1].any()
    assert np.all(found.spike_count[2] > found.spike_count[0])
    network = StreamingNetwork(spec())
    fired = network.run(TickSpikes(np.zeros(40, np.uint32), np.arange(41)))
    assert found.spike_count[0].tolist() == np.bincount(fired.address, minlength=5)[2:].tolist()
    assert found.latency_us > 0
    assert found.learned is None


def test_the_energy_is_that_of_the_call_alone() -> None:
    network = StreamingNetwork(spec())
    first, second = (process(network, batch([[1, 1, 1]]), LOIHI) for _ in range(2))
    assert first.energy_pj == second.energy_pj > 0
    spikes = int(network.counts().spikes.sum()) // 2
    assert first.energy_per_spike_pj == first.energy_pj / spikes
    silent = process(network, batch([[0, 0, 0]]), LOIHI)
    assert math.isnan(silent.energy_per_spike_pj)


def test_outputs_are_what_readouts_read_else_what_nothing_else_hears() -> None:
    assert output_neurons(spec()).tolist() == [2, 3, 4]
    readouts = (Readout("cmd_vel", "differential_drive", "out", {}),)
    assert output_neurons(spec(readouts=readouts)).tolist() == [2, 3, 4]
    loop = (Projection("hidden", "out", 1.0), Projection("out", "hidden", 1.0, delay_ticks=1))
    assert output_neurons(spec(projections=loop)).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("rows", "ticks", "reward", "spikes", "words"),
    [
        (0, 1, 0.0, [], "0 spikes are not 0 rows of the 3 channels of network 'small'"),
        (2, 1, 0.0, [1, 0, 0], "3 spikes are not 2 rows"),
        (1, 1, 0.0, [math.nan, 0, 0], "an entry of spikes is NaN or infinite"),
        (1, 0, 0.0, [1, 0, 0], "1 rows of 0 ticks and 3 channels: at most"),
        (1, 2_000_000, 0.0, [1, 0, 0], "1 rows of 2000000 ticks"),
        (600_000, 2, 0.0, np.zeros(1_800_000), "600000 rows of 2 ticks"),
        (1, 1, 1.5, [1, 0, 0], r"reward 1.5 is outside of -1\.\.1"),
        (1, 1, math.nan, [1, 0, 0], "reward nan is outside"),
        (1, 1, 0.5, [1, 0, 0], "reward 0.5: network 'small' has nothing that learns"),
    ],
)
def test_wrong_values_are_named(
    rows: int, ticks: int, reward: float, spikes: Any, words: str
) -> None:
    with pytest.raises(ProcessingError, match=words):
        batch_of(spec(), spikes, rows, ticks, reward)


def test_what_takes_too_long_is_stopped() -> None:
    seconds = itertools.count(0.0, MAX_S / 2)
    with pytest.raises(ProcessingError, match="stopped after 10 s in row 0"):
        process(StreamingNetwork(spec()), batch([[1, 0, 0]], 5000), LOIHI, clock_s=seconds.__next__)


def core(rule: Any) -> SpikingCore:
    return SpikingCore(StreamingNetwork(spec(rule)), CoreParameters())


def done(processing: SpikeProcessing, reward: float) -> Processed:
    found = processing.prepare([1, 0, 0] * 3, 3, 50, reward)()
    assert isinstance(found, Processed)
    return found


@pytest.mark.parametrize("rule", [PairStdp(learning_rate=1e-4), RewardStdp(learning_rate=0.005)])
def test_a_reward_teaches_and_the_live_network_goes_on_from_it(rule: Any) -> None:
    live = core(rule)
    assert live.learning
    processing = SpikeProcessing(live, StreamingNetwork, "loihi2", "")
    before = live.learning.learned().weights["a -> hidden"]
    assert done(processing, 0.0).learned is None
    found = done(processing, 0.5)
    assert found.learned
    assert np.array_equal(live.learning.learned().weights["a -> hidden"], before)
    processing.take_over(found)
    after = live.learning.learned().weights["a -> hidden"]
    assert after[0] != before[0]
    assert after[1] == before[1]
    again = done(processing, 0.5)
    assert again.learned
    assert again.learned.weights["a -> hidden"][0] != after[0]


def test_a_failure_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    processing = SpikeProcessing(core(None), StreamingNetwork, "loihi2", "")

    def fail(*_: Any) -> None:
        raise RuntimeError("no board")

    monkeypatch.setattr(StreamingNetwork, "run", fail)
    assert processing.prepare([1, 0, 0], 1, 5, 0.0)() == "failed: RuntimeError('no board')"
    monkeypatch.undo()
    assert isinstance(processing.prepare([1, 0, 0], 1, 5, 0.0)(), Processed)


def test_an_unknown_price_is_refused() -> None:
    with pytest.raises(HardwareModelError, match="hardware 'abacus' is unknown"):
        SpikeProcessing(core(None), StreamingNetwork, "abacus", "")
