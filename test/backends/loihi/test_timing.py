"""Lags of populations, and the ticks that projections take."""

from __future__ import annotations

from typing import Any

from neuromorphic_ros.backends.loihi.timing import timed
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.spec import NetworkSpec


def network(*projections: tuple[str, str, int], **neurons: Any) -> NetworkSpec:
    """Return populations b, c and d of one neuron, and projections with their delays."""
    content = {
        "name": "timed",
        "dt_ms": 1.0,
        "inputs": [{"name": "a", "shape": [1]}],
        "populations": [
            {"name": name, "shape": [1], "neuron": neurons.get(name, {"model": "lif"})}
            for name in "dcb"
        ],
        "projections": [
            {"pre": pre, "post": post, "delay_ticks": delay} for pre, post, delay in projections
        ],
    }
    return build(NetworkSpec, content, "network", NetworkError)


def test_a_chain_lags_by_a_tick_for_each_connection() -> None:
    found = timed(network(("a", "b", 0), ("b", "c", 0), ("c", "d", 0)))
    assert found.lag_ticks == {"b": 1, "c": 2, "d": 3}
    assert found.takes_ticks == (1, 1, 1)
    assert found.late_ticks == (0, 0, 0)


def test_a_shorter_way_is_delayed_until_the_longer_one_is_there() -> None:
    found = timed(network(("a", "b", 0), ("b", "c", 3), ("a", "c", 5), ("a", "d", 2)))
    assert found.lag_ticks == {"b": 1, "c": 0, "d": 0}
    assert found.takes_ticks == (1, 2, 5, 2)


def test_a_synapse_that_waits_a_tick_is_a_delay() -> None:
    neuron = {"model": "cuba_lif", "input_in": "next_tick"}
    found = timed(network(("a", "b", 0), ("b", "b", 1), b=neuron))
    assert found.lag_ticks == {"b": 0, "c": 0, "d": 0}
    assert found.takes_ticks == (1, 2)


def test_a_loop_that_is_too_fast_is_slowed_and_told() -> None:
    found = timed(network(("a", "b", 0), ("b", "c", 0), ("c", "b", 1)))
    assert found.takes_ticks == (1, 1, 1)
    assert found.late_ticks == (0, 1, 0)
    assert found.lag_ticks == {"b": 1, "c": 1, "d": 0}
