"""Which engine runs a network, and what it needs."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from neuromorphic_ros.backends.brainscales import brainscales
from neuromorphic_ros.backends.brainscales.brainscales import ENGINES, compile_brainscales
from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.errors import BackendError, NetworkError
from neuromorphic_ros.snn.builder import Network

SPEC = Network().add_input("in", 1).add("a", 1).connect("in", "a").spec()


def test_the_first_engine_is_the_one_by_default() -> None:
    pytest.importorskip("nest", reason="PyNN is not installed")
    assert compile_brainscales(SPEC, Options()).engine == ENGINES[0] == "nest"
    assert compile_brainscales(SPEC, Options(engine="brian2")).engine == "brian2"


@pytest.mark.parametrize(
    ("engine", "way_out"),
    [("nest", r"pip install 'neuromorphic_ros\[pynn\]'"), ("brainscales2", "in the container")],
)
def test_what_is_not_installed_is_named_with_a_way_out(
    engine: str, way_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(name: str) -> Any:
        return None

    monkeypatch.setattr(importlib.util, "find_spec", nothing)
    with pytest.raises(
        BackendError, match=f"engine '{engine}': pyNN, .* not installed; .*{way_out}"
    ):
        compile_brainscales(SPEC, Options(engine=engine))


def test_what_does_not_fit_is_refused_before_anything_runs() -> None:
    with pytest.raises(NetworkError, match="600 neurons, a chip has 512"):
        compile_brainscales(Network().add("a", 600).spec(), Options())


def test_all_engines_are_in_the_script() -> None:
    from neuromorphic_ros.backends.brainscales.pynn_network import SIMULATORS

    assert set(ENGINES) == set(SIMULATORS) == set(brainscales._IMPORTS)
