"""Tensors in a safetensors file, with what is no tensor told as JSON beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from neuromorphic_ros.atomic_file import write_atomically
from neuromorphic_ros.errors import NetworkError

UNREADABLE = (
    OSError,
    SafetensorError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
)
"""What reading a file of others, and picking its content apart, may raise."""


def save_told(
    path: Path, what: str, key: str, told: object, tensors: Mapping[str, npt.NDArray[Any]]
) -> None:
    """Write a file; equal content gives equal bytes.

    what: the file is, in words. key: of `told` in the metadata.
    Whenever the process or the machine stops, the file is the old or the new one.
    Raises NetworkError if it cannot be written.
    """
    content = {name: np.ascontiguousarray(values) for name, values in tensors.items()}
    try:
        write_atomically(path, save(content, {key: json.dumps(told, sort_keys=True)}))
    except OSError as unwritable:
        raise NetworkError(f"{what} {path} cannot be written: {unwritable}") from None


def load_told(path: Path, key: str) -> tuple[Any, dict[str, npt.NDArray[Any]]]:
    """Return what a file tells and its tensors; raises one of UNREADABLE."""
    with safe_open(path, "np") as file:
        told = json.loads((file.metadata() or {})[key])
        return told, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
