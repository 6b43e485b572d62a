"""Import Lava where it is installed, on versions of Python that it does not declare too."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from neuromorphic_ros.errors import BackendError

PACKAGE = "lava"
MISSING = "Lava is not installed: run `make lava`, or choose the engine `integer`"


def require_lava() -> None:
    """Raise BackendError if Lava is not installed; imports nothing."""
    if importlib.util.find_spec(PACKAGE) is None:
        raise BackendError(MISSING)


@contextmanager
def lava_imports() -> Iterator[None]:
    """Let the imports of Lava inside of it work on Python 3.10 to 3.13.

    From Python 3.11 on, defaults of the fields of dataclasses must be hashable, which one of Lava
    0.10 is not: the dataclasses of Lava, and no others, are made hashable.
    Raises BackendError if Lava, or what it imports, is not installed.
    """
    original = dataclasses.dataclass

    def hashable(cls: Any = None, /, **options: Any) -> Any:
        if cls is None:
            return lambda decorated: hashable(decorated, **options)
        if cls.__module__.split(".")[0] == PACKAGE:
            options = {"unsafe_hash": True, **options}
        return original(cls, **options)

    dataclasses.dataclass = hashable
    try:
        yield
    except ModuleNotFoundError as missing:
        raise BackendError(f"{MISSING} ({missing})") from missing
    finally:
        dataclasses.dataclass = original
