"""Read a network from the file of torch.export, without torch and without running anything in it.

torch.export.load would: it evaluates expressions (sympy) and unpickles tensors that the file marks
so. What a chain of layers needs is JSON and the bytes of tensors beside it.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from neuromorphic_ros.compression.ann.chain import Chain, Tensor
from neuromorphic_ros.compression.ann.layers import (
    MAX_NUMBERS,
    Ann,
    AnnError,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    Parametric,
    Relu,
)

Given = Mapping[str, Any]
"""Arguments of an operation by name."""

MODEL = "models/model.json"
WEIGHTS = "data/weights"
MAX_JSON_BYTES = 2**26
# ScalarType of torch/_export/serde/schema.py.
DTYPES = {6: np.float16, 7: np.float32, 8: np.float64}


def read_exported(path: Path) -> Ann:
    """Read a .pt2 file; raises AnnError that names what is wrong or not supported in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive)
    except AnnError as unfit:
        raise AnnError(f"{path}: {unfit}") from None
    except Exception as wrong:
        # A file of a stranger can make its reader fail in any way.
        reason = " ".join(str(wrong).split()) or type(wrong).__name__
        raise AnnError(
            f"{path}: is no file of torch.export.save, as torch 2.13 writes it, that can be read: "
            f"{reason}"
        ) from None


def _read(archive: zipfile.ZipFile) -> Ann:
    # All is in a folder that has the name of the file when it was written.
    roots = [name.removesuffix(MODEL) for name in archive.namelist() if name.endswith(MODEL)]
    if len(roots) != 1:
        raise AnnError(f"has {len(roots)} networks, not one")
    module = json.loads(_content(archive, roots[0] + MODEL, MAX_JSON_BYTES))["graph_module"]
    config = f"{roots[0]}{WEIGHTS}/model_weights_config.json"
    stored = json.loads(_content(archive, config, MAX_JSON_BYTES))["config"]
    graph, signature = module["graph"], module["signature"]

    keys: dict[str, str] = {}
    sources = []
    for spec in signature["input_specs"]:
        ((kind, told),) = spec.items()
        if kind in ("parameter", "buffer"):
            keys[told["arg"]["name"]] = told[f"{kind}_name"]
        elif kind == "user_input":
            sources.append(told["arg"]["as_tensor"]["name"])
        else:
            raise AnnError(f"has an input that is a {kind}; networks of parameters are read")
    if len(sources) != 1 or len(graph["outputs"]) != 1:
        raise AnnError(f"has {len(sources)} inputs and {len(graph['outputs'])} outputs, not one")
    sizes = graph["tensor_values"][sources[0]]["sizes"]
    shape = tuple(int(size["as_int"]) for size in sizes[1:])
    reading = _Reading(archive, f"{roots[0]}{WEIGHTS}/", stored, keys, Chain(sources[0], shape))
    for node in graph["nodes"]:
        reading.follow(node)
    return reading.chain.ann(graph["outputs"][0]["as_tensor"]["name"])


class _Reading:
    def __init__(
        self,
        archive: zipfile.ZipFile,
        folder: str,
        stored: Mapping[str, Any],
        keys: Mapping[str, str],
        chain: Chain,
    ) -> None:
        self.chain = chain
        self._archive, self._folder, self._stored, self._keys = archive, folder, stored, keys

    def follow(self, node: Mapping[str, Any]) -> None:
        """Add an operation to the chain."""
        operation = str(node["target"]).removeprefix("torch.ops.aten.")
        given = {each["name"]: _value(each["arg"]) for each in node["inputs"]}
        made = str(node["outputs"][0]["as_tensor"]["name"])
        where = f"operation '{made}' (aten.{operation})"
        source = str(given.get("input", given.get("self")))
        if operation in DECISIONS:
            self.chain.decide(where, source, made)
        elif operation in LAYERS:
            layer = LAYERS[operation](where, made, given)
            names = (*layer.tensors, *layer.optional) if isinstance(layer, Parametric) else ()
            self.chain.add(where, source, made, layer, self._tensors(given, *names))
        else:
            raise AnnError(
                f"{where} is not supported; there are conv2d, linear, batch_norm, relu, "
                "avg_pool2d, flatten, dropout, and softmax at the end"
            )

    def _tensors(self, given: Mapping[str, Any], *names: str) -> dict[str, Tensor | None]:
        return {
            name: None if given.get(name) is None else self._tensor(given[name]) for name in names
        }

    def _tensor(self, name: str) -> Tensor:
        key = self._keys.get(name)
        if key is None:
            raise AnnError(f"'{name}' is computed, not a parameter")
        told = self._stored[key]
        if told.get("use_pickle") is not False:
            raise AnnError(f"tensor '{key}' is pickled, which could run code")
        meta = told["tensor_meta"]
        dtype = np.dtype(DTYPES[meta["dtype"]])
        shape, strides = (
            [int(each["as_int"]) for each in meta[axes]] for axes in ("sizes", "strides")
        )
        offset = int(meta["storage_offset"]["as_int"])
        file = str(told["path_name"])
        content = _content(self._archive, self._folder + file, MAX_NUMBERS * dtype.itemsize)
        storage = np.frombuffer(content, dtype)
        last = offset + sum((size - 1) * step for size, step in zip(shape, strides, strict=True))
        if min((*shape, *strides, offset), default=0) < 0 or not 0 <= last < storage.size:
            raise AnnError(
                f"tensor '{key}' of shape {shape} is not within its {storage.size} values"
            )
        steps = [step * dtype.itemsize for step in strides]
        view: Tensor = as_strided(storage[offset:], shape, steps, writeable=False)
        return view


def _content(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Return a file of an archive; raises AnnError if it is larger than `most` bytes."""
    size = archive.getinfo(name).file_size
    if size > most:
        raise AnnError(f"{name} has {size} bytes, more than {most}")
    with archive.open(name) as file:
        return file.read(size)


def _value(argument: Mapping[str, Any]) -> Any:
    ((kind, value),) = argument.items()
    if kind == "as_none":
        return None
    return value["name"] if kind == "as_tensor" else value


def _pair(value: Any) -> tuple[int, int]:
    first, second = (value, value) if isinstance(value, int) else (value * 2)[:2]
    return int(first), int(second)


def _padding(value: Any) -> Any:
    return {"valid": (0, 0), "same": "same"}[value] if isinstance(value, str) else _pair(value)


def _conv2d(where: str, name: str, given: Given) -> Conv2d:
    return Conv2d(
        name=name,
        stride=_pair(given.get("stride", 1)),
        padding=_padding(given.get("padding", 0)),
        dilation=_pair(given.get("dilation", 1)),
        groups=given.get("groups", 1),
    )


def _batch_norm(where: str, name: str, given: Given) -> BatchNorm:
    _only(where, "training", given.get("training"), False)
    return BatchNorm(name, given["eps"])


def _avg_pool2d(where: str, name: str, given: Given) -> AvgPool2d:
    _only(where, "ceil_mode", given.get("ceil_mode", False), False)
    _only(where, "divisor_override", given.get("divisor_override"), None)
    kernel, padding = _pair(given["kernel_size"]), _pair(given.get("padding", 0))
    if padding != (0, 0):
        _only(where, "count_include_pad", given.get("count_include_pad", True), True)
    return AvgPool2d(kernel, _pair(given.get("stride") or kernel), padding)


def _flatten(where: str, name: str, given: Given) -> Flatten:
    _only(where, "start_dim", given.get("start_dim", 0), 1)
    _only(where, "end_dim", given.get("end_dim", -1), -1)
    return Flatten()


def _reshape(where: str, name: str, given: Given) -> Flatten:
    _only(where, "number of axes", len(given["size" if "size" in given else "shape"]), 2)
    return Flatten()


def _dropout(where: str, name: str, given: Given) -> Dropout:
    _only(where, "train", given.get("train"), False)
    return Dropout()


LAYERS: Mapping[str, Callable[[str, str, Given], Layer]] = {
    "conv2d.default": _conv2d,
    "conv2d.padding": _conv2d,
    "linear.default": lambda where, name, given: Linear(name),
    "batch_norm.default": _batch_norm,
    "relu.default": lambda where, name, given: Relu(),
    "relu_.default": lambda where, name, given: Relu(),
    "avg_pool2d.default": _avg_pool2d,
    "flatten.using_ints": _flatten,
    "view.default": _reshape,
    "reshape.default": _reshape,
    "dropout.default": _dropout,
    "dropout_.default": _dropout,
}
DECISIONS = ("softmax.int", "log_softmax.int")


def _only(where: str, name: str, value: object, needed: object) -> None:
    if value != needed:
        raise AnnError(f"{where} has {name} {value}; only {needed} is supported")
