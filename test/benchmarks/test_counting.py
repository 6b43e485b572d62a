"""What the engine without counting leaves out, and what it does not."""

from __future__ import annotations

import ast
import inspect
import json
from typing import Any

import counting
import numpy as np
import pytest
from peers.works import compared
from streaming import spec_of

from neuromorphic_ros.snn import kernel, streaming, update
from neuromorphic_ros.snn.streaming import StreamingNetwork


@pytest.fixture(scope="module")
def kernels() -> dict[str, Any]:
    # To compile takes a while.
    without = counting.compiled(counting.WithoutCounting())
    return {"engine": kernel, "again": kernel, "without counting": without}


@pytest.fixture(params=range(3), ids=["ff", "robot", "lsm"])
def work(request: pytest.FixtureRequest) -> counting.Work:
    made = compared(0.05)[request.param]
    return counting.Work(made.name, spec_of(made), made.spikes)


def removed_from(module: Any) -> set[str]:
    without = counting.WithoutCounting()
    without.visit(ast.parse(inspect.getsource(module)))
    return set(without.removed)


def test_what_counts_is_removed_and_nothing_else() -> None:
    assert removed_from(kernel) == {
        "count = array_at(network.count, network.channels + network.neurons, int64)",
        "rest = array_at(network.rest, network.channels, uint8)",
        "rest[address[position]] += uint8(1)",
        "count[address[position]] += 256",
        "count[node.begin + local] += int64(amount[local]) if node.spikes else 1",
    }
    assert removed_from(update) == {
        "active = uint32(0)",
        "active += uint32(current[place] != drive[place])",
        "received = False",
        "received |= current[place] != drive[place]",
        "active += uint32(received)",
        "return active",
        "node.active += _renew(current, array_at(node.drive, node.width, float32), node.size)",
    }


def test_a_loop_goes_with_its_counting_and_a_call_that_does_more_stays() -> None:
    source = """
for each in range(3):
    rest[each] += 1
    if rest[each] == 0:
        count[each] += 256
node.active += _renew(1)
if whole:
    full = 2
"""
    tree = counting.WithoutCounting().visit(ast.parse(source))
    assert ast.unparse(tree) == "_renew(1)\nif whole:\n    full = 2"


def test_without_counting_the_same_neurons_fire(
    work: counting.Work, kernels: dict[str, Any]
) -> None:
    network = StreamingNetwork(work.spec)
    counting.check(work, network, kernels)
    with counting.running_on(kernels["without counting"]):
        before = network.counts()
        fired = network.run(work.together)
        counts = network.counts().since(before)
    assert fired.address.size > 0
    assert counts.ticks == len(work.ticks)
    assert not counts.spikes.any()
    assert not counts.active_updates.any()
    assert vars(streaming)["kernel"] is kernel


def test_an_engine_that_counts_all_the_same_is_noticed(
    work: counting.Work, kernels: dict[str, Any]
) -> None:
    counts = {**kernels, "without counting": kernels["engine"]}
    with pytest.raises(AssertionError, match="counted all the same"):
        counting.check(work, StreamingNetwork(work.spec), counts)


def test_rows_tell_shares(
    work: counting.Work, kernels: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "ROUNDS", 2)
    row = counting.measure_one(work, kernels)
    assert min(row["tick_us"], row["many_us"], row["read_us"], row["read"]) > 0
    assert row["tick_low"] <= row["tick_counting"] <= row["tick_high"] < 1
    assert json.loads(json.dumps(row)) == row


def test_a_share_is_of_the_engine_and_compared_within_rounds() -> None:
    other = np.random.default_rng(1).uniform(1.0, 9.0, 50)
    share = counting.more((other / 0.75).tolist(), other.tolist())
    assert share == pytest.approx((0.25, 0.25, 0.25))
    assert counting.more([1.0, 2.0, 4.0], [1.0, 1.0, 2.0]) == (0.5, 0.0, 0.5)
