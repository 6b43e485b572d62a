"""Read a conventional network from a file of any kind that runs no code when it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from neuromorphic_ros.compression.ann.exported_program import read_exported
from neuromorphic_ros.compression.ann.layers import Ann, AnnError
from neuromorphic_ros.compression.ann.onnx_file import read_onnx
from neuromorphic_ros.compression.ann.weights_file import read_safetensors, read_state_dict

READERS: Mapping[str, Callable[[Path], Ann]] = {
    ".safetensors": read_safetensors,
    ".pt2": read_exported,
    ".onnx": read_onnx,
    ".pt": read_state_dict,
    ".pth": read_state_dict,
}


def load_ann(path: Path) -> Ann:
    """Read a network by the ending of its file.

    Raises AnnError naming the file and what is wrong or not supported in it, and BackendError if
    the package that reads it is not installed.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise AnnError(f"{path}: networks are read from {', '.join(READERS)}")
    if not path.is_file():
        raise AnnError(f"{path}: there is no such file")
    return reader(path)
