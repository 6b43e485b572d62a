"""Measure what liquids of spiking neurons can do beside an echo state network of the same size.

NARMA10 and Mackey-Glass by the normalised root mean square error on unseen steps, and memory
capacity. All sides get the same series and the same ridge regression, whose penalty is chosen on
the last fifth of the training steps. `naive` is a liquid as it is commonly built: Poisson spikes,
random input weights, recurrent synapses without delays. The row of the echo state network is
missing where reservoirpy is not installed.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from peers import echo_state
from reporting import Row, table

from neuromorphic_ros.learning import force
from neuromorphic_ros.pipeline.liquid import LiquidParameters, made_liquid
from neuromorphic_ros.snn.liquid_properties import memory_capacity, rank, ridge_solution
from neuromorphic_ros.snn.reservoir import ReservoirParameters

Values = npt.NDArray[np.float64]

SHAPE = (10, 10, 10)
STEPS, TRAIN, WASHOUT = 4000, 3000, 200
DELAYS = 150
HORIZON = 84
RIDGES = tuple(10.0**power for power in range(-9, 0))
FLOAT32_PENALTY = 1e-7
TICKS = 100
KERNEL_INPUTS, KERNEL_STEPS = 100, 20


class Task(NamedTuple):
    """A series that drives a reservoir, 0 to 1, and what it should make of it at every step."""

    name: str
    values: Values
    targets: Values


class Echo(NamedTuple):
    """Settings of the echo state network, the best of a small grid for the task.

    centre: of its input; off the middle, tanh makes products of inputs too, which NARMA10 needs.
    """

    radius: float
    input_scaling: float
    centre: float


ECHOES = {
    "narma10": Echo(0.95, 0.3, 0.0),
    "mackey_glass": Echo(0.9, 2.0, 0.5),
    "memory": Echo(1.0, 0.2, 0.5),
}


def narma10(steps: int, seed: int) -> Task:
    """Return the nonlinear moving average of order 10, its next value as target.

    Atiya & Parlos, New results on recurrent network training, IEEE Transactions on Neural Networks
    11, 2000.
    """
    u = np.random.default_rng(seed).uniform(0.0, 0.5, steps)
    y = np.zeros(steps + 1)
    for now in range(9, steps):
        window = y[now - 9 : now + 1]
        y[now + 1] = 0.3 * y[now] + 0.05 * y[now] * window.sum() + 1.5 * u[now - 9] * u[now] + 0.1
    return Task("narma10", 2.0 * u, y[1:])


def mackey_glass(steps: int, seed: int) -> Task:
    """Return the delay equation with tau 17 sampled at 1, its value `HORIZON` later as target.

    Mackey & Glass, Oscillation and chaos in physiological control systems, Science 197, 1977; by
    Runge-Kutta of order 4 with steps of 0.1, the delayed value held over each.
    """
    per_sample, tau = 10, 170
    count = (steps + HORIZON + 200) * per_sample + tau
    x = np.full(count + 1, 1.2)
    x[: tau + 1] += 0.1 * np.random.default_rng(seed).standard_normal(tau + 1)
    for now in range(tau, count):
        drive = 0.2 * x[now - tau] / (1.0 + x[now - tau] ** 10)

        def slope(value: float, drive: float = drive) -> float:
            return drive - 0.1 * value

        a = slope(x[now])
        b = slope(x[now] + 0.05 * a)
        c = slope(x[now] + 0.05 * b)
        d = slope(x[now] + 0.1 * c)
        x[now + 1] = x[now] + 0.1 * (a + 2 * b + 2 * c + d) / 6.0
    sampled = x[tau::per_sample][200:]
    scaled = (sampled - sampled.min()) / (sampled.max() - sampled.min())
    return Task("mackey_glass", scaled[:steps], scaled[HORIZON : HORIZON + steps])


def memory(steps: int, seed: int) -> Task:
    """Return independent values, which are their own target."""
    u = np.random.default_rng(seed).uniform(0.0, 1.0, steps)
    return Task("memory", u, u)


def spiking(shape: tuple[int, int, int], seed: int) -> LiquidParameters:
    """Return a liquid whose recurrent synapses take one to ten samples."""
    return LiquidParameters(
        reservoir=ReservoirParameters(
            shape=shape,
            reach=4.0,
            spectral_radius=0.95,
            bias=0.4,
            tau_mem_ms=(200.0, 2000.0),
            delay_ticks=tuple(TICKS * samples for samples in range(1, 11)),
            input_weights="graded",
            input_probability=1.0,
            input_scale=0.25,
            tau_trace_ms=80.0,
        ),
        low=(0.0,),
        high=(1.0,),
        ticks=TICKS,
        seed=seed,
    )


def naive(shape: tuple[int, int, int], seed: int) -> LiquidParameters:
    """Return a liquid as it is commonly built."""
    return LiquidParameters(
        reservoir=ReservoirParameters(shape=shape, tau_trace_ms=80.0),
        low=(0.0,),
        high=(1.0,),
        ticks=TICKS,
        spiking="poisson",
        seed=seed,
    )


class Fit(NamedTuple):
    """Error on unseen steps, and what was made of them."""

    nrmse: float
    ridge: float
    output: Values


def nrmse(output: Values, target: Values) -> float:
    """Return the root mean square error over the deviation of the target."""
    return float(np.sqrt(np.mean((output - target) ** 2)) / target.std())


def fit(states: Values, targets: Values, train: int, washout: int) -> Fit:
    """Fit a readout with a constant before `train` and return what it does after."""

    def output(first: int, stop: int, last: int, ridge: float) -> Values:
        x, y = states[first:stop], targets[first:stop]
        weights = ridge_solution(x - x.mean(0), (y - y.mean())[:, None], ridge)
        return np.asarray((states[stop:last] - x.mean(0)) @ weights[:, 0] + y.mean())

    middle = train - (train - washout) // 5
    errors = {
        ridge: nrmse(output(washout, middle, train, ridge), targets[middle:train])
        for ridge in RIDGES
    }
    ridge = min(errors, key=errors.__getitem__)
    found = output(washout, train, len(states), ridge)
    return Fit(nrmse(found, targets[train:]), ridge, found)


def online(states: Values, targets: Values, train: int, washout: int, ridge: float) -> float:
    """Return the error on unseen steps of a readout that FORCE trained in one pass.

    ridge: the penalty of `fit`, in the same measure.
    """
    features = np.hstack((states, np.ones((len(states), 1)))).astype(np.float32)
    # About the level of the target, so that the penalty is of what changes.
    level = targets[washout:train].mean()
    wanted = (targets - level)[:, None].astype(np.float32)
    penalty = ridge * states[washout:train].var(0).mean() * (train - washout)
    # What float32 needs.
    floor = FLOAT32_PENALTY * float(np.square(features[washout:train]).sum())
    parameters = force.ForceParameters(regularization=max(penalty, floor))
    state = force.start(parameters, features.shape[1], 1)
    for now in range(washout, train):
        _, state = force.step(parameters, state, features[now], wanted[now])
    found = features[train:] @ state.weights[0] + level
    return nrmse(np.asarray(found, np.float64), targets[train:])


def kernel_rank(parameters: LiquidParameters, noise: float, seed: int) -> int:
    """Return the rank of the states after different series, or after one and noise on it."""
    generator = np.random.default_rng(seed)
    one = generator.uniform(0.0, 1.0, KERNEL_STEPS)
    liquid = made_liquid(parameters)
    states = []
    for _ in range(KERNEL_INPUTS):
        liquid.reset()
        series = one + noise * generator.standard_normal(one.size)
        if not noise:
            series = generator.uniform(0.0, 1.0, KERNEL_STEPS)
        states.append(liquid.run(series[:, None])[-1])
    return rank(np.array(states), tolerance=1e-2)


class Side(NamedTuple):
    """A reservoir: from a task to its states, float64[steps, neurons]."""

    name: str
    states: Callable[[Task], Values]


def sides(shape: tuple[int, int, int], seed: int) -> list[Side]:
    """Return the reservoirs to compare, of one size."""

    def by_liquid(parameters: LiquidParameters) -> Callable[[Task], Values]:
        return lambda task: made_liquid(parameters).run(task.values[:, None]).astype(np.float64)

    def by_echo(task: Task) -> Values:
        echo = ECHOES[task.name]
        size = int(np.prod(shape))
        return echo_state.states(
            task.values - echo.centre, size, echo.radius, echo.input_scaling, seed
        )

    found = [
        Side("spiking", by_liquid(spiking(shape, seed))),
        Side("naive", by_liquid(naive(shape, seed))),
    ]
    return [Side("reservoirpy", by_echo), *found] if echo_state.available() else found


class Run(NamedTuple):
    """A row, and the last steps of each task to draw."""

    row: Row
    outputs: dict[str, Values]


def measure_one(side: Side, size: int, seed: int, steps: int = STEPS, train: int = TRAIN) -> Run:
    """Measure one reservoir."""
    row: Row = {"reservoir": side.name, "neurons": size, "seed": seed}
    outputs = {}
    for task in (narma10(steps, seed + 1), mackey_glass(steps, seed + 1)):
        begun = time.perf_counter()
        states = side.states(task)
        row["us_a_step"] = 1e6 * (time.perf_counter() - begun) / steps
        found = fit(states, task.targets, train, WASHOUT)
        row[f"{task.name}_nrmse"] = found.nrmse
        row[f"{task.name}_online_nrmse"] = online(states, task.targets, train, WASHOUT, found.ridge)
        outputs[task.name] = found.output
    task = memory(steps, seed + 2)
    delays = min(DELAYS, train // 4)
    states = side.states(task)
    # The penalty that remembers most on steps before the ones that count.
    middle = train - (train - WASHOUT) // 5
    ridge = max(
        RIDGES,
        key=lambda one: memory_capacity(
            states[:train], task.values[:train], delays, middle, WASHOUT, one
        ).sum(),
    )
    recalled = memory_capacity(states, task.values, delays, train, WASHOUT, ridge)
    row["memory_capacity"] = float(recalled.sum())
    outputs["memory"] = recalled
    return Run(row, outputs)


def measure(shape: tuple[int, int, int] = SHAPE, seed: int = 0) -> list[Run]:
    """Measure all reservoirs of a size; says on stderr which one is missing."""
    if not echo_state.available():
        print("no reservoirpy here: no echo state network to compare with", file=sys.stderr)
    runs = [measure_one(side, int(np.prod(shape)), seed) for side in sides(shape, seed)]
    liquids = {"spiking": spiking(shape, seed), "naive": naive(shape, seed)}
    for run in runs:
        parameters = liquids.get(run.row["reservoir"])
        run.row["kernel_rank"] = parameters and kernel_rank(parameters, 0.0, seed)
        run.row["generalisation_rank"] = parameters and kernel_rank(parameters, 0.01, seed)
    return runs


def figure(runs: list[Run], seed: int) -> bytes:
    """Draw what each makes of the first unseen steps, and its memory by delay; PNG."""
    names = {"narma10": "NARMA10", "mackey_glass": f"Mackey-Glass, {HORIZON} steps ahead"}
    drawn, axes = plt.subplots(3, 1, figsize=(9, 8), layout="constrained")
    for axis, task in zip(
        axes, (narma10(STEPS, seed + 1), mackey_glass(STEPS, seed + 1)), strict=False
    ):
        shown = 150
        axis.plot(task.targets[TRAIN:][:shown], color="black", linewidth=2.5, label="true")
        for run in runs:
            error = run.row[f"{task.name}_nrmse"]
            label = f"{run.row['reservoir']}, NRMSE {error:.2f}"
            axis.plot(run.outputs[task.name][:shown], linewidth=1.0, label=label)
        axis.set(title=names[task.name], xlabel="unseen step", ylabel="value")
        axis.legend(loc="upper right", fontsize="small")
    for run in runs:
        label = f"{run.row['reservoir']}, capacity {run.row['memory_capacity']:.0f}"
        axes[2].plot(1 + np.arange(len(run.outputs["memory"])), run.outputs["memory"], label=label)
    axes[2].set(title="Memory", xlabel="delay [steps]", ylabel="squared correlation")
    axes[2].legend(loc="upper right", fontsize="small")
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", dpi=100)
    plt.close(drawn)
    return buffer.getvalue()


def main() -> None:
    """Print the rows and draw the figure that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="also draw it as PNG there")
    parser.add_argument("--seed", type=int, default=0, help="of reservoirs and series")
    arguments = parser.parse_args()
    runs = measure(seed=arguments.seed)
    rows = [run.row for run in runs]
    print(json.dumps(rows) if arguments.json else table(rows))
    if arguments.figure:
        arguments.figure.write_bytes(figure(runs, arguments.seed))
        print(f"wrote {arguments.figure}", file=sys.stderr)


if __name__ == "__main__":
    main()
