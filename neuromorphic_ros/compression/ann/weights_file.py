"""A conventional network as a file of tensors, with its architecture as YAML beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from neuromorphic_ros.atomic_file import write_atomically
from neuromorphic_ros.compression.ann.chain import Tensor
from neuromorphic_ros.compression.ann.layers import Ann, AnnError, Architecture, ann_of
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.parameters import build, read_mapping

ARCHITECTURE_SUFFIX = ".yaml"


def read_safetensors(path: Path) -> Ann:
    """Read a .safetensors file and the .yaml file of its name; raises AnnError."""
    architecture = read_architecture(path)
    try:
        with safe_open(path, "np") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, TypeError, AttributeError) as wrong:
        raise AnnError(f"{path}: is no safetensors file that can be read: {wrong}") from None
    return _checked(path, architecture, tensors)


def read_state_dict(path: Path) -> Ann:
    """Read the tensors that torch.save wrote, and the .yaml file of its name.

    Such a file is a pickle, of which only tensors are read: one that would run code is refused.
    Raises AnnError, and BackendError if there is no torch.
    """
    architecture = read_architecture(path)
    try:
        import torch
    except ImportError:
        raise BackendError(
            f"reading {path.name} needs torch, which is not installed: save the tensors as "
            "safetensors, or pip install neuromorphic_ros[torch]"
        ) from None
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as wrong:
        # A file of a stranger can make its reader fail in any way.
        reason = str(wrong).strip().partition("\n")[0] or type(wrong).__name__
        raise AnnError(
            f"{path}: is refused, as it holds more than tensors and reading it could run code "
            f"({reason}); save the state_dict as safetensors"
        ) from None
    if not isinstance(found, dict) or not all(
        isinstance(name, str) and isinstance(each, torch.Tensor) for name, each in found.items()
    ):
        raise AnnError(f"{path}: is no state_dict: it must map names to tensors")
    try:
        tensors = {name: each.detach().numpy() for name, each in found.items()}
    except (TypeError, RuntimeError) as wrong:
        raise AnnError(f"{path}: a tensor cannot be read: {wrong}") from None
    return _checked(path, architecture, tensors)


def read_architecture(path: Path) -> Architecture:
    """Read the architecture of a file of tensors; raises AnnError naming what is wrong in it."""
    file = path.with_suffix(ARCHITECTURE_SUFFIX)
    where = f"architecture {file}"
    return build(Architecture, read_mapping(file, where, AnnError), where, AnnError)


def write_ann(ann: Ann, path: Path) -> None:
    """Write a .safetensors file, and the .yaml file of its name; equal networks, equal bytes.

    Raises AnnError if they cannot be written.
    """
    document = {
        "input": list(ann.architecture.input),
        "layers": [_told(layer) for layer in ann.layers],
    }
    text = yaml.safe_dump(document, sort_keys=False, width=100, default_flow_style=None)
    tensors = {name: np.ascontiguousarray(values) for name, values in ann.tensors.items()}
    try:
        write_atomically(path, save(tensors))
        write_atomically(path.with_suffix(ARCHITECTURE_SUFFIX), text.encode())
    except OSError as unwritable:
        raise AnnError(f"{path} cannot be written: {unwritable}") from None


def _told(layer: Any) -> dict[str, Any]:
    """Return a layer without what is as it is by default, its type first."""
    told = {"type": layer.type}
    for field in dataclasses.fields(layer):
        value = getattr(layer, field.name)
        if field.name != "type" and value != field.default:
            if isinstance(value, tuple):
                value = value[0] if value[0] == value[1] else list(value)
            told[field.name] = value
    return told


def _checked(path: Path, architecture: Architecture, tensors: Mapping[str, Tensor]) -> Ann:
    try:
        return ann_of(architecture, tensors)
    except AnnError as unfit:
        raise AnnError(f"{path}: {unfit}") from None
