"""Keep what training remembers in a safetensors file, which holds numbers and no code."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from neuromorphic_ros.atomic_file import write_atomically
from neuromorphic_ros.learning.samples import LearningError, Samples
from neuromorphic_ros.learning.surrogate import Epoch, TrainingState, Work, start

PARTS = ("weights", "best", "moments")


def save_checkpoint(path: Path, of: str, state: TrainingState) -> None:
    """Write a state; the file takes its place when it is complete, and equal states equal bytes.

    of: the `fingerprint` of the work.

    Raises LearningError if it cannot be written.
    """
    # It needs torch, whose absence the imports above tell.
    from safetensors.torch import save

    tensors = {
        f"{part}/{name}": tensor.contiguous()
        for part in PARTS
        for name, tensor in getattr(state, part).items()
    }
    # A validation that there is none of is NaN, which JSON has not.
    history = [[None if math.isnan(x) else x for x in epoch] for epoch in state.history]
    told = {
        "work": of,
        "step": state.step,
        "best_epoch": state.best_epoch,
        "history": history,
    }
    content = save(
        {name: each.clone() for name, each in tensors.items()}, {"training": _json(told)}
    )
    try:
        write_atomically(path, content)
    except OSError as unwritable:
        raise LearningError(f"checkpoint {path} cannot be written: {unwritable}") from None


def load_checkpoint(path: Path, of: str, at_start: TrainingState) -> TrainingState:
    """Read a state of the same work; `at_start` says which tensors there must be.

    Raises LearningError if the file cannot be read, or is of another network, data or parameters.
    """
    try:
        with safe_open(path, "pt") as file:
            told = json.loads((file.metadata() or {})["training"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        epochs = [[math.nan if x is None else float(x) for x in each] for each in told["history"]]
        history = tuple(Epoch(*each) for each in epochs)
        step, best_epoch, written_by = int(told["step"]), int(told["best_epoch"]), told["work"]
    except (OSError, SafetensorError, ValueError, TypeError, KeyError, AttributeError) as wrong:
        raise LearningError(
            f"checkpoint {path} cannot be read: {wrong}; remove it to start anew"
        ) from None
    if written_by != of:
        raise LearningError(
            f"checkpoint {path} is of another network, data, seed or parameters; "
            "remove it or write elsewhere to start anew"
        )
    parts: dict[str, Any] = {part: {} for part in PARTS}
    for part in PARTS:
        for name, like in getattr(at_start, part).items():
            tensor = tensors.get(f"{part}/{name}")
            if tensor is None or tensor.shape != like.shape or tensor.dtype != like.dtype:
                raise LearningError(f"checkpoint {path} lacks {part} of {name}; remove it")
            parts[part][name] = tensor
    return TrainingState(**parts, step=step, best_epoch=best_epoch, history=history)


def fingerprint(work: Work) -> str:
    """Return a digest of what is trained with what: network, data and parameters."""
    described = (work.spec, work.parameters, work.output, work.grid, work.keep_zeros)
    digest = hashlib.sha256(repr(described).encode())
    for name, weight in start(work).weights.items():
        digest.update(name.encode() + weight.numpy().tobytes())
    for samples in (work.samples, work.validation):
        if samples is not None:
            _add(digest, samples)
    return digest.hexdigest()


def _add(digest: Any, samples: Samples) -> None:
    for array in samples:
        digest.update(repr((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)
