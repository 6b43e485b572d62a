"""The integer engine is Lava's fixed-point simulation, bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lava_installed import needs_lava

from neuromorphic_ros.backends.loihi.dense import FixedDense, stored
from neuromorphic_ros.backends.loihi.engine import FixedNetwork, FixedPointEngine
from neuromorphic_ros.backends.loihi.neuron import FixedLif
from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.snn.tick_spikes import TickSpikes

ROOT = Path(__file__).resolve().parents[3]
# python scripts/lava_traces.py test/backends/loihi/lava_traces.npz --networks 24 --seed 0
TRACES = Path(__file__).with_name("lava_traces.npz")
# The neuron of Pedersen et al., Nature Communications 15, 8122, 2024, as its authors ran it in
# Lava's simulation and on a Loihi 2 chip: paper/01_lif/lif_lava_{cpu,loihi}_fixed.csv of
# https://github.com/neuromorphs/NIR, copyright 2023 NIR Team, BSD-3-Clause.
NIR_PAPER = Path(__file__).with_name("nir_paper_lif.npz")


def by_place(traces: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the arrays of `kind/0/...`, `kind/1/...` and so on."""
    found: dict[str, dict[str, Any]] = {}
    for key, values in traces.items():
        head, _, rest = key.partition("/")
        if head == kind:
            place, _, name = rest.partition("/")
            found.setdefault(place, {})[name] = values
    return [found[str(place)] for place in range(len(found))]


def networks(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the arrays of each network of a file of traces."""
    with np.load(path, allow_pickle=False) as file:
        by_network: dict[int, dict[str, Any]] = {}
        for key in file:
            index, _, rest = key.partition("/")
            by_network.setdefault(int(index), {})[rest] = file[key]
    yield from by_network.values()


def tick_spikes(raster: Any) -> TickSpikes:
    """Return a raster (ticks, channels) as spikes by tick."""
    tick, channel = np.nonzero(raster)
    first = np.searchsorted(tick, np.arange(len(raster) + 1)).astype(np.int64)
    return TickSpikes(channel.astype(np.uint32), first)


def network_of(traces: dict[str, Any]) -> FixedNetwork:
    """Return the network that a trace is of."""
    populations = tuple(
        FixedLif(
            size=each["bias_mant"].size,
            du=int(each["du"]),
            dv=int(each["dv"]),
            vth=int(each["vth"]),
            bias_mant=each["bias_mant"],
            bias_exp=each["bias_exp"],
        )
        for each in by_place(traces, "population")
    )
    channels = traces["input"].shape[1]
    begin = np.cumsum([0, channels, *(each.size for each in populations)]).tolist()
    connections = tuple(
        FixedDense(
            source=begin[int(each["pre"]) + 1],
            target=begin[int(each["post"]) + 1] - channels,
            weights=each["weights"],
            exponent=int(each["weight_exp"]),
        )
        for each in by_place(traces, "connection")
    )
    return FixedNetwork(channels, populations, connections)


def compare(traces: dict[str, Any]) -> None:
    """Assert that the engine gives the spikes, u and v of a trace after every tick."""
    engine = FixedPointEngine(network_of(traces))
    populations = by_place(traces, "population")
    expected = {
        name: np.concatenate([each[name] for each in populations], axis=1)
        for name in ("u", "v", "spikes")
    }
    driven = tick_spikes(traces["input"])
    for tick in range(driven.ticks):
        fired = engine.run(driven.between(tick, tick + 1))
        np.testing.assert_array_equal(fired.address, np.flatnonzero(expected["spikes"][tick]))
        np.testing.assert_array_equal(engine.u, expected["u"][tick])
        np.testing.assert_array_equal(engine.v, expected["v"][tick])
    np.testing.assert_array_equal(
        engine.spikes,
        np.concatenate([traces["input"].sum(axis=0), expected["spikes"].sum(axis=0)]),
    )


STORED = list(networks(TRACES))


@pytest.mark.parametrize("index", range(len(STORED)))
def test_traces_of_lava_are_reproduced(index: int) -> None:
    compare(STORED[index])


def test_stored_traces_reach_every_corner_of_the_arithmetic() -> None:
    populations = [each for traces in STORED for each in by_place(traces, "population")]
    connections = [each for traces in STORED for each in by_place(traces, "connection")]
    v = np.concatenate([each["v"].ravel() for each in populations])
    # Above, it fires.
    assert v.min() == 1 - 2**23
    assert sum(int(each["spikes"].sum()) for each in populations) > 1000
    # Lava wraps on one side only.
    u = np.concatenate([each["u"].ravel() for each in populations])
    assert {2**23, 2**23 - 64, 64 - 2**23} <= set(u.tolist())
    # Beyond 24 bits, where one wrap did not suffice.
    assert np.abs(u).max() > 2**23
    assert {int(each["weight_exp"]) for each in connections} >= {-8, -1, 0, 1, 7}
    signs = {(each["weights"].min() < 0, each["weights"].max() > 0) for each in connections}
    assert {(False, True), (True, False), (True, True)} <= signs
    assert any(np.abs(each["weights"]).max() > 256 for each in connections)
    assert any(int(each["pre"]) == int(each["post"]) for each in connections)


def test_the_neuron_of_the_nir_paper_is_reproduced_as_in_simulation_and_on_the_chip() -> None:
    with np.load(NIR_PAPER, allow_pickle=False) as file:
        trace = dict(file)
    # tau 2.5 ms, threshold 0.1 and weight 1 in ticks of 0.1 ms, rounded by paper/nir_to_lava.py.
    neuron = FixedLif(size=1, du=4095, dv=163, vth=25)
    weight = FixedDense(source=0, target=0, weights=np.array([[10]]), exponent=0)
    engine = FixedPointEngine(FixedNetwork(1, (neuron,), (weight,)))
    driven = tick_spikes(trace["input"][:, None])
    v, spikes = [], []
    for tick in range(driven.ticks):
        spikes.append(engine.run(driven.between(tick, tick + 1)).address.size)
        v.append(int(engine.v[0]))
    assert np.flatnonzero(spikes).tolist() == [461, 511, 711, 761]
    assert spikes == trace["simulation_spikes"].tolist() == trace["chip_spikes"].tolist()
    assert v == trace["simulation_v"].tolist()
    # In the tick of a spike a probe of the chip reads 128 where the simulation has 0.
    shown = np.where(trace["chip_spikes"], 128, v)
    assert shown.tolist() == trace["chip_v"].tolist()


@pytest.mark.slow
@needs_lava
def test_lava_itself_is_reproduced_on_200_networks(tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "scripts" / "lava_traces.py", "--networks", "100", "--seed"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # Lava waits for itself most of the time: two at once share the cores.
    made = [tmp_path / f"{seed}.npz" for seed in (1, 2)]
    runs = [
        subprocess.Popen([*command, str(seed), file], env=environment)
        for seed, file in enumerate(made, 1)
    ]
    assert [run.wait(1800) for run in runs] == [0, 0]
    found = [traces for file in made for traces in networks(file)]
    assert len(found) == 200
    for traces in found:
        compare(traces)


def decayed(state: int, keep: int) -> int:
    """Return the state less its decay, rounded toward zero."""
    return (abs(state) * keep >> 12) * (1 if state >= 0 else -1)


def plainly(network: FixedNetwork, driven: Any) -> Any:
    """Return the spikes of a network, (ticks, neurons), computed neuron by neuron."""
    constants = [each.constants() for each in network.populations]
    constants = [np.concatenate(part).tolist() for part in zip(*constants, strict=True)]
    keep_u, keep_v, bias, threshold, drop, floor, refractory, late = constants
    ticks, size = len(driven), network.neurons
    u, v, rest, due = [0] * size, [0] * size, [0] * size, [False] * size
    arriving = np.zeros((ticks + 64, size), np.int64)
    fired = np.zeros((ticks, size), np.int64)
    for tick in range(ticks):
        for neuron in range(size):
            u[neuron] = decayed(u[neuron], keep_u[neuron]) + 64 * int(arriving[tick, neuron])
            if rest[neuron]:
                rest[neuron] -= 1
                continue
            moved = decayed(v[neuron], keep_v[neuron]) + u[neuron] + bias[neuron]
            moved = min(moved, 2**23 - 1)
            if due[neuron]:
                moved = moved - drop[neuron] if drop[neuron] else 0
            v[neuron] = max(moved, floor[neuron])
            due[neuron] = False
            if v[neuron] > threshold[neuron]:
                # What is refractory is not reset later.
                due[neuron] = late[neuron] and not refractory[neuron]
                if not late[neuron]:
                    v[neuron] = v[neuron] - drop[neuron] if drop[neuron] else 0
                rest[neuron] = refractory[neuron]
                fired[tick, neuron] = 1
        both = np.concatenate([driven[tick], fired[tick]])
        for each in network.connections:
            kept = stored(each.weights).toarray()
            summed = both[each.source : each.source + len(kept)] @ kept
            shifted = summed << each.exponent if each.exponent >= 0 else summed >> -each.exponent
            columns = slice(each.target, each.target + kept.shape[1])
            arriving[tick + 1 + each.delay, columns] += shifted
    return fired


def programmed(generator: np.random.Generator) -> FixedNetwork:
    """Draw a network of two populations that no neuron of Lava runs."""
    populations = tuple(
        FixedLif(
            size=4,
            du=generator.integers(2000, 4096, 4) if own else 4095,
            dv=generator.integers(0, 4096, 4) if own else 100,
            vth=int(generator.integers(20, 200)),
            bias_mant=int(generator.integers(0, 500)),
            drop=int(generator.choice([0, 50, 2000])),
            floor=generator.integers(-100_000, 0, 4) if own else -64,
            refractory=int(generator.choice([0, 1, 5])),
            late=bool(generator.random() < 0.5),
        )
        for own in generator.random(2) < 0.5
    )
    connections = tuple(
        FixedDense(
            source=source,
            target=target,
            weights=generator.integers(-50, 255, (4, 4)),
            exponent=int(generator.integers(-3, 3)),
            delay=int(generator.choice([0, 1, 7, 62])),
        )
        for source, target in [(0, 0), (4, 4), (8, 0), (4, 0)]
    )
    return FixedNetwork(4, populations, connections)


@pytest.mark.parametrize("seed", range(20))
def test_what_lava_has_not_is_as_it_is_described(seed: int) -> None:
    generator = np.random.default_rng(seed)
    network = programmed(generator)
    driven = (generator.random((200, 4)) < 0.2).astype(np.int64)
    expected = plainly(network, driven)
    assert 5 < expected.sum() < 1600
    spikes = tick_spikes(driven)
    engine = FixedPointEngine(network)
    for _ in range(2):
        pieces = [engine.run(spikes.between(*ends)) for ends in ((0, 1), (1, 77), (77, 200))]
        fired = np.concatenate([each.address for each in pieces])
        counted = np.concatenate([np.diff(each.first) for each in pieces])
        assert fired.tolist() == np.nonzero(expected)[1].tolist()
        assert counted.tolist() == expected.sum(axis=1).tolist()
        engine.reset()


def small(**changes: Any) -> FixedNetwork:
    """Return two channels before two neurons that pass on every spike."""
    dense = FixedDense(source=0, target=0, weights=np.eye(2, dtype=int) * 100, exponent=0)
    population = FixedLif(size=2, du=4095, dv=4095, vth=50)
    return FixedNetwork(2, (population,), (dense._replace(**changes),))


def raster(*rows: list[int]) -> TickSpikes:
    """Return spikes by tick."""
    return tick_spikes(np.array(rows))


def test_a_spike_takes_one_tick() -> None:
    fired = FixedPointEngine(small()).run(raster([1, 0], [0, 1], [0, 0]))
    assert fired.address.tolist() == [0, 1]
    assert fired.first.tolist() == [0, 0, 1, 2]


def test_a_channel_spikes_once_in_a_tick() -> None:
    engine = FixedPointEngine(small(weights=np.eye(2, dtype=int) * 40))
    twice = TickSpikes(np.array([0, 0], np.uint32), np.array([0, 2, 2]))
    assert engine.run(twice).address.size == 0
    assert engine.spikes.tolist() == [1, 0, 0, 0]
    assert engine.active.tolist() == [1, 0]


def test_a_delay_comes_on_top() -> None:
    fired = FixedPointEngine(small(delay=2)).run(raster([1, 0], [0, 1], [0, 0], [0, 0], [0, 0]))
    assert fired.address.tolist() == [0, 1]
    assert fired.first.tolist() == [0, 0, 0, 0, 1, 2]


@pytest.mark.parametrize(("weight", "other", "v"), [(255, 0, 127), (3, -4, -1), (-1, 0, -1)])
def test_a_sum_is_shifted_down_after_it_is_made(weight: int, other: int, v: int) -> None:
    engine = FixedPointEngine(small(weights=np.array([[weight, 0], [other, 0]]), exponent=-1))
    engine.run(raster([1, 1], [0, 0]))
    # Mixed weights are even: 3 becomes 2.
    assert engine.u.tolist() == [64 * v, 0]


def test_a_run_in_pieces_is_the_whole_run() -> None:
    network = network_of(STORED[0])
    spikes = tick_spikes(STORED[0]["input"])
    whole = FixedPointEngine(network).run(spikes)
    engine = FixedPointEngine(network)
    pieces = [engine.run(spikes.between(tick, tick + 1)) for tick in range(spikes.ticks)]
    assert np.concatenate([each.address for each in pieces]).tolist() == whole.address.tolist()
    assert [each.address.size for each in pieces] == np.diff(whole.first).tolist()


def test_many_spikes_find_room() -> None:
    population = FixedLif(size=100, du=0, dv=0, vth=0, bias_mant=1)
    engine = FixedPointEngine(FixedNetwork(1, (population,), ()))
    fired = engine.run(TickSpikes(np.empty(0, np.uint32), np.zeros(301, np.int64)))
    assert np.diff(fired.first).tolist() == [100] * 300
    assert fired.address.reshape(300, 100).tolist() == [list(range(100))] * 300


def test_after_a_reset_a_run_repeats_and_counts_go_on() -> None:
    engine = FixedPointEngine(network_of(STORED[1]))
    spikes = tick_spikes(STORED[1]["input"])
    once = engine.run(spikes)
    counted = engine.spikes
    engine.reset()
    again = engine.run(spikes)
    assert again.address.tobytes() == once.address.tobytes()
    assert engine.spikes.tolist() == (2 * counted).tolist()
    assert engine.ticks == 2 * spikes.ticks


def test_a_start_is_not_zero_if_it_is_not_to_be() -> None:
    population = FixedLif(size=2, du=0, dv=0, vth=1, v=np.array([63, 65]))
    engine = FixedPointEngine(FixedNetwork(1, (population,), ()))
    assert engine.run(raster([0])).address.tolist() == [1]
    assert engine.v.tolist() == [63, 0]


@given(st.lists(st.integers(0, 1), min_size=1, max_size=20), st.sampled_from([np.uint64, np.int32]))
def test_addresses_of_another_dtype_are_refused(channels: list[int], dtype: Any) -> None:
    spikes = TickSpikes(np.array(channels, dtype), np.array([0, len(channels)]))
    with pytest.raises(SpikeError, match="must be uint32"):
        FixedPointEngine(small()).run(spikes)


@pytest.mark.parametrize(
    ("address", "first", "message"),
    [
        ([2], [0, 1], "address 2 is outside of 2 channels"),
        ([0], [0, 2], "first does not rise"),
        ([0, 1], [0, 2, 1, 2], "first does not rise"),
        ([0], [1, 1], "first does not rise"),
        ([], [], "first does not rise"),
    ],
)
def test_spikes_that_do_not_fit_are_refused(
    address: list[int], first: list[int], message: str
) -> None:
    engine = FixedPointEngine(small())
    with pytest.raises(SpikeError, match=message):
        engine.run(TickSpikes(np.array(address, np.uint32), np.array(first, np.int64)))
    assert engine.ticks == 0


@pytest.mark.parametrize("amount", [0.5, -1.0, np.nan, np.inf])
def test_amounts_that_are_no_whole_numbers_are_refused(amount: float) -> None:
    spikes = raster([1, 0])._replace(value=np.full(1, amount, np.float32))
    with pytest.raises(SpikeError, match="carry whole numbers"):
        FixedPointEngine(small()).run(spikes)


@pytest.mark.parametrize(("message_bits", "told"), [(0, 1), (1, 1), (2, 3), (3, 5)])
def test_a_graded_spike_tells_how_often_a_channel_spikes(message_bits: int, told: int) -> None:
    network = small(weights=np.eye(2, dtype=int) * 4)._replace(message_bits=message_bits)
    for spikes in (
        TickSpikes(np.array([1, 1, 1, 1, 1], np.uint32), np.array([0, 5, 5])),
        TickSpikes(np.ones(1, np.uint32), np.array([0, 1, 1]), np.full(1, 5.0, np.float32)),
    ):
        engine = FixedPointEngine(network)
        engine.run(spikes)
        assert engine.u.tolist() == [0, 64 * 4 * told]
        # It is one spike and one synaptic event all the same.
        assert engine.spikes.tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": 3}, "sources from 3 on"),
        ({"source": -1}, "sources from -1 on"),
        ({"target": 1}, "targets from 1 on"),
        ({"exponent": 8}, r"exponent 8 .* -8\.\.7"),
        ({"exponent": -9}, "exponent -9"),
        ({"delay": 63}, r"a delay of 63 ticks is outside of 0\.\.62; let neurons between"),
        ({"delay": -1}, "a delay of -1 ticks"),
    ],
)
def test_connections_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(NetworkError, match=f"connection 0: .*{message}"):
        FixedPointEngine(small(**changes))
