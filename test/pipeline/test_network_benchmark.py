from __future__ import annotations

import itertools
import math

import pytest

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.pipeline.energy_account import priced_on
from neuromorphic_ros.pipeline.hardware_survey import drawn
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.network_benchmark import (
    Benchmark,
    BenchmarkError,
    Workload,
    accuracy,
    benchmark,
    check,
    prepare,
)
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork

SPEC = NetworkSpec(
    name="small",
    dt_ms=1,
    inputs=(Input("seen", (20,)),),
    populations=(Population("out", (4,), Lif()),),
    projections=(Projection("seen", "out", 0.3),),
    seed=3,
)
LOIHI = priced_on("loihi2")


def test_times_are_those_of_single_inferences() -> None:
    # Begin, then start and end of each inference and a look after each iteration.
    ticks = itertools.accumulate([0.0] + [0.0, 0.001, 0.0, 0.003, 0.0] * 2)
    found = benchmark(StreamingNetwork(SPEC), Workload(2, 5, 2, 0.2), LOIHI, ticks.__next__)
    assert found.latency_us_p50 == pytest.approx(2000)
    assert 2900 < found.latency_us_p99 <= 3000
    assert found.inferences_per_s == pytest.approx(500)


def test_energy_is_that_of_an_inference_from_rest() -> None:
    found = benchmark(StreamingNetwork(SPEC), Workload(1, 50, 3, 0.2), LOIHI)
    network = StreamingNetwork(SPEC)
    network.run(drawn(SPEC, 0.2, 50))
    counts, prices = network.counts(), LOIHI.model.prices
    assert prices.synaptic_event
    assert (
        found.energy_per_inference_pj > counts.synaptic_events.sum() * prices.synaptic_event.value
    )
    events = counts.synaptic_events.sum()
    assert found.energy_per_operation_pj == pytest.approx(found.energy_per_inference_pj / events)
    dense = LOIHI.baseline.prices.dense_mac
    assert dense
    assert found.baseline_per_inference_pj >= counts.dense_macs.sum() * dense.value
    sides = found.baseline_per_inference_pj, found.energy_per_inference_pj
    assert found.ratio == pytest.approx(sides[0] / sides[1])


def test_without_activity_no_operation_has_a_price() -> None:
    found = benchmark(StreamingNetwork(SPEC), Workload(1, 5, 1, 0.0), LOIHI)
    assert math.isnan(found.energy_per_operation_pj)
    assert found.energy_per_inference_pj > 0


@pytest.mark.parametrize(
    ("workload", "reason"),
    [
        (Workload(0, 1, 1, 0.1), "at least 1"),
        (Workload(1, 0, 1, 0.1), "at least 1"),
        (Workload(1, 1, 0, 0.1), "at least 1"),
        (Workload(1, 1, 1, -0.1), r"activity -0.1 is outside"),
        (Workload(1, 1, 1, math.nan), "activity nan is outside"),
        (Workload(1000, 1, 1001, 0.1), "at most 1000000 inferences"),
        (Workload(1, 10**7, 2, 0.1), "10000000 ticks"),
        (Workload(1000, 10_000, 1, 1.0), "more than 100000000 spikes"),
    ],
)
def test_a_workload_beyond_the_limits_is_refused(workload: Workload, reason: str) -> None:
    with pytest.raises(BenchmarkError, match=reason):
        check(workload, SPEC.channels)


def test_what_takes_too_long_is_stopped() -> None:
    seconds = itertools.count(0.0, 4.0)
    with pytest.raises(BenchmarkError, match="stopped after 10 s"):
        benchmark(StreamingNetwork(SPEC), Workload(1, 1, 5, 0.1), LOIHI, seconds.__next__)


def test_work_answers_with_what_went_wrong() -> None:
    def fail(spec: NetworkSpec) -> StreamingNetwork:
        raise ZeroDivisionError("a bug")

    def refuse(spec: NetworkSpec) -> StreamingNetwork:
        raise BackendError("it is not there")

    workload = Workload(1, 5, 2, 0.5)
    assert isinstance(prepare(SPEC, StreamingNetwork, workload, LOIHI)(), Benchmark)
    assert prepare(SPEC, fail, workload, LOIHI)() == "failed: ZeroDivisionError('a bug')"
    assert prepare(SPEC, refuse, workload, LOIHI)() == "it is not there"
    with pytest.raises(BenchmarkError):
        prepare(SPEC, StreamingNetwork, workload._replace(batch=0), LOIHI)


def test_the_accuracy_is_that_of_the_card_of_a_shipped_model() -> None:
    assert accuracy("digits") == find_model("digits").card.value
    assert math.isnan(accuracy("robot"))
    assert math.isnan(accuracy("graph_cars"))
