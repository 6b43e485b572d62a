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

from .lava_installed import needs_lava
from .test_runner import SPEC as TWO
from .test_runner import spikes

CONTENT: dict[str, Any] = {
    "name": "tiny",
    "dt_ms": 1.0,
    "inputs": [{"name": "a", "shape": [1]}],
    "populations": [{"name": "b", "shape": [2]}],
    "projections": [{"pre": "a", "post": "b", "weights": 2.0, "delay_ticks": 1}],
}
SPEC = build(NetworkSpec, CONTENT, "network", NetworkError)


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
    other = {
        **CONTENT,
        "populations": [{"name": "b", "shape": [2], "neuron": {"reset": "subtract"}}],
    }
    spec = build(NetworkSpec, other, "network", NetworkError)
    with pytest.raises(NetworkError, match=r"population 'b' .*subtract"):
        compile_loihi(spec, Options(engine="lava"))


def test_integers_are_the_first_engine() -> None:
    assert next(iter(ENGINES)) == "integer"
