"""Measure what counting takes of a tick.

The engine beside the same engine compiled without the statements that count, in turn, on the same
tables in memory. `counting` is the share of a tick that the engine takes more, between `low` and
`high` with 95 % confidence; `same` is that of the engine over the engine compiled once more.
`many` is one call for all ticks. `read` is the share that reading the counts once a second takes.
"""

from __future__ import annotations

import ast
import inspect
import statistics
import timeit
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import torch
from edge import robot_work, tick_addresses
from peers.works import compared
from reporting import Row, main
from streaming import spec_of

from neuromorphic_ros.pipeline.networks import network_names
from neuromorphic_ros.snn import kernel, streaming, update
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.spikes import Addresses

ACTIVITIES = (0.01, 0.05, 0.2)
ROUNDS = 151
RESAMPLED = 2000
CONFIDENCE = (2.5, 97.5)
TICKS = 1000

# What counts, by the name of what it is assigned to; `_renew` also makes room for currents.
COUNTERS = ("active", "count", "received", "rest")
NEEDED = "_renew"


class Compilable(ast.NodeTransformer):
    """Make a module compilable where there is no file to keep its compiled code beside."""

    def visit_keyword(self, node: ast.keyword) -> ast.keyword | None:
        """Leave out numba's `cache`."""
        return None if node.arg == "cache" else node


class WithoutCounting(Compilable):
    """Take the statements that count out of a module, and keep their sources in `removed`."""

    def __init__(self) -> None:
        self.removed: list[str] = []

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | None:
        """Leave out the assignment to a counter."""
        return self._assignment(node, node.targets[0])

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt | None:
        """Leave out what is added to a counter."""
        return self._assignment(node, node.target)

    def visit_For(self, node: ast.For) -> ast.stmt | None:
        """Leave out a loop in which nothing is left."""
        self.generic_visit(node)
        return node if node.body else None

    def visit_If(self, node: ast.If) -> ast.stmt | None:
        """Leave out what is done only to count."""
        self.generic_visit(node)
        return node if node.body else None

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        """Return nothing instead of a counter."""
        if isinstance(node.value, ast.Name) and node.value.id in COUNTERS:
            self.removed.append(ast.unparse(node))
            return ast.Return()
        return node

    def _assignment(self, node: ast.Assign | ast.AugAssign, target: ast.expr) -> ast.stmt | None:
        if _name(target) not in COUNTERS:
            self.generic_visit(node)
            return node
        self.removed.append(ast.unparse(node))
        call = node.value
        needed = isinstance(call, ast.Call) and _name(call.func) == NEEDED
        return ast.Expr(call) if needed else None


def _name(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript):
        return _name(target.value)
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else ""


def compiled(transformer: ast.NodeTransformer) -> Any:
    """Compile the kernel and what updates neurons, changed by a transformer."""
    updating = _executed(update, transformer)
    running = _executed(kernel, transformer)
    # Compiled code takes names from there when it is compiled, which is when it first runs.
    running["update"] = updating["update"]
    running["prepare"](False)
    return SimpleNamespace(**running)


def variants() -> dict[str, Any]:
    """Compile the engine twice as it is, and once without counting."""
    # That of the package is loaded from disk: placed elsewhere, it differs by up to 3 %.
    return {
        "engine": compiled(Compilable()),
        "again": compiled(Compilable()),
        "without counting": compiled(WithoutCounting()),
    }


def _executed(module: Any, transformer: ast.NodeTransformer) -> dict[str, Any]:
    tree = ast.fix_missing_locations(transformer.visit(ast.parse(inspect.getsource(module))))
    names = {"__name__": f"{module.__name__} compiled again"}
    exec(compile(tree, names["__name__"], "exec"), names)
    return names


def running_on(compiled_kernel: Any) -> AbstractContextManager[Any]:
    """Let all streaming networks run on another kernel."""
    return patch.object(streaming, "kernel", compiled_kernel)


class Work(NamedTuple):
    """A network and its input, tick by tick."""

    name: str
    spec: NetworkSpec
    ticks: Sequence[Addresses]

    @property
    def together(self) -> TickSpikes:
        """The same input for one call."""
        first = np.cumsum([0, *map(len, self.ticks)], dtype=np.int64)
        return TickSpikes(np.concatenate(self.ticks), first)


class Share(NamedTuple):
    """A share of the time of a tick, and between which bounds it lies with 95 % confidence."""

    median: float
    low: float
    high: float


def more(engine: Sequence[float], other: Sequence[float]) -> Share:
    """Return the share of the engine's time that it takes more than another.

    engine, other: their times, one each of every round. The median over rounds of what is compared
    within a round; bounds by resampling rounds.
    """
    shares = 1 - np.asarray(other) / np.asarray(engine)
    rounds = np.random.default_rng(0).integers(0, shares.size, (RESAMPLED, shares.size))
    low, high = np.percentile(np.median(shares[rounds], axis=1), CONFIDENCE)
    return Share(float(np.median(shares)), float(low), float(high))


def check(work: Work, network: StreamingNetwork, kernels: dict[str, Any]) -> None:
    """Raise AssertionError unless all fire the same, and all count the same but one nothing."""
    fired, counted = {}, {}
    for name, each in kernels.items():
        before = network.counts()
        network.reset()
        with running_on(each):
            fired[name] = network.run(work.together)
        counted[name] = network.counts().since(before)
        assert np.array_equal(fired[name].address, fired["engine"].address), name
        assert np.array_equal(fired[name].first, fired["engine"].first), name
        assert np.array_equal(fired[name].value, fired["engine"].value), name
    for field in ("spikes", "synaptic_events", "active_updates", "plasticity_updates"):
        engine, again, bare = (getattr(counted[name], field) for name in kernels)
        assert np.array_equal(engine, again), field
        assert not bare.any(), f"{field} are counted all the same"
    assert counted["engine"].spikes.any(), f"nothing to count in {work.name}"


def measure_one(work: Work, kernels: dict[str, Any]) -> Row:
    """Time the kernels on a work in turn, a tick a call and all ticks in one."""
    network = StreamingNetwork(work.spec)
    check(work, network, kernels)
    together = work.together

    def single() -> None:
        for address in work.ticks:
            network.step(address)

    def many() -> None:
        network.run(together)

    runs: dict[str, Callable[[], None]] = {"tick": single, "many": many}
    us: dict[tuple[str, str], list[float]] = {(run, name): [] for run in runs for name in kernels}
    names = list(kernels)
    generator = np.random.default_rng(0)
    for _ in range(ROUNDS):
        for name in generator.permutation(names):
            with running_on(kernels[name]):
                for run, call in runs.items():
                    # What ran before has left its own code and branches in the processor.
                    call()
                    network.reset()
                    seconds = timeit.timeit(call, number=1)
                    us[run, name].append(1e6 * seconds / len(work.ticks))
    read_us = 1e6 * min(timeit.repeat(network.counts, number=100, repeat=5)) / 100
    row: Row = {"network": work.name, "ticks": len(work.ticks)}
    for run in runs:
        engine = us[run, "engine"]
        share = more(engine, us[run, "without counting"])
        row |= {
            f"{run}_us": statistics.median(engine),
            f"{run}_counting": share.median,
            f"{run}_low": share.low,
            f"{run}_high": share.high,
            f"{run}_same": more(engine, us[run, "again"]).median,
        }
    return {
        **row,
        "read_us": read_us,
        # `PopulationRates` are told once a second.
        "read": read_us / (1e3 / work.spec.dt_ms * row["tick_us"]),
    }


def works() -> Iterator[Work]:
    """Yield the shipped networks on recordings, then 4096-256-10 at some activities."""
    for name in network_names():
        work = robot_work(name)
        yield Work(name, work.spec, tick_addresses(work)[:TICKS])
    for activity in ACTIVITIES:
        layers = compared(activity)[0]
        yield Work(f"4096-256-10 at {activity:.0%}", spec_of(layers), layers.spikes)


def measure() -> list[Row]:
    """Measure all works."""
    torch.set_num_threads(1)
    kernels = variants()
    return [measure_one(work, kernels) for work in works()]


if __name__ == "__main__":
    main(__doc__, measure)
