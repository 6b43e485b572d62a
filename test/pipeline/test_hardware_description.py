from __future__ import annotations

from typing import Any

import pytest
import yaml

from neuromorphic_ros.backends.registry import BACKENDS
from neuromorphic_ros.errors import HardwareModelError
from neuromorphic_ros.pipeline.hardware_description import Description, prepare
from neuromorphic_ros.pipeline.networks import find_network, hardware_names
from neuromorphic_ros.snn.spec import NetworkSpec

SPEC = find_network("obstacle_avoider")


def described(hardware: str, spec: NetworkSpec | None = SPEC) -> dict[str, Any]:
    found = prepare(hardware, spec)()
    assert isinstance(found, Description)
    told: dict[str, Any] = yaml.safe_load(found.text)
    return told


@pytest.mark.parametrize("hardware", hardware_names())
def test_every_hardware_is_described_without_a_network(hardware: str) -> None:
    told = described(hardware, None)
    assert told["hardware"] == hardware
    assert told["description"]
    assert set(told) & {"prices", "static"}
    assert "network" not in told


@pytest.mark.parametrize("name", BACKENDS)
def test_a_network_is_mapped_on_the_hardware_of_a_backend(name: str) -> None:
    told = described(BACKENDS[name].hardware[-1])
    assert told["backend"] == name
    assert told["network"]["name"] == "obstacle_avoider"
    assert told["network"]["hardware"] == BACKENDS[name].hardware[-1]
    assert told["network"]["status"] == BACKENDS[name].here


def test_hardware_for_its_prices_alone_runs_nothing() -> None:
    told = described("digital_1pj")
    assert told["backend"] is None
    assert "network" not in told


def test_unknown_hardware_is_answered_by_those_there_are() -> None:
    with pytest.raises(HardwareModelError, match=r"hardware 'abacus' is unknown; .*loihi2"):
        prepare("abacus", None)


def test_a_backend_that_fails_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(spec: NetworkSpec) -> None:
        raise ZeroDivisionError("a bug")

    broken = BACKENDS["truenorth"]._replace(examine=fail)  # type: ignore[arg-type]
    monkeypatch.setitem(BACKENDS, "truenorth", broken)
    assert prepare("truenorth", SPEC)() == "failed: ZeroDivisionError('a bug')"
