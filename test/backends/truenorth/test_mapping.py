"""Networks on cores: what fits, where it goes, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.backends.truenorth.chip import NEURONS
from neuromorphic_ros.backends.truenorth.core import check_cores
from neuromorphic_ros.backends.truenorth.filling import SPLITTER
from neuromorphic_ros.backends.truenorth.mapping import Mapping, map_network
from neuromorphic_ros.backends.truenorth.neuron import NO_CORE
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.builder import Network
from neuromorphic_ros.snn.neurons.leaky import If
from neuromorphic_ros.snn.patterns import Conv2d, OneToOne
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp


def chain(*sizes: int, readout: bool = False, **options: Any) -> Network:
    """An input `p0`, then populations `p1` and so on, all to all with one weight."""
    network = Network(**options).add_input("p0", sizes[0])
    for index, size in enumerate(sizes[1:], 1):
        network.add(f"p{index}", size, If())
        network.connect(f"p{index - 1}", f"p{index}", weights=0.5)
    if readout:
        network.add_readout("out", "p1", "any")
    return network


def heard(mapping: Mapping, core: int, neuron: int) -> dict[int, int]:
    """Return the weight of each source of a neuron, as the chip adds it up."""
    found: dict[int, int] = {}
    held = mapping.cores[core]
    for axon, carried in enumerate(mapping.axons[core]):
        if held.crossbar[axon, neuron]:
            weight = int(held.neurons[neuron]["weight"][held.axon_type[axon]])
            found[carried.source] = found.get(carried.source, 0) + weight
    return found


def test_a_small_network_is_one_core() -> None:
    mapping = map_network(chain(4, 3, 2).spec())
    check_cores(mapping.cores)
    assert len(mapping.cores) == 1
    assert mapping.taken == (5,)
    assert len(mapping.axons[0]) == 4 + 3
    assert [each.lag_ticks for each in mapping.populations] == [0, 1]
    assert [each.fan_out for each in mapping.populations] == ["direct", "direct"]
    assert mapping.copies == mapping.splitters == 0
    assert mapping.slowed == ()
    # Channels arrive at once.
    assert mapping.inputs.delay.tolist() == [0] * 4


def test_weights_are_what_the_crossbar_adds_up() -> None:
    rng = np.random.default_rng(1)
    weights = rng.integers(-8, 8, (40, 20)) / 16
    network = (
        Network().add_input("in", 40).add("out", 20, If()).connect("in", "out", weights=weights)
    )
    mapping = map_network(network.spec())
    assert mapping.populations[0].loss.weight == pytest.approx(0, abs=1e-6)
    assert mapping.populations[0].axons_per_source > 1
    for neuron, place in enumerate(mapping.neuron.tolist()):
        found = heard(mapping, *divmod(place, NEURONS))
        scale = mapping.cores[0].neurons[place % NEURONS]["threshold"]
        for source in range(40):
            assert found.get(source, 0) / scale == pytest.approx(weights[source, neuron], rel=1e-6)


def test_small_weights_beside_a_large_one_keep_their_size() -> None:
    weights = np.array([0.06, -0.06, 0.9, 0.037, -4.0])
    network = Network().add_input("in", 5).add("out", 1, If())
    mapping = map_network(network.connect("in", "out", weights=weights[:, None]).spec())
    threshold = mapping.cores[0].neurons[0]["threshold"]
    found = np.array([heard(mapping, 0, 0)[source] for source in range(5)]) / threshold
    np.testing.assert_allclose(found, weights, rtol=0.01)


def test_populations_larger_than_a_core_are_split() -> None:
    mapping = map_network(chain(10, 600).spec())
    assert len(mapping.cores) == 3
    assert mapping.taken == (256, 256, 88)
    assert np.diff(mapping.inputs.first).tolist() == [3] * 10
    assert sorted(mapping.neuron.tolist()) == list(range(600))


def test_sources_of_neurons_fill_cores_too() -> None:
    network = Network().add_input("in", (1, 32, 32)).add("out", 1024, If())
    network.connect("in", "out", pattern=OneToOne())
    mapping = map_network(network.spec())
    assert mapping.taken == (256,) * 4


def test_neurons_of_one_place_share_a_core() -> None:
    network = Network().add_input("in", (1, 16, 16)).add("out", (32, 8, 8), If())
    kernel = np.random.default_rng(0).choice([-0.5, -0.25, 0.25, 0.5], (32, 1, 2, 2))
    pattern = Conv2d(kernel=(2, 2), stride=(2, 2))
    network.connect("in", "out", pattern=pattern, weights=kernel)
    assert len(map_network(network.spec()).cores) == 8 * 8 * 32 // NEURONS


def test_more_sources_than_axons_are_added_up_by_accumulators() -> None:
    mapping = map_network(chain(300, 3, 2).spec())
    check_cores(mapping.cores)
    # Two groups of one sign, with four accumulators each.
    assert mapping.accumulators == 3 * 2 * 4
    assert mapping.of == (0, 1, 0)
    assert [each.lag_ticks for each in mapping.populations] == [1, 2]
    assert mapping.populations[0].loss.weight < 1e-6


def test_fan_out_is_by_copies_while_there_is_room() -> None:
    mapping = map_network(chain(4, 10, 300).spec())
    assert mapping.populations[0].fan_out == "copies"
    assert mapping.copies == 10
    core = mapping.cores[0]
    assert mapping.taken == (20, 256, 44)
    for local in range(10, 20):
        original = core.crossbar[:, local - 10]
        np.testing.assert_array_equal(core.crossbar[:, local], original)
        assert core.neurons["threshold"][local] == core.neurons["threshold"][local - 10]
    aimed = [
        (int(each["destination_core"]), int(each["destination_axon"])) for each in core.neurons
    ]
    assert sorted(aim for aim in aimed if aim[0] != NO_CORE) == [
        (core, axon) for core in (1, 2) for axon in range(10)
    ]


def test_fan_out_is_by_splitters_where_copies_have_no_room() -> None:
    mapping = map_network(chain(4, 250, 300).spec())
    check_cores(mapping.cores)
    first, second = mapping.populations
    assert first.fan_out == "splitters"
    assert mapping.copies == 0
    assert mapping.splitters == 2 * 250
    assert second.lag_ticks == 2
    assert sum(mapping.taken) == 250 + 300 + 500
    splitters = {each.source for axons in mapping.axons for each in axons if each.post == SPLITTER}
    assert splitters == set(range(4, 254))


def test_a_population_that_is_read_keeps_a_way_out() -> None:
    silent = map_network(chain(4, 3, 2).spec())
    assert silent.copies == 0
    read = map_network(chain(4, 3, 2, readout=True).spec())
    assert read.copies == 3
    core = read.cores[0]
    assert np.all(core.neurons["destination_core"][read.neuron[:3]] == NO_CORE)


def test_a_loop_faster_than_a_splitter_is_told() -> None:
    network = Network().add_input("in", 3).add("a", 200, If()).add("b", 300, If())
    network.connect("in", "a").connect("a", "b").connect("a", "a", delay_ticks=1, weights=0.5)
    (slowed,) = map_network(network.spec()).slowed
    assert slowed == ("a", "a", 1, 2)


def test_delays_are_those_of_the_network_and_its_lags() -> None:
    network = Network().add_input("in", 2).add("a", 2, If()).add("b", 2, If()).add("c", 2, If())
    network.connect("in", "a", delay_ticks=3).connect("a", "b").connect("b", "c")
    network.connect("a", "c", weights=0.25, delay_ticks=4)
    mapping = map_network(network.spec())
    assert [each.lag_ticks for each in mapping.populations] == [0, 1, 2]
    assert set(mapping.inputs.delay.tolist()) == {3}
    neurons, axons = mapping.cores[0].neurons, mapping.axons[0]
    found = {
        (axons[neuron["destination_axon"]].post, int(neuron["delay"]))
        for neuron in neurons
        if neuron["destination_core"] != NO_CORE
    }
    assert found == {(1, 1), (2, 1), (2, 6)}


def refused(network: Network, complaint: str) -> None:
    with pytest.raises(NetworkError, match=complaint):
        map_network(network.spec())


def test_more_sources_than_a_chip_adds_up_are_refused_at_once() -> None:
    weights = np.random.default_rng(0).normal(size=(20_000, 10))
    network = Network().add_input("in", 20_000).add("out", 10, If())
    refused(
        network.connect("in", "out", weights=weights),
        "'out', neuron 0: its 20000 sources, in groups that fit the 256 axons .*, have more than "
        "256 sums; choose",
    )


def test_few_sources_with_large_weights_are_heard_directly() -> None:
    # Each neuron fits a core, and both do not; accumulators would not help.
    weights = np.random.default_rng(0).uniform(260, 500, (40, 2))
    network = Network().add_input("in", 40).add("out", 2, If())
    mapping = map_network(network.connect("in", "out", weights=weights).spec())
    assert mapping.accumulators == 0
    assert mapping.taken == (1, 1)


def test_a_source_of_more_axons_than_a_core_has_is_refused() -> None:
    weights = np.random.default_rng(0).uniform(20_000, 30_000, (90, 1))
    network = Network().add_input("in", 90).add("out", 1, If())
    refused(
        network.connect("in", "out", weights=weights),
        r"'out', neuron 0: its sources need \d+ axons, a core of TrueNorth has 256; choose",
    )


def test_large_weights_from_many_sources_are_refused() -> None:
    network = Network().add_input("in", 60).add("out", 1, If())
    refused(
        network.connect("in", "out", weights=2000.0),
        "'out', neuron 0: its sources need 480 axons, a core of TrueNorth has 256; choose",
    )


def test_weights_beyond_what_all_axons_carry_are_refused() -> None:
    network = Network().add_input("in", 1).add("out", 1, If())
    refused(
        network.connect("in", "out", weights=1e5),
        "population 'out': a weight is 100000 times a threshold; 255 times .* 256 axons",
    )


def test_delays_beyond_15_are_refused() -> None:
    network = Network().add_input("in", 2).add("a", 2, If())
    refused(
        network.connect("in", "a", delay_ticks=16),
        "projection in -> a: delay_ticks 16 exceeds the 15",
    )
    deep = chain(2, *[2] * 17)
    deep.connect("p1", "p17", weights=0.25)
    refused(deep, "spikes from 'p1' to 'p17' must wait for 16 ticks")


def test_ticks_shorter_than_those_of_the_chip_are_refused() -> None:
    refused(chain(2, 2, dt_ms=0.5), "0.5 ms is shorter .*; choose dt_ms: 1")


def test_weights_that_learn_are_refused() -> None:
    network = Network().add_input("in", 2).add("a", 2, If())
    refused(network.connect("in", "a", weights=0.5, plasticity=PairStdp()), "in -> a is plastic")


def test_a_network_larger_than_a_chip_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("mapping", "filling"):
        monkeypatch.setattr(f"neuromorphic_ros.backends.truenorth.{module}.CORES", 2)
    assert len(map_network(chain(2, 512).spec()).cores) == 2
    refused(chain(2, 513), "has 513 neurons, a chip of TrueNorth 512; choose")
    refused(chain(2, 200, 200, 100), "more than the 2 cores")


def test_a_splitter_passes_a_spike_to_256_axons_at_most() -> None:
    network = Network().add_input("in", 1).add("a", 1, If()).connect("in", "a")
    for index in range(257):
        network.add(f"b{index}", 1, If()).connect("a", f"b{index}", weights=0.5)
    refused(network, "population 'a': spikes of a neuron go to 257 axons")
