"""Lava is imported on versions of Python that it does not declare, or missed in plain words."""

from __future__ import annotations

import dataclasses

import pytest

from neuromorphic_ros.backends.loihi.lava_import import lava_imports, require_lava
from neuromorphic_ros.errors import BackendError

ORIGINAL = dataclasses.dataclass


def test_a_missing_lava_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BackendError, match="run `make lava`, or choose the engine `integer`"):
        require_lava()


def test_what_lava_misses_is_named() -> None:
    missing = r"run `make lava`.*No module named 'not_there'"
    with pytest.raises(BackendError, match=missing), lava_imports():
        import not_there  # noqa: F401
    assert dataclasses.dataclass is ORIGINAL


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), lava_imports():
        1 / 0  # noqa: B018
    assert dataclasses.dataclass is ORIGINAL


def test_dataclasses_of_lava_become_hashable_and_no_others() -> None:
    def plain(module: str) -> type:
        return type("Plain", (), {"__module__": module, "__annotations__": {"x": int}, "x": 0})

    with lava_imports():
        theirs = dataclasses.dataclass(plain("lava.magma"))
        called = dataclasses.dataclass(frozen=False)(plain("lava.magma"))
        other = dataclasses.dataclass(plain("lavalamp"))
    assert hash(theirs()) == hash(theirs())
    assert hash(called()) == hash(called())
    with pytest.raises(TypeError, match="unhashable"):
        hash(other())
