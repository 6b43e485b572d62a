"""`neuromorphic inspect NETWORK --hardware`, as scripts use it."""

from __future__ import annotations

import json

import pytest

from neuromorphic_ros.backends.registry import BACKENDS
from neuromorphic_ros.cli.main import main

NETWORK = "obstacle_avoider"
FIELDS = {
    "status",
    "fits",
    "cores",
    "weight_bits",
    "weight_error",
    "energy_pj_per_tick",
    "reasons",
}


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["inspect", NETWORK, "--hardware", *arguments]) == 0
    return capsys.readouterr().out


def test_every_backend_tells_what_becomes_of_a_network(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "all", "--json"))
    assert list(found) == list(BACKENDS)
    for name, told in found.items():
        assert told.keys() >= FIELDS
        assert told["status"] == BACKENDS[name].here
        assert told["fits"] == (not told["reasons"])


def test_the_table_has_a_line_for_each_backend(capsys: pytest.CaptureFixture[str]) -> None:
    heading, *rows = printed(capsys, "truenorth,jetson").splitlines()
    assert heading.startswith("backend")
    assert [row.split()[0].rstrip(":") for row in rows][:2] == ["truenorth", "jetson"]


def test_all_are_told_if_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "--json"))
    assert list(found) == list(BACKENDS)


@pytest.mark.parametrize("hardware", ["abacus", "jetson,abacus", ","])
def test_an_unknown_backend_is_refused(capsys: pytest.CaptureFixture[str], hardware: str) -> None:
    assert main(["inspect", NETWORK, "--hardware", hardware]) == 2
    assert "is unknown; there are jetson, loihi" in capsys.readouterr().err


def test_backends_need_a_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--hardware", "all"]) == 2
    assert "give a network" in capsys.readouterr().err
