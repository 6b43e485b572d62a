"""Loihi as a backend: how networks fit, and the engine that is asked for runs."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
from lava_installed import needs_lava

from neuromorphic_ros.backends.loihi.loihi import ENGINES, compile_loihi, examine
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.tick_spikes import TickSpikes

from .test_runner import SPEC as TWO
from .test_runner import spikes

CONTENT: dict[str, Any] = {
    "name": "tiny",
    "dt_ms": 1.0,
    "inputs": [{"name": "a", "shape": [1]}],
    "populations": [{"name": "b", "shape": [2]}],
    "projections": [{"pre": "a", "post": "b", "weights": 1.0, "delay_ticks": 1}],
}
FINE = "a threshold between weight units"
SPEC = build(NetworkSpec, CONTENT, "network", NetworkError)


def of(neuron: Lif) -> NetworkSpec:
    """Return the network with other neurons."""
    (population,) = SPEC.populations
    return dataclasses.replace(SPEC, populations=(dataclasses.replace(population, neuron=neuron),))


@pytest.mark.parametrize("engine", ["", "integer", pytest.param("lava", marks=needs_lava)])
def test_an_engine_runs_a_network(engine: str) -> None:
    runner = compile_loihi(SPEC, Options(engine=engine))
    assert runner.spec is SPEC
    fired = runner.run(TickSpikes(np.zeros(1, np.uint32), np.array([0, 1, 1])))
    assert (fired.address.tolist(), fired.first.tolist()) == ([0, 1], [0, 0, 2])


@needs_lava
def test_lava_spikes_and_counts_as_the_integers_do_and_goes_on_from_them() -> None:
    ours, lava = (compile_loihi(TWO, Options(engine=engine)) for engine in ("integer", "lava"))
    for spiked, expected in zip(lava.run(spikes()), ours.run(spikes()), strict=True):
        assert spiked.tolist() == expected.tolist()
    for name, count in ours.counts()._asdict().items():
        assert np.array_equal(getattr(lava.counts(), name), count), name
    again = compile_loihi(TWO)
    again.adopt(ours)
    lava.reset()
    lava.adopt(ours)
    assert lava.run(spikes(30)).address.tolist() == again.run(spikes(30)).address.tolist()


def test_what_the_neurons_of_lava_do_not_do_is_refused_by_name() -> None:
    with pytest.raises(NetworkError, match=r"population 'b' has reset by subtraction.*`integer`"):
        compile_loihi(of(Lif(reset="subtract")), Options(engine="lava"))


def test_integers_are_the_first_engine() -> None:
    assert next(iter(ENGINES)) == "integer"


def test_a_network_that_fits_is_described() -> None:
    fit = examine(SPEC)
    assert fit.fits
    assert (fit.cores, fit.cores_available, fit.weight_bits) == (1, 128, 8)
    assert fit.weight_error == pytest.approx(0, abs=1e-6)
    assert fit.lag_ticks == {"b": 0}
    details = json.loads(json.dumps(fit.details))
    # Seven spikes of the channel in a tick must not be too much.
    units = 9216
    assert details == {
        "lava_lif": True,
        "beyond_lava": {},
        "message_bits": 3,
        "synapses": 2,
        "populations": {"b": {"threshold": units, "most_thresholds": 2**23 / 64 / units}},
        "projections": {
            "a -> b": {
                "weight_error": pytest.approx(0, abs=1e-6),
                "lost_weights": 0,
                "delay_ticks": 1,
                "late_ticks": 0,
            }
        },
    }


@pytest.mark.parametrize(
    ("neuron", "beyond"),
    [
        (Lif(reset="subtract", floor=-1.0), ["reset by subtraction", "a floor", FINE]),
        (Lif(refractory_ms=2.0), ["a refractory period", FINE]),
        (Lif(refractory_ms=2.0, strict=True), ["a refractory period"]),
    ],
)
def test_what_neurons_of_lava_cannot_do_is_told(neuron: Lif, beyond: list[str]) -> None:
    details = examine(of(neuron)).details
    assert details["lava_lif"] is False
    assert details["beyond_lava"] == {"b": beyond}


@pytest.mark.parametrize(
    ("neuron", "reason"),
    [
        (Lif(multi_spike=True), "population 'b' fires several spikes in a tick"),
        (Lif(bias=-1e4), "population 'b' may receive 10000 thresholds in a tick"),
    ],
)
def test_a_network_that_does_not_fit_is_told_why(neuron: Lif, reason: str) -> None:
    fit = examine(of(neuron))
    assert not fit.fits
    assert [each.startswith(reason) for each in fit.reasons] == [True]
    assert (fit.cores, fit.cores_available) == (0, 128)
    assert math.isnan(fit.weight_error)
    with pytest.raises(NetworkError, match=reason):
        compile_loihi(of(neuron))


def test_projections_between_the_same_populations_are_told_apart() -> None:
    spec = dataclasses.replace(SPEC, projections=2 * SPEC.projections)
    assert list(examine(spec).details["projections"]) == ["a -> b", "a -> b (2)"]
