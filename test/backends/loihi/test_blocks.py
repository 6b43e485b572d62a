"""Connections between parts become connections between wholes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.backends.loihi.blocks import block
from neuromorphic_ros.backends.loihi.dense import FixedDense
from neuromorphic_ros.backends.loihi.engine import FixedNetwork
from neuromorphic_ros.backends.loihi.neuron import FixedLif
from neuromorphic_ros.errors import NetworkError


def network(**changes: Any) -> FixedNetwork:
    """Return three channels, two populations and a connection within the first."""
    neurons = tuple(FixedLif(size=size, du=4095, dv=0, vth=50) for size in (2, 4))
    part = FixedDense(source=1, target=3, weights=np.array([[2, 4], [6, -8]]), exponent=-2, delay=3)
    return FixedNetwork(3, neurons, (part._replace(**changes),))


def test_what_is_not_connected_has_weights_of_zero() -> None:
    found = block(network(), 0)
    assert (found.pre, found.post, found.exponent, found.delay) == (0, 2, -2, 3)
    assert found.weights.tolist() == [[0, 0, 0], [0, 2, 6], [0, 4, -8], [0, 0, 0]]


def test_weights_are_as_8_bits_keep_them() -> None:
    found = block(network(weights=np.array([[3, 300], [-3, -300]])), 0)
    assert found.weights[1:3, 1:].tolist() == [[2, -4], [254, -256]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": 2}, "2 from 2 on are not of one population"),
        ({"source": 8}, "2 from 8 on are not of one population"),
        ({"target": 1}, "2 from 4 on are not of one population"),
        ({"target": 5}, "2 from 8 on are not of one population"),
        ({"exponent": 8}, "exponent 8"),
        ({"delay": 63}, "a delay of 63 ticks"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(NetworkError, match=f"connection 0: {message}"):
        block(network(**changes), 0)
