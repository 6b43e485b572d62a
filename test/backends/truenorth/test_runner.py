"""Networks on TrueNorth spike as they do elsewhere, later by the lag of each population."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neuromorphic_ros.backends.truenorth.mapping import map_network
from neuromorphic_ros.backends.truenorth.runner import TrueNorthRunner
from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.snn.builder import Network
from neuromorphic_ros.snn.neurons.leaky import If, Lif
from neuromorphic_ros.snn.patterns import Random
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

Raster = npt.NDArray[np.bool_]


def drive(spec: NetworkSpec, ticks: int, share: float, seed: int = 0) -> TickSpikes:
    hits = np.random.default_rng(seed).random((ticks, spec.channels)) < share
    tick, channel = np.nonzero(hits)
    return TickSpikes(channel.astype(np.uint32), np.searchsorted(tick, np.arange(ticks + 1)))


def rasters(spec: NetworkSpec, spikes: TickSpikes) -> dict[str, Raster]:
    """Return the spikes of each population by tick and neuron."""
    tick = np.repeat(np.arange(spikes.ticks), np.diff(spikes.first))
    found, begin = {}, 0
    raster = np.zeros((spikes.ticks, spec.neurons), np.bool_)
    raster[tick, spikes.address] = True
    for population in spec.execution_order():
        found[population.name] = raster[:, begin : begin + population.size]
        begin += population.size
    return found


def assert_the_same(spec: NetworkSpec, spikes: TickSpikes) -> int:
    """Compare all spikes but for the lags, and return how many there are."""
    runner = TrueNorthRunner(spec)
    there = rasters(spec, runner.run(spikes))
    here = rasters(spec, StreamingNetwork(spec).run(spikes))
    for fit in runner.mapping.populations:
        late, ticks = fit.lag_ticks, spikes.ticks
        np.testing.assert_array_equal(there[fit.name][late:], here[fit.name][: ticks - late])
        assert not np.any(there[fit.name][:late])
    assert not runner.mapping.slowed
    return sum(int(raster.sum()) for raster in here.values())


@st.composite
def networks(draw: st.DrawFn) -> NetworkSpec:
    """Networks of whole numbers: with few, no rounding anywhere; every spike must be the same."""
    network = Network(seed=draw(st.integers(0, 1000))).add_input("in", draw(st.integers(1, 20)))
    names = ["in"]
    for index in range(draw(st.integers(1, 4))):
        name = f"p{index}"
        neuron = If(
            threshold=float(draw(st.integers(1, 6))),
            reset=draw(st.sampled_from(["hard", "subtract"])),
            strict=draw(st.booleans()),
            # What comes from within does not lag: it begins with the first tick.
            bias=0.0 if index else float(draw(st.integers(-1, 1))),
            floor=draw(st.sampled_from([None, 0.0, -3.0])),
            initial=0.0 if index else float(draw(st.integers(0, 3))),
        )
        network.add(name, draw(st.integers(1, 12)), neuron)
        for pre in draw(st.lists(st.sampled_from(names), min_size=1, max_size=3)):
            network.connect(
                pre,
                name,
                weights=float(draw(st.integers(-2, 4))),
                pattern=Random(probability=draw(st.sampled_from([0.3, 0.7, 1.0]))),
                delay_ticks=draw(st.integers(0, 3)),
            )
        names.append(name)
    if draw(st.booleans()):
        network.connect(names[-1], names[1], weights=-1.0, delay_ticks=draw(st.integers(5, 9)))
    if draw(st.booleans()):
        network.add_readout("out", "p0", "any")
    return network.spec()


@settings(max_examples=60, deadline=None)
@given(spec=networks(), seed=st.integers(0, 1000))
def test_networks_of_whole_numbers_spike_the_same(spec: NetworkSpec, seed: int) -> None:
    # Where a neuron adds up more than four bits hold, weights are not what they were.
    assume(all(each.loss.weight < 1e-9 for each in map_network(spec).populations))
    assert_the_same(spec, drive(spec, 40, 0.3, seed))


def test_splitters_change_nothing_but_the_lag() -> None:
    network = Network(seed=3).add_input("in", 40).add("a", 250, If(threshold=5.0))
    network.add("b", 300, If(threshold=20.0, reset="subtract")).add("c", 5, If(threshold=30.0))
    network.connect("in", "a", pattern=Random(probability=0.2))
    network.connect("a", "b", pattern=Random(probability=0.4))
    network.connect("a", "c", delay_ticks=2, probability=0.3).connect(
        "b", "c", weights=-1.0, probability=0.05
    )
    spec = network.spec()
    assert TrueNorthRunner(spec).mapping.splitters > 0
    assert assert_the_same(spec, drive(spec, 80, 0.2)) > 5000


def test_more_sources_than_axons_change_nothing_but_the_lag() -> None:
    rng = np.random.default_rng(2)
    network = Network().add_input("in", 700).add("a", 12, If(threshold=8.0, reset="subtract"))
    network.add("b", 5, If(threshold=2.0)).connect("a", "b", probability=0.5)
    network.connect("in", "a", weights=2.0 * rng.integers(-1, 3, (700, 12)), delay_ticks=1)
    spec = network.connect("a", "a", weights=-2.0, delay_ticks=2).spec()
    # One spike in a tick, which is never more than accumulators pass at once.
    spikes = TickSpikes(rng.integers(0, 700, 300).astype(np.uint32), np.arange(301))
    assert TrueNorthRunner(spec).mapping.accumulators > 0
    assert assert_the_same(spec, spikes) > 200


def test_many_sources_fire_at_about_the_same_rates() -> None:
    weights = np.random.default_rng(3).normal(0.01, 0.05, (600, 30))
    network = Network().add_input("in", 600)
    network.add("out", 30, Lif(tau_mem_ms=20.0, reset="subtract"))
    spec = network.connect("in", "out", weights=weights).spec()
    spikes = drive(spec, 500, 0.1)
    there, here = TrueNorthRunner(spec).run(spikes), StreamingNetwork(spec).run(spikes)
    counts = [np.bincount(each.address, minlength=30) for each in (there, here)]
    assert np.corrcoef(counts)[0, 1] > 0.95
    assert there.address.size == pytest.approx(here.address.size, rel=0.1)


def test_four_bit_weights_spike_the_same() -> None:
    weights = np.random.default_rng(2).integers(-8, 8, (50, 30)).astype(float)
    network = Network().add_input("in", 50).add("out", 30, If(threshold=40.0, reset="subtract"))
    spec = network.connect("in", "out", weights=weights).spec()
    assert assert_the_same(spec, drive(spec, 100, 0.3)) > 50


def test_rates_of_lif_are_near_under_strong_input() -> None:
    network = Network(seed=1).add_input("in", 50)
    network.add("out", 40, Lif(tau_mem_ms=20.0, reset="subtract"))
    spec = network.connect("in", "out", weights=0.1, probability=0.5).spec()
    runner, spikes = TrueNorthRunner(spec), drive(spec, 1000, 0.1)
    there = runner.run(spikes).address.size
    here = StreamingNetwork(spec).run(spikes).address.size
    assert there == pytest.approx(here, rel=0.03)
    assert runner.mapping.populations[0].loss.rate < 0.03


def test_what_a_slow_leak_takes_keeps_a_sum_below_the_threshold() -> None:
    network = Network().add_input("in", 1).add("out", 1, Lif(tau_mem_ms=1e5, threshold=4.0))
    spec = network.connect("in", "out").spec()
    spikes = TickSpikes(np.zeros(20, np.uint32), np.arange(21))
    fired = TrueNorthRunner(spec).run(spikes)
    assert fired.first.tolist() == StreamingNetwork(spec).run(spikes).first.tolist()
    assert fired.address.size == 4


def test_a_refractory_period_is_kept_without_input() -> None:
    neuron = Lif(tau_mem_ms=15.0, refractory_ms=20.0)
    spec = Network().add_input("in", 1).add("out", 1, neuron).connect("in", "out").spec()
    fired = {}
    for silence in range(18, 23):
        first = np.minimum(np.arange(silence + 3), 1) + (np.arange(silence + 3) > silence + 1)
        spikes = TickSpikes(np.zeros(2, np.uint32), first)
        there = TrueNorthRunner(spec).run(spikes)
        here = StreamingNetwork(spec).run(spikes)
        assert there.first.tolist() == here.first.tolist()
        fired[silence] = there.address.size
    assert fired == {18: 1, 19: 1, 20: 2, 21: 2, 22: 2}


def test_a_weight_of_many_thresholds_fires_as_often() -> None:
    network = Network().add_input("in", 1).add("out", 1, If(reset="subtract"))
    spec = network.connect("in", "out", weights=600.0).spec()
    first = np.minimum(np.arange(701), 1)
    fired = TrueNorthRunner(spec).run(TickSpikes(np.zeros(1, np.uint32), first))
    assert fired.address.size == 600


def test_ticks_may_be_run_one_by_one_and_reset_starts_anew() -> None:
    network = Network(seed=1).add_input("in", 9).add("a", 20, If(threshold=2.0)).add("b", 7, If())
    network.connect("in", "a", delay_ticks=4).connect("a", "b", weights=0.25, delay_ticks=2)
    spec = network.spec()
    spikes = drive(spec, 60, 0.2)
    whole = TrueNorthRunner(spec).run(spikes)
    single = TrueNorthRunner(spec)
    for _ in range(2):
        parts = [single.run(spikes.between(tick, tick + 1)).address for tick in range(60)]
        assert np.concatenate(parts).tolist() == whole.address.tolist()
        assert [part.size for part in parts] == np.diff(whole.first).tolist()
        single.reset()
    assert whole.address.size > 50


def test_counts_are_those_of_the_cores() -> None:
    network = Network().add_input("in", 2).add("a", 1, If(reset="subtract")).add("b", 300, If())
    network.connect("in", "a", weights=[[3.0], [600.0]]).connect("a", "b", weights=0.25)
    runner = TrueNorthRunner(network.connect("in", "b", weights=-0.5, delay_ticks=1).spec())
    runner.run(TickSpikes(np.array([0, 0, 1], np.uint32), np.array([0, 1, 1, 3])))
    runner.reset()
    runner.run(TickSpikes(np.array([0], np.uint32), np.array([0, 0, 1])))
    counts = runner.counts()
    assert counts.ticks == 5
    assert counts.names == ("in", "a", "b")
    assert counts.sizes.tolist() == [2, 1, 300]
    # 1 in each of the first three ticks, and in the last one.
    assert counts.spikes.tolist() == [4, 4, 0]
    assert counts.projections == ("in -> a", "a -> b", "in -> b")
    # Channel 0 arrives thrice and 1 once, on all the axons that share the larger weight, two cores
    # hear the rest; what was under way at the reset and in the end has not arrived.
    to_a, to_b = runner.mapping.axons[0], 300
    parts = [sum(each.source == channel and each.post == 0 for each in to_a) for channel in (0, 1)]
    copies = 2
    assert counts.projection_events[0] == (3 * parts[0] + parts[1]) * copies
    assert counts.projection_events[1:].tolist() == [2 * to_b, to_b]
    assert counts.synaptic_events.tolist() == [
        counts.projection_events[0] + to_b,
        counts.projection_events[1],
        0,
    ]
    assert counts.neuron_updates.tolist() == [0, 5, 1500]
    assert counts.memory_bytes[1] == 2 * 2 * 32
    assert counts.dense_macs.tolist() == [5 * 2, 5 * 300, 5 * 600]
    assert counts.active_updates.tolist() == [0, 3, 2 * 300]


def test_events_of_splitters_are_those_of_the_population() -> None:
    network = Network().add_input("in", 1).add("a", 250, If()).add("b", 300, If())
    spec = network.connect("in", "a").connect("a", "b", weights=0.001).spec()
    runner = TrueNorthRunner(spec)
    assert runner.mapping.splitters == 500
    runner.run(TickSpikes(np.zeros(1, np.uint32), np.array([0, 1, 1, 1])))
    counts = runner.counts()
    assert counts.projection_events.tolist() == [250, 250 * 300]
    assert counts.synaptic_events.tolist() == [250, 250 * 300 + 250 * 2, 0]


def test_events_of_accumulators_are_those_of_the_population() -> None:
    spec = Network().add_input("in", 300).add("a", 1, If()).connect("in", "a", weights=0.25).spec()
    runner = TrueNorthRunner(spec)
    runner.run(TickSpikes(np.zeros(1, np.uint32), np.array([0, 1, 1, 1])))
    counts = runner.counts()
    # Four accumulators hear the channel; the one that is nearest to its threshold fires.
    assert counts.projection_events.tolist() == [4]
    assert counts.synaptic_events.tolist() == [4, 1]
    assert counts.spikes.tolist() == [1, 0]


def variant(threshold: float, second: str = "b", largest: float = 1.0) -> NetworkSpec:
    """An input, a neuron `a`, and more that hear it in two cores, so that it is copied."""
    network = Network().add_input("in", 2).add("a", 1, If(threshold=threshold, reset="subtract"))
    network.connect("in", "a", weights=[[1.0], [largest]]).add(second, 300, If(threshold=1.0))
    return network.connect("a", second).spec()


def test_a_variant_goes_on_from_the_same_membranes() -> None:
    spike = TickSpikes(np.zeros(1, np.uint32), np.array([0, 1]))
    silence = TickSpikes(np.empty(0, np.uint32), np.array([0, 0]))
    before, after = TrueNorthRunner(variant(3.0)), TrueNorthRunner(variant(2.0, "b", 1.7))
    assert after.mapping.copied.tolist() == [[0, 1]]
    assert not np.array_equal(before.mapping.scale, after.mapping.scale)
    before.run(spike)
    after.adopt(before)
    assert after.run(spike).address.tolist() == [0]
    # Its copy fires too, which is what the second core hears.
    assert after.run(silence).address.tolist() == list(range(1, 301))
    assert after.counts().ticks == 2


def test_other_populations_of_a_variant_start_at_rest() -> None:
    spike = TickSpikes(np.zeros(1, np.uint32), np.array([0, 1]))
    spec = variant(2.0)
    before, after = TrueNorthRunner(spec), TrueNorthRunner(spec)
    other = Network().add_input("in", 1).add("a", 1, Lif()).connect("in", "a", weights=0.25).spec()
    elsewhere = TrueNorthRunner(other)
    before.run(spike)
    after.run(spike)
    for runner in (elsewhere, TrueNorthRunner(variant(2.0, "c"))):
        runner.run(spike)
        after.adopt(runner)
        fired = after.run(spike).address.size
        assert fired == (0 if runner is elsewhere else 1)
    with pytest.raises(NetworkError, match="runs elsewhere"):
        after.adopt(StreamingNetwork(spec))


def test_spikes_that_do_not_fit_leave_it_as_it_was() -> None:
    spec = Network().add_input("in", 2).add("a", 2, If()).connect("in", "a").spec()
    runner = TrueNorthRunner(spec)
    with pytest.raises(SpikeError, match="channel 2 is not among the 2"):
        runner.run(TickSpikes(np.array([2], np.uint32), np.array([0, 1])))
    with pytest.raises(SpikeError, match="amount"):
        runner.run(TickSpikes(np.array([1], np.uint32), np.array([0, 1]), np.array([0.5])))
    fired = runner.run(TickSpikes(np.array([1], np.uint32), np.array([0, 1])))
    assert fired.address.tolist() == [0, 1]
