"""A network in torch, as pipelines run networks: what the streaming engine does, counts and all."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from snn.graph.graph_networks import graph_network  # noqa: E402

from neuromorphic_ros.backends.base import Runner, learner  # noqa: E402
from neuromorphic_ros.backends.jetson import runner as module  # noqa: E402
from neuromorphic_ros.backends.jetson.runner import TorchRunner  # noqa: E402
from neuromorphic_ros.errors import NetworkError, SpikeError  # noqa: E402
from neuromorphic_ros.parameters import build  # noqa: E402
from neuromorphic_ros.pipeline.networks import find_network  # noqa: E402
from neuromorphic_ros.snn.spec import NetworkSpec  # noqa: E402
from neuromorphic_ros.snn.streaming import StreamingNetwork  # noqa: E402
from neuromorphic_ros.snn.tick_spikes import TickSpikes  # noqa: E402

TICKS = 50
NETWORKS = (
    "obstacle_avoider", "motion_detector", "robot", "digits", "gestures", "basic_motions",
    "pump_faults", "watch_exercises", "graph_avoider",
)  # fmt: skip
PAIR: dict[str, Any] = {
    "name": "pair",
    "dt_ms": 1.0,
    "inputs": [{"name": "drive", "shape": [2]}],
    "populations": [
        {"name": "first", "shape": [2], "neuron": {"model": "if"}},
        {"name": "second", "shape": [2], "neuron": {"model": "if", "refractory_ms": 8.0}},
    ],
    "projections": [
        {"pre": "drive", "post": "first", "pattern": {"type": "one_to_one"}},
        {
            "pre": "first",
            "post": "second",
            "pattern": {"type": "one_to_one"},
            "delay_ticks": 8,
        },
    ],
}


def pair(**fields: Any) -> NetworkSpec:
    return build(NetworkSpec, {**PAIR, **fields}, "network", NetworkError)


def drawn(spec: NetworkSpec, seed: int = 0, activity: float = 0.03) -> TickSpikes:
    """Draw spikes, several of a channel in a tick among them."""
    generator = np.random.default_rng(seed)
    number = generator.poisson(activity * spec.channels, TICKS)
    address = generator.integers(0, spec.channels, number.sum()).astype(np.uint32)
    return TickSpikes(address, np.concatenate(([0], np.cumsum(number))))


def silence(ticks: int) -> TickSpikes:
    return TickSpikes(np.empty(0, np.uint32), np.zeros(ticks + 1, np.int64))


def at_once(*address: int) -> TickSpikes:
    """Spikes of one tick."""
    return TickSpikes(np.array(address, np.uint32), np.array([0, len(address)]))


def assert_same_spikes(one: TickSpikes, other: TickSpikes) -> None:
    assert np.array_equal(one.first, other.first)
    assert np.array_equal(one.address, other.address)
    amounts = (x.value if x.value.size else np.ones(x.address.size) for x in (one, other))
    assert np.array_equal(*amounts)


def assert_same_counts(one: Runner, other: Runner) -> None:
    counts, others = one.counts()._asdict(), other.counts()._asdict()
    # Inputs that cancel each other may leave a rounding in one order of adding, none in another.
    active, others_active = counts.pop("active_updates"), others.pop("active_updates")
    assert active == pytest.approx(others_active, rel=1e-3)
    for name, value in counts.items():
        assert np.array_equal(value, others[name]), name


@pytest.mark.parametrize("name", NETWORKS)
def test_shipped_networks_spike_and_count_as_in_the_streaming_engine(name: str) -> None:
    spec = find_network(name)
    here, there = TorchRunner(spec, "cpu"), StreamingNetwork(spec)
    for seed, activity in enumerate((0.01, 0.2)):
        spikes = drawn(spec, seed, activity)
        fired = here.run(spikes)
        assert_same_spikes(fired, there.run(spikes))
    assert fired.address.dtype == np.uint32
    assert_same_counts(here, there)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_graph_runs_in_front_of_torch(precision: str) -> None:
    spec = graph_network()
    projections = tuple(dataclasses.replace(x, precision=precision) for x in spec.projections)
    spec = dataclasses.replace(spec, projections=projections)
    here, there = TorchRunner(spec, "cpu"), StreamingNetwork(spec)
    assert here.spec == spec
    spikes = drawn(spec)
    assert_same_spikes(here.run(spikes), there.run(spikes))
    assert_same_counts(here, there)
    here.reset()
    there.reset()
    assert_same_spikes(here.run(spikes), there.run(spikes))


def test_how_a_run_is_cut_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = find_network("robot")
    whole, cut = TorchRunner(spec, "cpu"), TorchRunner(spec, "cpu")
    monkeypatch.setattr(module, "MAX_AMOUNTS", 7 * (spec.channels + spec.neurons))
    short = TorchRunner(spec, "cpu")
    spikes = drawn(spec, activity=0.1)
    at_once = whole.run(spikes)
    assert_same_spikes(short.run(spikes), at_once)
    ends = [0, 1, 2, 30, TICKS]
    for start, stop in pairwise(ends):
        assert_same_spikes(cut.run(spikes.between(start, stop)), at_once.between(start, stop))
    assert_same_counts(cut, whole)
    assert_same_counts(short, whole)


def test_amounts_are_as_many_spikes() -> None:
    spec = build(
        NetworkSpec,
        {
            **PAIR,
            "populations": [
                {
                    "name": name,
                    "shape": [2],
                    "neuron": {"model": "if", "multi_spike": True, "reset": "subtract"},
                }
                for name in ("first", "second")
            ],
        },
        "network",
        NetworkError,
    )
    here, there = TorchRunner(spec, "cpu"), StreamingNetwork(spec)
    spikes = at_once(0, 1, 1)._replace(value=np.array([2.5, 0.75, 4.25], np.float32))
    fired = here.run(spikes)
    assert fired.value.tolist() == [2, 5]
    assert_same_spikes(fired, there.run(spikes))
    assert_same_spikes(here.run(silence(9)), there.run(silence(9)))
    assert_same_counts(here, there)


def test_no_ticks_change_nothing() -> None:
    network = TorchRunner(pair(), "cpu")
    assert network.run(silence(0)).ticks == 0
    assert network.counts().ticks == 0


@pytest.mark.parametrize(
    ("address", "first", "value"),
    [
        ([2], [0, 1], []),
        ([2**32 - 1], [0, 1], []),
        ([0], [0, 2], []),
        ([0, 0], [1, 2], []),
        ([0, 0], [0, 2, 1, 2], []),
        ([], [], []),
        ([0], [0, 1], [1, 2]),
        ([0], [0, 1], [np.nan]),
        ([0], [0, 1], [np.inf]),
    ],
)
def test_what_does_not_fit_leaves_the_network_unchanged(
    address: list[int], first: list[int], value: list[float]
) -> None:
    network = TorchRunner(pair(), "cpu")
    spikes = TickSpikes(
        np.array(address, np.uint32), np.array(first, np.int64), np.array(value, np.float32)
    )
    with pytest.raises(SpikeError):
        network.run(spikes)
    assert network.counts().ticks == 0
    assert not network.counts().spikes.any()


def test_reset_forgets_what_is_under_way_and_keeps_the_counts() -> None:
    network = TorchRunner(pair(), "cpu")
    network.run(at_once(0))
    network.reset()
    assert not network.run(silence(12)).address.size
    assert network.counts().by_population() == {"drive": 1, "first": 1, "second": 0}


@pytest.mark.parametrize("dt_ms", [1.0, 2.0, 4.0, 8.0])
def test_what_is_under_way_arrives_when_it_would_have_in_another_tick(dt_ms: float) -> None:
    before = TorchRunner(pair(), "cpu")
    before.run(at_once(0))
    before.run(silence(1))
    after = TorchRunner(pair(dt_ms=dt_ms), "cpu")
    after.run(silence(3))
    after.adopt(before)
    fired = after.run(silence(9))
    assert np.repeat(np.arange(9), np.diff(fired.first)).tolist() == [6 // dt_ms]


@pytest.mark.parametrize("variant", ["medium", "low"])
def test_a_variant_goes_on_as_in_the_streaming_engine(variant: str) -> None:
    spec, other = find_network("robot"), find_network("robot", variant)
    if variant == "medium":
        # Sums of 16 bits are rounded otherwise.
        projections = tuple(
            dataclasses.replace(each, precision="float32") for each in other.projections
        )
        other = dataclasses.replace(other, projections=projections)
    spikes, more = drawn(spec, activity=0.1), drawn(other, seed=1, activity=0.1)
    fired = []
    for engine in (lambda x: TorchRunner(x, "cpu"), StreamingNetwork):
        before, after = engine(spec), engine(other)
        before.run(spikes)
        after.adopt(before)
        fired.append(after.run(more))
        before.adopt(after)
        fired.append(before.run(spikes))
    assert_same_spikes(fired[0], fired[2])
    assert_same_spikes(fired[1], fired[3])


def test_a_network_that_runs_elsewhere_cannot_be_adopted() -> None:
    with pytest.raises(NetworkError, match="network 'pair' runs elsewhere"):
        TorchRunner(pair(), "cpu").adopt(StreamingNetwork(pair()))


def test_what_learns_is_refused_with_the_projection_and_a_way_out() -> None:
    learning = [{**PAIR["projections"][1], "plasticity": {"type": "pair_stdp"}}]
    with pytest.raises(NetworkError, match=r"first -> second learns.*engine: streaming"):
        TorchRunner(pair(projections=learning), "cpu")


def test_no_modulator_acts_on_it() -> None:
    dendritic = [{"name": "first", "shape": [2], "neuron": {"model": "dendritic_lif"}}]
    network = TorchRunner(pair(populations=dendritic, projections=[]), "cpu")
    assert network.spec.gated
    assert learner(network) is None


def test_half_precision_is_close_to_the_streaming_engine() -> None:
    spec = find_network("digits")
    projections = tuple(dataclasses.replace(x, precision="float16") for x in spec.projections)
    spec = dataclasses.replace(spec, projections=projections)
    spikes = drawn(spec, activity=0.3)
    here, there = TorchRunner(spec, "cpu"), StreamingNetwork(spec)
    ours, theirs = here.run(spikes), there.run(spikes)
    fired = [
        set(zip(np.repeat(np.arange(TICKS), np.diff(x.first)), x.address, strict=True))
        for x in (ours, theirs)
    ]
    assert len(fired[1]) > 50
    assert len(fired[0] ^ fired[1]) <= 0.02 * len(fired[1])
