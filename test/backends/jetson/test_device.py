"""Where torch runs: found without importing it where there is no driver."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from neuromorphic_ros.backends.jetson import device as module
from neuromorphic_ros.backends.jetson.device import sees_cuda, torch_device
from neuromorphic_ros.errors import BackendError


def driver(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    def load(name: str) -> None:
        assert name == "libcuda.so.1"
        if not there:
            raise OSError("cannot open shared object file")

    monkeypatch.setattr(module.ctypes, "CDLL", load)


def torch_that(sees: bool) -> Any:
    return SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: sees))


def test_without_a_driver_torch_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, False)
    # None makes an import fail.
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not sees_cuda()
    assert torch_device("auto") == "cpu"


@pytest.mark.parametrize("sees", [True, False])
def test_with_a_driver_torch_tells(monkeypatch: pytest.MonkeyPatch, sees: bool) -> None:
    driver(monkeypatch, True)
    monkeypatch.setitem(sys.modules, "torch", torch_that(sees))
    assert sees_cuda() is sees
    assert torch_device("auto") == ("cuda" if sees else "cpu")
    assert torch_device("cpu") == "cpu"


def test_a_driver_without_torch_is_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, True)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not sees_cuda()


def test_a_device_that_is_not_there_is_refused_with_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    driver(monkeypatch, False)
    with pytest.raises(BackendError, match="torch sees none here: choose device: auto or cpu"):
        torch_device("cuda")
