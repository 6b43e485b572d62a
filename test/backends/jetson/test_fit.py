"""How a network fits on a Jetson: cores, memory, what rounding changes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.backends.jetson import fit as module
from neuromorphic_ros.backends.jetson.fit import Board, examine
from neuromorphic_ros.backends.limits import Count
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.networks import find_network, network_files
from neuromorphic_ros.snn import summary
from neuromorphic_ros.snn.spec import NetworkSpec

WEIGHTS = [[0.3, -1.7], [0.001, 2.25], [0.0, 0.7]]


def network(*projections: dict[str, Any]) -> NetworkSpec:
    content = {
        "name": "net",
        "dt_ms": 1.0,
        "inputs": [{"name": "a", "shape": [3]}],
        "populations": [{"name": "b", "shape": [2]}, {"name": "c", "shape": [2]}],
        "projections": list(projections),
    }
    return build(NetworkSpec, content, "network", NetworkError)


def stored(precision: str, **more: Any) -> dict[str, Any]:
    return {"pre": "a", "post": "b", "weights": WEIGHTS, "precision": precision, **more}


@pytest.mark.parametrize("name", network_files())
def test_every_shipped_network_fits_and_loses_nothing(name: str) -> None:
    spec = find_network(name)
    found = examine(spec)
    assert found.fits
    assert (found.cores, found.cores_available) == (1, 6)
    assert found.weight_bits == (8 if name == "converted_digits" else 32)
    assert found.weight_error == 0.0
    assert found.lag_ticks == {population.name: 0 for population in spec.populations}
    assert found.details["memory_bytes"] == summary.summarize(spec).bytes


@pytest.mark.parametrize(("precision", "bits"), [("float16", 16), ("int8", 8)])
def test_the_error_is_that_of_rounding(precision: str, bits: int) -> None:
    found = examine(network(stored(precision)))
    given = np.array(WEIGHTS)
    if precision == "float16":
        kept = given.astype(np.float16)
    else:
        kept = np.rint(given / 2.25 * 127) * 2.25 / 127
    expected = math.sqrt(np.sum((kept - given) ** 2) / np.sum(given**2))
    assert 0 < expected < 0.01
    assert found.weight_error == pytest.approx(expected, rel=1e-3)
    assert found.weight_bits == bits


def test_the_widest_weights_tell_the_bits() -> None:
    other = {"pre": "b", "post": "c", "weights": 1.0}
    assert examine(network(stored("int8"), other)).weight_bits == 32
    assert examine(network()).weight_bits == 32


def test_weights_of_nothing_are_not_changed() -> None:
    assert examine(network(stored("int8", weights=0.0))).weight_error == 0.0


def test_torch_takes_matrices() -> None:
    drawn = {"pre": "a", "post": "c", "pattern": {"type": "random", "probability": 0.1}}
    found = examine(network(stored("float16"), stored("int8"), drawn))
    assert found.details["torch_weight_bytes"] == 6 * 2 + 6 * 4 + 6 * 4


def test_what_is_too_large_for_the_board_is_told_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tiny = Board(Count(6, "cores", "a sheet"), Count(1, "GB", "a sheet"))
    monkeypatch.setattr(module, "limits", lambda hardware, cls: tiny)
    monkeypatch.setattr(summary, "BUILT_AT_MOST", 1000)
    large = build(
        NetworkSpec,
        {
            "name": "large",
            "dt_ms": 1.0,
            "inputs": [{"name": "a", "shape": [20000]}],
            "populations": [{"name": "b", "shape": [30000]}],
            "projections": [{"pre": "a", "post": "b", "precision": "float16"}],
            "max_synapses": 10**9,
        },
        "network",
        NetworkError,
    )
    found = examine(large)
    assert not found.fits
    assert "network 'large' takes " in found.reasons[0]
    assert "the board has 1000000000: take fewer synapses" in found.reasons[0]
    assert math.isnan(found.weight_error)


def test_a_network_that_cannot_be_built_does_not_fit() -> None:
    found = examine(network(stored("float32", weights=[1.0, 2.0])))
    assert not found.fits
    assert "projection a -> b" in found.reasons[0]
