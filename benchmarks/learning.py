"""Time what learns on the robot: a tick of STDP, and a step of recursive least squares.

STDP in the streaming engine beside norse's step and dense numba, 4096 sources, 256 targets, 1 % of
each fire in a tick; all pairs, additive changes, hard bounds, one thread. Every side gets the
spikes of both ends and changes the same weights; those of numba must be equal, norse defines traces
otherwise. Least squares: see learning_rls.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import statistics
import sys
import timeit
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from learning_rls import measure_rls
from reporting import Row, table

from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork

SOURCES, TARGETS, ACTIVITY = 4096, 256, 0.01
TICKS, ROUNDS = 100, 7
TAU_MS, RATE = 20.0, 1e-3
RULE = PairStdp(learning_rate=RATE, tau_plus_ms=TAU_MS, tau_minus_ms=TAU_MS, depression=1.0)

Matrix = npt.NDArray[np.float32]
Raster = npt.NDArray[np.bool_]


class Side(NamedTuple):
    """One implementation; run: all ticks. weights: the present ones, (sources, targets)."""

    run: Callable[[], None]
    weights: Callable[[], Matrix]


def ours(weights: Matrix, pre: Raster, post: Raster) -> Side:
    """The whole tick of a network, deliveries and neurons too; a teacher makes the targets fire."""
    # No weight of the projection makes a target fire.
    threshold = 1e5
    spec = NetworkSpec(
        name="learning",
        dt_ms=1.0,
        inputs=(Input("pre", (SOURCES,)), Input("teacher", (TARGETS,))),
        populations=(Population("post", (TARGETS,), Lif(threshold=threshold)),),
        projections=(
            Projection("teacher", "post", 10 * threshold, OneToOne()),
            Projection("pre", "post", Array(weights), plasticity=RULE),
        ),
    )
    network = StreamingNetwork(spec)
    both = np.concatenate([pre, post], axis=1)
    spikes = [np.flatnonzero(tick).astype(np.uint32) for tick in both]

    def run() -> None:
        for address in spikes:
            network.step(address)

    return Side(run, lambda: network.weights("pre -> post"))


@numba.njit
def _dense_tick(
    weight: Matrix, x: Matrix, y: Matrix, pre: Matrix, post: Matrix, decay: float, rate: float
) -> None:
    for row in range(x.size):
        x[row] = x[row] * decay + pre[row]
    for column in range(y.size):
        y[column] *= decay
    for row in range(x.size):
        for column in range(y.size):
            changed = weight[row, column] - rate * pre[row] * y[column]
            changed = min(max(changed, numba.float32(0)), numba.float32(1))
            changed += rate * x[row] * post[column]
            weight[row, column] = min(max(changed, numba.float32(0)), numba.float32(1))
    for column in range(y.size):
        y[column] += post[column]


def dense_numba(weights: Matrix, pre: Raster, post: Raster) -> Side:
    """The rule alone, on every weight in every tick."""
    own = weights.copy()
    x, y = np.zeros(SOURCES, np.float32), np.zeros(TARGETS, np.float32)
    decay, rate = np.float32(math.exp(-1.0 / TAU_MS)), np.float32(RATE)
    # numba's types know no arguments.
    tick: Any = _dense_tick
    spikes = list(zip(pre.astype(np.float32), post.astype(np.float32), strict=True))

    def run() -> None:
        for before, after in spikes:
            tick(own, x, y, before, after, decay, rate)

    return Side(run, lambda: own)


def norse(weights: Matrix, pre: Raster, post: Raster) -> Side:
    """norse's stdp_step_linear alone.

    Its traces decay by Euler steps, and those of targets hold the spikes of the same tick.
    """
    import torch
    from norse.torch.functional.stdp import STDPParameters, STDPState, stdp_step_linear

    torch.set_num_threads(1)
    parameters = STDPParameters(
        # An Euler step of dt / tau adds 1.
        a_pre=torch.tensor(TAU_MS),
        a_post=torch.tensor(TAU_MS),
        tau_pre_inv=torch.tensor(1e3 / TAU_MS),
        tau_post_inv=torch.tensor(1e3 / TAU_MS),
        w_min=torch.tensor(0.0),
        w_max=torch.tensor(1.0),
        eta_plus=torch.tensor(RATE),
        eta_minus=torch.tensor(RATE),
        stdp_algorithm="additive",
        hardbound=True,
        convolutional=False,
    )
    state = STDPState(t_pre=torch.zeros(1, SOURCES), t_post=torch.zeros(1, TARGETS))
    present = torch.from_numpy(weights.T.copy())
    spikes = [
        (torch.from_numpy(before)[None].float(), torch.from_numpy(after)[None].float())
        for before, after in zip(pre, post, strict=True)
    ]

    def run() -> None:
        nonlocal present, state
        with torch.inference_mode():
            for before, after in spikes:
                present, state = stdp_step_linear(before, after, present, state, parameters, 1e-3)

    def transposed() -> Matrix:
        matrix: Matrix = present.numpy().T
        return matrix

    return Side(run, transposed)


def measure_stdp() -> Row:
    """Run all sides, compare their weights, and time them in turn; medians per tick."""
    generator = np.random.default_rng(0)
    pre, post = (generator.random((TICKS, size)) < ACTIVITY for size in (SOURCES, TARGETS))
    weights = (0.2 + 0.6 * generator.random((SOURCES, TARGETS))).astype(np.float32)
    sides = {"ours": ours(weights, pre, post), "numba": dense_numba(weights, pre, post)}
    if importlib.util.find_spec("norse"):
        sides["norse"] = norse(weights, pre, post)
    learned = {}
    for name, side in sides.items():
        side.run()
        learned[name] = side.weights().copy()
    us: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            us[name].append(1e6 * timeit.timeit(side.run, number=1) / TICKS)
    median = {name: statistics.median(times) for name, times in us.items()}
    peers = {name: time_us for name, time_us in median.items() if name != "ours"}
    return {
        "work": "stdp",
        "sources": SOURCES,
        "targets": TARGETS,
        "activity": ACTIVITY,
        "ours_us": median["ours"],
        "peers": peers,
        "largest_difference": float(np.abs(learned["ours"] - learned["numba"]).max()),
        "largest_change": float(np.abs(learned["ours"] - weights).max()),
    }


def right(row: Row) -> bool:
    """Tell whether weights have changed, and are those of dense numba."""
    return bool(row["largest_difference"] < 1e-5 < row["largest_change"])


def shown(row: Row) -> Row:
    """Return a row as the table shows it."""
    ratios = {f"{name}/ours": time_us / row["ours_us"] for name, time_us in row["peers"].items()}
    return {"work": row["work"], "ours_us": row["ours_us"], **row["peers"], **ratios}


def main() -> int:
    """Measure and print; 1 if the weights differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    as_json = parser.parse_args().json
    stdp, rls = measure_stdp(), measure_rls()
    if as_json:
        print(json.dumps([stdp, rls]))
    else:
        for row in (stdp, rls):
            print(table([shown(row)]))
    return 0 if right(stdp) else 1


if __name__ == "__main__":
    sys.exit(main())
