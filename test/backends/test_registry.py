"""Every backend tells the truth about itself."""

from __future__ import annotations

from typing import Any

import pytest

from neuromorphic_ros.backends.options import Options
from neuromorphic_ros.backends.registry import BACKENDS, backend, compiler
from neuromorphic_ros.errors import BackendError, NetworkError
from neuromorphic_ros.snn.spec import NetworkSpec

STATUS = ("works", "needs hardware", "not implemented")
CONTENT: dict[str, Any] = {
    "name": "tiny",
    "dt_ms": 1,
    "inputs": [{"name": "a", "sensor": "imu", "encoder": "any", "shape": [2]}],
    "populations": [{"name": "b", "shape": [3]}],
}
SPEC = NetworkSpec(**CONTENT)


def test_the_promised_backends_are_there_under_their_names() -> None:
    assert list(BACKENDS) == ["jetson", "loihi", "brainscales", "truenorth"]
    assert all(backend(name).name == name for name in BACKENDS)


@pytest.mark.parametrize("name", BACKENDS)
def test_the_status_is_one_of_the_documented_words_and_is_kept(name: str) -> None:
    if name == "brainscales":
        pytest.importorskip("nest", reason="PyNN is not installed")
    found = backend(name)
    assert found.here in STATUS
    assert found.on_hardware in STATUS
    if found.here == "works":
        runner = found.compiled(SPEC)
        assert runner.spec == SPEC
        assert runner.counts().names == ("a", "b")
        with pytest.raises(BackendError, match=f"'{name}' has no engine 'abacus'; there are "):
            found.compiled(SPEC, Options(engine="abacus"))


def test_a_compiler_takes_options_by_name() -> None:
    network = compiler("jetson", {"engine": "streaming", "device": "cpu"})(SPEC)
    assert network.spec == SPEC


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"engine": 1}, "engine"),
        ({"device": "tpu"}, "device 'tpu'|'auto', 'cpu' or 'cuda'"),
        ({"motor": "x"}, "motor"),
    ],
)
def test_a_wrong_option_is_refused_with_the_backend(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(BackendError, match=f"backend 'jetson'.*({reason})"):
        compiler("jetson", options)


def test_a_network_that_cannot_be_built_is_refused_by_compiling() -> None:
    projections = [{"pre": "a", "post": "b", "weights": [1, 2]}]
    wrong = NetworkSpec(**{**CONTENT, "projections": projections})
    with pytest.raises(NetworkError, match="projection a -> b"):
        backend("jetson").compiled(wrong)


@pytest.mark.parametrize("name", ["", "Jetson", "loihi3"])
def test_an_unknown_backend_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(BackendError, match="jetson, loihi, brainscales, truenorth"):
        backend(name)
