"""Measure how fast a network runs here and what it costs, apart from the one that drives."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from neuromorphic_ros.backends.base import Compile, Runner
from neuromorphic_ros.energy.price import operations, price
from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.pipeline.answering import answering
from neuromorphic_ros.pipeline.energy_account import Hardware
from neuromorphic_ros.pipeline.hardware_survey import drawn
from neuromorphic_ros.pipeline.models import find_model, model_names
from neuromorphic_ros.snn.spec import NetworkSpec

MAX_INFERENCES = 1_000_000
MAX_TICKS = 10_000_000
MAX_SPIKES = 100_000_000
MAX_S = 10.0
ACCURACY = "accuracy"


class BenchmarkError(NeuromorphicError, ValueError):
    """A measurement that cannot be made, or would take too long."""


class Workload(NamedTuple):
    """What to measure: `iterations` times `batch` inferences of `ticks`, each from rest.

    activity: share of the channels that spike in a tick, drawn once from the seed of the network.
    """

    batch: int
    ticks: int
    iterations: int
    activity: float


class Benchmark(NamedTuple):
    """Times of single inferences, and energy by published prices with static power.

    energy_per_operation_pj: of a synaptic event, all that an inference takes shared among them;
    NaN without any. ratio: of the baseline's energy over that of the network.
    """

    latency_us_p50: float
    latency_us_p99: float
    inferences_per_s: float
    energy_per_inference_pj: float
    energy_per_operation_pj: float
    baseline_per_inference_pj: float
    ratio: float


def check(workload: Workload, channels: int) -> None:
    """Raise BenchmarkError naming the value and its limits if a workload is none."""
    batch, ticks, iterations, activity = workload
    if min(batch, ticks, iterations) < 1:
        raise BenchmarkError(
            f"batch {batch}, ticks {ticks} and iterations {iterations} must be at least 1"
        )
    if not 0 <= activity <= 1:
        raise BenchmarkError(f"activity {activity} is outside of 0..1")
    if batch * iterations > MAX_INFERENCES or batch * iterations * ticks > MAX_TICKS:
        raise BenchmarkError(
            f"{iterations} iterations of {batch} inferences of {ticks} ticks: at most "
            f"{MAX_INFERENCES} inferences and {MAX_TICKS} ticks of all are measured at once"
        )
    if batch * ticks * channels * activity > MAX_SPIKES:
        raise BenchmarkError(
            f"{batch} inferences of {ticks} ticks draw more than {MAX_SPIKES} spikes: ask for less"
        )


def benchmark(
    runner: Runner,
    workload: Workload,
    hardware: Hardware,
    clock_s: Callable[[], float] = time.perf_counter,
) -> Benchmark:
    """Run a workload that was checked.

    Raises BenchmarkError if it takes longer than 10 s, and NeuromorphicError as the runner does.
    """
    batch, ticks, iterations, activity = workload
    spikes = drawn(runner.spec, activity, batch * ticks)
    inputs = [spikes.between(row * ticks, (row + 1) * ticks) for row in range(batch)]
    runner.reset()
    runner.run(inputs[0])
    before = runner.counts()
    times_s = np.empty((iterations, batch))
    begun_s = clock_s()
    for iteration in times_s:
        for row, given in enumerate(inputs):
            start_s = clock_s()
            runner.reset()
            runner.run(given)
            iteration[row] = clock_s() - start_s
        if clock_s() - begun_s > MAX_S:
            raise BenchmarkError(f"stopped after {MAX_S:g} s: ask for fewer iterations")
    counts, inferences = runner.counts().since(before), batch * iterations
    seconds = inferences * ticks * runner.spec.dt_ms * 1e-3
    priced = price(counts, seconds, *hardware)
    events = operations(counts)["synaptic_event"]
    baseline_pj = priced.baseline_pj + _static(priced.baseline_static_pj)
    p50, p99 = np.percentile(times_s, (50, 99)) * 1e6
    return Benchmark(
        latency_us_p50=float(p50),
        latency_us_p99=float(p99),
        inferences_per_s=float(inferences / times_s.sum()),
        energy_per_inference_pj=priced.total_pj / inferences,
        energy_per_operation_pj=priced.total_pj / events if events else math.nan,
        baseline_per_inference_pj=baseline_pj / inferences,
        ratio=baseline_pj / priced.total_pj if priced.total_pj else math.nan,
    )


def accuracy(network: str) -> float:
    """Return the share of samples that a shipped model gets right by its card; NaN: it has none."""
    if network not in model_names():
        return math.nan
    card = find_model(network).card
    return card.value if card.metric == ACCURACY else math.nan


def prepare(
    spec: NetworkSpec, compile_network: Compile, workload: Workload, hardware: Hardware
) -> Callable[[], Benchmark | str]:
    """Check a workload and return what measures it, for another thread.

    It returns why it could not if it could not. Raises BenchmarkError as `check` does.
    """
    check(workload, spec.channels)

    return answering(lambda: benchmark(compile_network(spec), workload, hardware))


def _static(energy_pj: float) -> float:
    return 0.0 if math.isnan(energy_pj) else energy_pj
