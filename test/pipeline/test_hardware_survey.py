from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.backends.base import Backend, Runner
from neuromorphic_ros.backends.fit import Fit
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.pipeline.hardware_survey import TICKS, document, drawn, survey
from neuromorphic_ros.pipeline.networks import find_hardware
from neuromorphic_ros.snn.neurons.leaky import If
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection, Readout
from neuromorphic_ros.snn.streaming import StreamingNetwork

SPEC = NetworkSpec(
    name="chain",
    dt_ms=2,
    inputs=(Input("seen", (10,)),),
    populations=(Population("hidden", (4,), If()), Population("out", (2,), If())),
    projections=(Projection("seen", "hidden", 0.3), Projection("hidden", "out", 0.3)),
    readouts=(Readout("drive", "any", "out"),),
    seed=5,
)


def backend(fit: Fit, compile_network: Any = lambda spec, options: StreamingNetwork(spec)) -> Any:
    return Backend(
        "chip",
        "",
        "works",
        "needs hardware",
        ("loihi2", "loihi1"),
        ("simulated",),
        lambda spec: fit,
        compile_network,
    )


FIT = Fit(3, 128, 8, 0.01, {"hidden": 1, "out": 4}, {"hops": 2.5}, ())


def test_the_cost_of_a_tick_is_that_of_the_counts_on_the_hardware() -> None:
    found = survey(SPEC, backend(FIT), activity=0.5)
    network = StreamingNetwork(SPEC)
    network.run(drawn(SPEC, 0.5, TICKS))
    counts, prices = network.counts(), find_hardware("loihi2").prices
    assert prices.synaptic_event
    assert prices.neuron_update
    assert prices.idle_update
    expected = (
        counts.synaptic_events.sum() * prices.synaptic_event.value
        + counts.active_updates.sum() * prices.neuron_update.value
        + counts.idle_updates.sum() * prices.idle_update.value
    )
    assert document(found)["dynamic_pj_per_tick"] == pytest.approx(expected / TICKS)
    static_pj = 0.104 * SPEC.dt_ms * 1e9
    assert found.energy_pj_per_tick == pytest.approx(expected / TICKS + static_pj)
    assert found.hardware == "loihi2"
    assert found.not_run == ""


def test_activity_costs() -> None:
    quiet, busy = (survey(SPEC, backend(FIT), activity) for activity in (0.0, 1.0))
    assert quiet.energy_pj_per_tick < busy.energy_pj_per_tick


def test_the_latency_is_that_of_what_is_read_out_or_what_the_backend_tells() -> None:
    assert survey(SPEC, backend(FIT)).latency_ms == 2 * (1 + 4)
    told = FIT._replace(details={"latency_ms": 33.0})
    assert survey(SPEC, backend(told)).latency_ms == 33.0


def test_what_does_not_fit_is_not_run() -> None:
    def fail(spec: NetworkSpec, options: Options) -> Runner:
        raise AssertionError("it was run")

    wrong = Fit(0, 128, 8, math.nan, {}, {}, ("too large",))
    found = document(survey(SPEC, backend(wrong, fail)))
    assert found["fits"] is False
    assert found["reasons"] == ["too large"]
    assert found["energy_pj_per_tick"] is found["weight_error"] is None


def test_what_cannot_run_here_says_why() -> None:
    def missing(spec: NetworkSpec, options: Options) -> Runner:
        raise BackendError("install it")

    found = survey(SPEC, backend(FIT, missing))
    assert found.fit.fits
    assert found.not_run == "install it"
    assert math.isnan(found.energy_pj_per_tick)


def test_what_has_no_price_is_named() -> None:
    found = document(survey(SPEC, backend(FIT)._replace(hardware=("brainscales2",))))
    assert found["dynamic_pj_per_tick"] == 0
    assert "synaptic_event" in found["energy_missing"]
    assert found["not_run"] == ""


def test_the_document_is_json_with_what_scripts_ask_for() -> None:
    found = document(survey(SPEC, backend(FIT)))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    asked = {
        "status": "works",
        "fits": True,
        "cores": 3,
        "weight_bits": 8,
        "weight_error": 0.01,
        "reasons": [],
    }
    assert asked.items() <= found.items()
    assert found["energy_pj_per_tick"] > 0


@pytest.mark.parametrize("activity", [0.0, 0.1, 1.0])
def test_input_is_drawn_from_the_seed_of_the_network(activity: float) -> None:
    spikes, again = drawn(SPEC, activity, 500), drawn(SPEC, activity, 500)
    assert all(np.array_equal(*each) for each in zip(spikes, again, strict=True))
    assert spikes.ticks == 500
    assert spikes.address.size / (500 * 10) == pytest.approx(activity, abs=0.02)
    for tick in range(500):
        address = spikes.between(tick, tick + 1).address
        assert np.all(np.diff(address.astype(int)) > 0)
