"""What is told of a network on a chip."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from neuromorphic_ros.backends.brainscales.fit import examine
from neuromorphic_ros.pipeline.networks import find_network, network_names
from neuromorphic_ros.snn.builder import Network
from neuromorphic_ros.snn.neurons.leaky import If, Lif
from neuromorphic_ros.snn.spec import NetworkSpec


def test_a_network_that_fits() -> None:
    fit = examine(find_network("motion_detector"))
    assert fit.fits
    assert (fit.cores, fit.cores_available, fit.weight_bits) == (2, 2, 6)
    assert fit.weight_error < 0.001
    assert fit.lag_ticks == {"cell": 1, "whole": 1, "retinotopic": 2}
    details = fit.details
    assert details["neurons"] == 385
    assert details["sources"] == 192
    assert details["tick_us"] * details["speed_up"] == pytest.approx(1e3)
    assert details["lost"]["cell"] == ["reset: subtract"]
    assert not details["saturated"]


def test_a_window_of_robot_time_is_played_after_the_history() -> None:
    details = examine(find_network("motion_detector")).details
    played_ms = details["window_ms"] / details["speed_up"] + details["history_us"] * 1e-3
    assert details["played_ms"] == pytest.approx(played_ms)
    assert details["latency_ms"] == pytest.approx(details["window_ms"] + played_ms)


def test_saturation_is_told_and_is_json() -> None:
    network = Network().add_input("in", 1).add("a", 1, Lif(tau_mem_ms=1e6)).add("b", 1, If())
    fit = examine(network.connect("in", "a").connect("a", "b").spec())
    assert fit.fits
    saturated = fit.details["saturated"]
    assert saturated["a.tau_mem_ms"]["set"] == pytest.approx(120)
    assert saturated["b.tau_mem_ms"]["wanted"] is None
    json.loads(json.dumps(fit.details, allow_nan=False))


@pytest.mark.parametrize("name", network_names())
def test_no_shipped_network_breaks_it(name: str) -> None:
    fit = examine(find_network(name))
    assert fit.fits != bool(fit.reasons)
    assert math.isnan(fit.weight_error) == bool(fit.reasons)
    json.dumps(fit.details, allow_nan=False)
    assert all("; choose" in reason for reason in fit.reasons)


def test_a_projection_that_does_not_fit_its_ends_is_a_reason() -> None:
    content: dict[str, Any] = {
        "name": "wrong",
        "dt_ms": 1,
        "inputs": [{"name": "a", "shape": [2]}],
        "populations": [{"name": "b", "shape": [3]}],
        "projections": [{"pre": "a", "post": "b", "weights": [1, 2]}],
    }
    (reason,) = examine(NetworkSpec(**content)).reasons
    assert reason.startswith("projection a -> b")
