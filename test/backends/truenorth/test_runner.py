"""Networks on TrueNorth spike as they do elsewhere, later by the lag of each population."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.backends.truenorth.runner import TrueNorthRunner
from neuromorphic_ros.errors import SpikeError
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
    """Networks of whole numbers: no rounding anywhere, so that every spike must be the same."""
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


def test_spikes_that_do_not_fit_leave_it_as_it_was() -> None:
    spec = Network().add_input("in", 2).add("a", 2, If()).connect("in", "a").spec()
    runner = TrueNorthRunner(spec)
    with pytest.raises(SpikeError, match="channel 2 is not among the 2"):
        runner.run(TickSpikes(np.array([2], np.uint32), np.array([0, 1])))
    with pytest.raises(SpikeError, match="amount"):
        runner.run(TickSpikes(np.array([1], np.uint32), np.array([0, 1]), np.array([0.5])))
    fired = runner.run(TickSpikes(np.array([1], np.uint32), np.array([0, 1])))
    assert fired.address.tolist() == [0, 1]
