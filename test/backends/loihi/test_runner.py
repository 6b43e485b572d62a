"""A network on Loihi's integer engine, as pipelines run networks."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.backends.base import Runner, learner
from neuromorphic_ros.backends.loihi.runner import IntegerRunner
from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

CONTENT: dict[str, Any] = {
    "name": "two",
    "dt_ms": 1.0,
    "seed": 5,
    "inputs": [{"name": "x", "shape": [4]}, {"name": "y", "shape": [2, 3]}],
    "populations": [
        {"name": "out", "shape": [3]},
        {"name": "hidden", "shape": [5], "neuron": {"model": "cuba_lif"}},
    ],
    "projections": [
        {"pre": "x", "post": "hidden", "weights": 0.25, "delay_ticks": 1},
        {
            "pre": "y[1:5]",
            "post": "hidden[2:4]",
            "weights": [[0.5, 0.0]] * 4,
            "delay_ticks": 1,
        },
        {"pre": "hidden", "post": "out", "weights": 0.5, "delay_ticks": 1},
    ],
}
SPEC = build(NetworkSpec, CONTENT, "network", NetworkError)


def spikes(ticks: int = 100, channels: int = 10) -> TickSpikes:
    """Return random spikes of the channels."""
    tick, channel = np.nonzero(np.random.default_rng(2).random((ticks, channels)) < 0.1)
    first = np.searchsorted(tick, np.arange(ticks + 1)).astype(np.int64)
    return TickSpikes(channel.astype(np.uint32), first)


def test_it_is_a_runner_that_does_not_learn() -> None:
    runner: Runner = IntegerRunner(SPEC)
    assert runner.spec is SPEC
    assert learner(runner) is None


def test_counts_are_those_of_the_float_engine_where_both_spike_alike() -> None:
    fixed, exact = IntegerRunner(SPEC), StreamingNetwork(SPEC)
    ours, theirs = fixed.run(spikes()), exact.run(spikes())
    assert ours.address.tolist() == theirs.address.tolist()
    assert ours.first.tolist() == theirs.first.tolist()
    assert ours.address.size > 50
    found, expected = fixed.counts()._asdict(), exact.counts()._asdict()
    # A delay of 1 and a connection of 1 tick deliver in different ticks of the run.
    for name in ("memory_bytes", "active_updates"):
        found.pop(name), expected.pop(name)
    for name, value in expected.items():
        assert np.array_equal(found[name], value), name
    assert fixed.counts().memory_bytes.tolist() == found["projection_events"].tolist()


def test_active_updates_are_neurons_with_input() -> None:
    runner = IntegerRunner(SPEC)
    runner.run(TickSpikes(np.array([0, 4 + 1], np.uint32), np.array([0, 1, 2, 2])))
    # x reaches five neurons a tick later, y[1] one of them another tick later.
    assert runner.counts().active_updates.tolist() == [0, 0, 0, 5 + 1]
    assert runner.counts().neuron_updates.tolist() == [0, 0, 3 * 3, 5 * 3]


def test_after_a_reset_a_run_repeats_and_counts_go_on() -> None:
    runner = IntegerRunner(SPEC)
    once = runner.run(spikes())
    runner.reset()
    again = runner.run(spikes())
    assert again.address.tobytes() == once.address.tobytes()
    assert runner.counts().ticks == 200


def test_the_same_network_goes_on_where_the_other_was() -> None:
    whole, first, second = (IntegerRunner(SPEC) for _ in range(3))
    # Nothing is under way after a tick without spikes.
    driven = spikes()
    pause = TickSpikes(driven.address[:0], np.zeros(3, np.int64))
    for runner in (whole, first):
        runner.run(driven)
        runner.run(pause)
    second.adopt(first)
    assert second.run(driven).address.tolist() == whole.run(driven).address.tolist()
    assert second.counts().ticks == 100


def test_a_variant_with_other_units_keeps_the_membrane() -> None:
    heavy = dataclasses.replace(SPEC.projections[0], weights=4.0)
    other = dataclasses.replace(SPEC, projections=(heavy, *SPEC.projections[1:]))
    first, second = IntegerRunner(SPEC), IntegerRunner(other)
    units = [each.quantised.populations[-1].threshold for each in (first, second)]
    assert units[0] != units[1]
    first.run(TickSpikes(np.array([0], np.uint32), np.array([0, 1, 1])))
    second.adopt(first)
    shares = [
        runner._engine.v[3:] / threshold
        for runner, threshold in zip((first, second), units, strict=True)
    ]
    assert shares[0].min() > 1
    assert shares[1] == pytest.approx(shares[0], rel=1e-3)


@pytest.mark.parametrize(
    ("neuron", "rest", "other"),
    [({"refractory_ms": 10.0}, 10, 5), ({"reset_in": "next_tick"}, -1, -1), ({}, 0, 0)],
)
def test_a_variant_rests_as_long_and_resets_what_is_due(
    neuron: dict[str, Any], rest: int, other: int
) -> None:
    content = {
        "name": "one",
        "dt_ms": 1.0,
        "inputs": [{"name": "x", "shape": [1]}],
        "populations": [{"name": "b", "shape": [1], "neuron": {"model": "lif", **neuron}}],
        "projections": [{"pre": "x", "post": "b", "weights": 1.0, "delay_ticks": 1}],
    }
    first = IntegerRunner(build(NetworkSpec, content, "network", NetworkError))
    second = IntegerRunner(build(NetworkSpec, content | {"dt_ms": 2.0}, "network", NetworkError))
    fired = first.run(TickSpikes(np.zeros(1, np.uint32), np.array([0, 1, 1])))
    assert fired.address.tolist() == [0]
    second.adopt(first)
    assert (first._engine.rest.tolist(), second._engine.rest.tolist()) == ([rest], [other])


def test_the_state_of_another_backend_is_refused() -> None:
    with pytest.raises(NetworkError, match="network 'two' runs elsewhere"):
        IntegerRunner(SPEC).adopt(StreamingNetwork(SPEC))


def test_an_unknown_channel_is_refused() -> None:
    with pytest.raises(SpikeError, match="address 10 is outside of 10 channels"):
        IntegerRunner(SPEC).run(TickSpikes(np.array([10], np.uint32), np.array([0, 1])))
