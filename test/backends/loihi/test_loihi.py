"""Loihi as a backend: the engine that is asked for runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.backends.loihi.loihi import ENGINES, compile_loihi
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.tick_spikes import TickSpikes

CONTENT: dict[str, Any] = {
    "name": "tiny",
    "dt_ms": 1.0,
    "inputs": [{"name": "a", "shape": [1]}],
    "populations": [{"name": "b", "shape": [2]}],
    "projections": [{"pre": "a", "post": "b", "weights": 2.0, "delay_ticks": 1}],
}
SPEC = build(NetworkSpec, CONTENT, "network", NetworkError)


@pytest.mark.parametrize("engine", ["", "integer"])
def test_an_engine_runs_a_network(engine: str) -> None:
    runner = compile_loihi(SPEC, Options(engine=engine))
    assert runner.spec is SPEC
    fired = runner.run(TickSpikes(np.zeros(1, np.uint32), np.array([0, 1, 1])))
    assert (fired.address.tolist(), fired.first.tolist()) == ([0, 1], [0, 0, 2])


def test_integers_are_the_first_engine() -> None:
    assert next(iter(ENGINES)) == "integer"
