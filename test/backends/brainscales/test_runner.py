"""Networks run in PyNN, on a simulator that really runs."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.backends.brainscales.brainscales import compile_brainscales
from neuromorphic_ros.backends.brainscales.fit import examine
from neuromorphic_ros.backends.brainscales.plan import plan
from neuromorphic_ros.backends.brainscales.runner import BrainScalesRunner
from neuromorphic_ros.backends.brainscales.spread import CALIBRATED
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.snn.builder import Network
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.spike_agreement import spike_agreement
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

pytest.importorskip("nest", reason="PyNN is not installed")

# What docs/brainscales.md states.
RATES_OF_SHIPPED = 0.85
RATE_WINDOW_NS = 100_000_000


def ticks(*spikes: list[int]) -> TickSpikes:
    first = np.cumsum([0, *map(len, spikes)])
    return TickSpikes(np.array([c for tick in spikes for c in tick], np.uint32), first)


def chain() -> NetworkSpec:
    """One spike of the input goes through all three neurons."""
    network = Network(name="chain").add_input("in", 2)
    for name in "abc":
        network.add(name, 1, Lif(tau_mem_ms=10.0))
    network.connect("in[0]", "a", weights=1.3).connect("in[1]", "a", weights=-2.0)
    network.connect("a", "b", weights=1.3).connect("b", "c", weights=1.3)
    return network.spec()


@pytest.fixture(scope="module")
def runner() -> BrainScalesRunner:
    return compile_brainscales(chain(), Options())


@pytest.fixture
def fresh(runner: BrainScalesRunner) -> BrainScalesRunner:
    runner.reset()
    return runner


def test_a_spike_goes_through_a_chain_and_comes_by_the_lags(fresh: BrainScalesRunner) -> None:
    fired = fresh.run(ticks([], [0], [], [], [], []))
    assert fired.address.tolist() == [0, 1, 2]
    late = np.repeat(np.arange(6), np.diff(fired.first)) - 1
    lags = examine(fresh.spec).lag_ticks
    assert np.all(np.abs(late - [lags[name] for name in "abc"]) <= 1)


def test_inhibition_keeps_a_spike_away(fresh: BrainScalesRunner) -> None:
    assert not fresh.run(ticks([1], [0], [], [])).address.size


def test_chunks_do_not_change_the_spikes(fresh: BrainScalesRunner) -> None:
    generator = np.random.default_rng(0)
    spikes = ticks(*[[0] if hit else [] for hit in generator.random(60) < 0.2])
    whole = fresh.run(spikes)
    fresh.reset()
    parts = [fresh.run(spikes.between(start, stop)) for start, stop in ((0, 1), (1, 13), (13, 60))]
    assert whole.address.size > 10
    np.testing.assert_array_equal(np.concatenate([part.address for part in parts]), whole.address)
    counts = np.concatenate([np.diff(part.first) for part in parts])
    np.testing.assert_array_equal(counts, np.diff(whole.first))


def test_reset_forgets_state_and_what_is_under_way(fresh: BrainScalesRunner) -> None:
    fresh.run(ticks([0]))
    fresh.reset()
    assert not fresh.run(ticks([], [], [], [])).address.size


def test_an_empty_run_runs_nothing(fresh: BrainScalesRunner) -> None:
    fired = fresh.run(ticks())
    assert fired.ticks == 0
    assert not fired.address.size


def test_the_host_delays_input() -> None:
    network = Network().add_input("in", 1).add("a", 1)
    network.connect("in", "a", weights=1.3, delay_ticks=5)
    runner = compile_brainscales(network.spec(), Options())
    first = runner.run(ticks([0], [], []))
    assert not first.address.size
    later = runner.run(ticks([], [], [], [], []))
    assert np.flatnonzero(np.diff(later.first)).tolist() in ([2], [3])


def test_counts_are_those_of_the_chip(fresh: BrainScalesRunner) -> None:
    before = fresh.counts()
    fresh.run(ticks([0], [], [], [], [], []))
    counts = fresh.counts().since(before)
    assert counts.names == ("in", "a", "b", "c")
    assert counts.spikes.tolist() == [1, 1, 1, 1]
    assert counts.ticks == 6
    taken = plan(chain())
    of_input = -(-abs(taken.weights[[0]].data) // 63).sum()
    assert counts.synaptic_events[0] == of_input
    assert counts.synaptic_events[3] == 0
    assert counts.projection_events.tolist() == [1, 0, 1, 1]
    assert not counts.neuron_updates.any()
    assert counts.dense_macs.tolist() == [6, 6, 6, 6]


def test_more_spikes_of_a_source_than_a_tick_holds_are_counted() -> None:
    network = Network().add_input("in", 20).add("a", 1).connect("in", "a", weights=0.01)
    runner = compile_brainscales(network.spec(), Options())
    runner.run(ticks(list(range(20)), []))
    assert runner.dropped == 20 - runner.slots


@pytest.mark.parametrize(
    ("spikes", "reason"),
    [
        (ticks([2]), "channel 2 is not among the 2"),
        (TickSpikes(np.zeros(1, np.uint32), np.array([0, 2])), "does not divide"),
        (
            TickSpikes(np.zeros(1, np.uint32), np.array([0, 1]), np.full(1, 2, np.float32)),
            "amount",
        ),
    ],
)
def test_wrong_spikes_are_refused(
    fresh: BrainScalesRunner, spikes: TickSpikes, reason: str
) -> None:
    with pytest.raises(SpikeError, match=reason):
        fresh.run(spikes)


def test_a_variant_starts_at_rest_and_another_backend_is_refused(
    fresh: BrainScalesRunner,
) -> None:
    fresh.run(ticks([0]))
    fresh.adopt(fresh)
    assert not fresh.run(ticks([], [], [])).address.size
    with pytest.raises(NetworkError, match="runs elsewhere"):
        fresh.adopt(StreamingNetwork(chain()))


def moving_edge(count: int) -> TickSpikes:
    """Events of an edge of 40 pixels that moves over the camera of motion_detector, and noise."""
    generator = np.random.default_rng(0)
    found = []
    for tick in range(count):
        edge = np.flatnonzero(generator.random(40) < 0.15) + 30
        noise = generator.integers(0, 2 * 96 * 128, 5)
        found.append(sorted({*(edge * 128 + tick // 10 % 128).tolist(), *noise.tolist()}))
    return ticks(*found)


@pytest.mark.parametrize("spread", ["ideal", "calibrated"])
def test_a_shipped_network_has_the_rates_of_the_float_reference(spread: str) -> None:
    spec = find_network("motion_detector")
    spikes = moving_edge(600)
    given = {} if spread == "ideal" else {"spread": CALIBRATED}
    runner = compile_brainscales(spec, Options(), **given)
    order = spec.execution_order()
    there = runner.run(spikes).by_node(order, spec.dt_ns)
    here = StreamingNetwork(spec).run(spikes).by_node(order, spec.dt_ns)
    assert len(here["cell"]) > 200
    for name in ("cell", "retinotopic"):
        assert spike_agreement(there[name], here[name], RATE_WINDOW_NS) > RATES_OF_SHIPPED
    assert runner.dropped == 0
