"""Read a network from an ONNX file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

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
from neuromorphic_ros.errors import BackendError

Told = Mapping[str, Any]
"""Attributes of an operation by name."""

MAX_BYTES = 2**30
# TensorProto.DataType of onnx.proto; INT64 for shapes.
DTYPES = {1: "<f4", 7: "<i8", 10: "<f2", 11: "<f8"}
FIELDS = {1: "float_data", 7: "int64_data", 11: "double_data"}


def read_onnx(path: Path) -> Ann:
    """Read an .onnx file, and the file of tensors beside it if it names one.

    Raises BackendError if package onnx is missing, and AnnError that names what is wrong or not
    supported in the file.
    """
    try:
        import onnx
    except ImportError:
        raise BackendError(
            "reading ONNX needs package onnx, which is not installed: "
            "pip install neuromorphic_ros[onnx]"
        ) from None
    try:
        if path.stat().st_size > MAX_BYTES:
            raise AnnError(f"has more than {MAX_BYTES} bytes")
        model = onnx.ModelProto.FromString(path.read_bytes())
        return _Reading(model.graph, path.parent).ann()
    except AnnError as unfit:
        raise AnnError(f"{path}: {unfit}") from None
    except Exception as wrong:
        # A file of a stranger can make its reader fail in any way.
        reason = " ".join(str(wrong).split()) or type(wrong).__name__
        raise AnnError(f"{path}: is no ONNX file that can be read: {reason}") from None


class _Reading:
    def __init__(self, graph: Any, folder: Path) -> None:
        self._graph, self._folder = graph, folder
        self._stored: dict[str, Any] = {each.name: each for each in graph.initializer}
        sources = [each for each in graph.input if each.name not in self._stored]
        if len(sources) != 1 or len(graph.output) != 1:
            raise AnnError(f"has {len(sources)} inputs and {len(graph.output)} outputs, not one")
        extents = [each.dim_value for each in sources[0].type.tensor_type.shape.dim]
        if len(extents) < 2 or min(extents[1:]) < 1:
            raise AnnError(f"input '{sources[0].name}' has no fixed shape beside its batch")
        self._chain = Chain(sources[0].name, tuple(extents[1:]))

    def ann(self) -> Ann:
        """Return the network of the graph."""
        for node in self._graph.node:
            self._follow(node)
        return self._chain.ann(self._graph.output[0].name)

    def _follow(self, node: Any) -> None:
        operation = node.op_type
        if operation == "Constant":
            for attribute in node.attribute:
                if attribute.name == "value":
                    self._stored[node.output[0]] = attribute.t
            return
        made = node.output[0]
        name = re.sub(r"[^\w./:-]", "_", made)[:200]
        where = f"operation '{name}' ({operation})"
        if node.domain not in ("", "ai.onnx"):
            raise AnnError(f"{where} is of domain '{node.domain}', which is not supported")
        told = {each.name: _attribute(each) for each in node.attribute}
        source, *others = node.input
        if operation in LAYERS:
            layer = LAYERS[operation](where, name, told)
            names = (*layer.tensors, *layer.optional) if isinstance(layer, Parametric) else ()
            if isinstance(layer, BatchNorm):
                # Here scale and shift come first.
                names = (*layer.optional, *layer.tensors)
            tensors = {
                each: self._tensor(other, where)
                for each, other in zip(names, others, strict=False)
                if other
            }
            if isinstance(layer, Linear) and not told.get("transB"):
                tensors["weight"] = tensors["weight"].T
            self._chain.add(where, source, made, layer, tensors)
        elif operation == "Add":
            if source in self._stored:
                source, others = others[0], [source]
            self._chain.shift(where, source, made, self._tensor(others[0], where))
        elif operation == "Reshape":
            _only(where, "number of axes", self._tensor(others[0], where).size, 2)
            self._chain.add(where, source, made, Flatten())
        elif operation == "Dropout":
            if len(others) > 1 and others[1]:
                raise AnnError(f"{where} has a training mode; export the network in eval mode")
            self._chain.add(where, source, made, Dropout())
        elif operation == "Identity":
            if source in self._stored:
                self._stored[made] = self._stored[source]
            else:
                self._chain.add(where, source, made)
        elif operation in DECISIONS:
            self._chain.decide(where, source, made)
        else:
            raise AnnError(
                f"{where} is not supported; there are Conv, Gemm, MatMul, BatchNormalization, "
                "Relu, AveragePool, Flatten, Dropout, and Softmax at the end"
            )

    def _tensor(self, name: str, where: str) -> Tensor:
        tensor = self._stored.get(name)
        if tensor is None:
            raise AnnError(f"{where} takes '{name}', which is computed, not stored")
        shape = tuple(tensor.dims)
        size = int(np.prod(shape, dtype=object))
        if tensor.data_type not in DTYPES or min(shape, default=1) < 0 or size > MAX_NUMBERS:
            raise AnnError(
                f"tensor '{name}' of type {tensor.data_type} and shape {shape} is not read"
            )
        dtype = np.dtype(DTYPES[tensor.data_type])
        values: Tensor
        if tensor.external_data:
            told = {entry.key: entry.value for entry in tensor.external_data}
            values = self._beside(told, dtype, size)
        elif tensor.raw_data:
            values = np.frombuffer(tensor.raw_data, dtype)
        else:
            values = np.array(getattr(tensor, FIELDS[tensor.data_type]), dtype)
        if values.size != size:
            raise AnnError(f"tensor '{name}' has {values.size} values, its shape is {shape}")
        return values.reshape(shape)

    def _beside(self, told: Mapping[str, str], dtype: np.dtype[Any], size: int) -> Tensor:
        location = told["location"]
        if not re.fullmatch(r"\w[\w.-]*", location):
            raise AnnError(f"tensors are in '{location}', which is not a name in its folder")
        found: Tensor = np.fromfile(
            self._folder / location, dtype, count=size, offset=int(told.get("offset", "0"))
        )
        return found


def _attribute(attribute: Any) -> Any:
    """Return an attribute of types FLOAT, INT, STRING or INTS of onnx.proto."""
    fields = {1: "f", 2: "i", 3: "s", 7: "ints"}
    if attribute.type not in fields:
        return None
    value = getattr(attribute, fields[attribute.type])
    return [*value] if attribute.type == 7 else value


def _conv2d(where: str, name: str, told: Told) -> Conv2d:
    return Conv2d(
        name=name,
        stride=_pair(told.get("strides", [1, 1])),
        padding=_padding(where, told),
        dilation=_pair(told.get("dilations", [1, 1])),
        groups=told.get("group", 1),
    )


def _gemm(where: str, name: str, told: Told) -> Linear:
    for factor, needed in (("alpha", 1.0), ("beta", 1.0), ("transA", 0)):
        _only(where, factor, told.get(factor, needed), needed)
    return Linear(name)


def _batch_norm(where: str, name: str, told: Told) -> BatchNorm:
    _only(where, "training_mode", told.get("training_mode", 0), 0)
    return BatchNorm(name, told.get("epsilon", 1e-5))


def _avg_pool2d(where: str, name: str, told: Told) -> AvgPool2d:
    _only(where, "ceil_mode", told.get("ceil_mode", 0), 0)
    _only(where, "dilations", told.get("dilations", [1, 1]), [1, 1])
    padding = _padding(where, told)
    if padding != (0, 0):
        _only(where, "count_include_pad", told.get("count_include_pad", 0), 1)
    return AvgPool2d(_pair(told["kernel_shape"]), _pair(told.get("strides", [1, 1])), padding)


def _flatten(where: str, name: str, told: Told) -> Flatten:
    _only(where, "axis", told.get("axis", 1), 1)
    return Flatten()


LAYERS: Mapping[str, Callable[[str, str, Told], Layer]] = {
    "Conv": _conv2d,
    "Gemm": _gemm,
    "MatMul": lambda where, name, told: Linear(name),
    "BatchNormalization": _batch_norm,
    "Relu": lambda where, name, told: Relu(),
    "AveragePool": _avg_pool2d,
    "Flatten": _flatten,
}
DECISIONS = ("Softmax", "LogSoftmax")


def _pair(extents: list[int]) -> tuple[int, int]:
    first, second = extents
    return first, second


def _padding(where: str, told: Told) -> tuple[int, int]:
    _only(where, "auto_pad", told.get("auto_pad", b"NOTSET"), b"NOTSET")
    top, left, bottom, right = told.get("pads", [0, 0, 0, 0])
    _only(where, "pads", [top, left, bottom, right], [top, left, top, left])
    return top, left


def _only(where: str, name: str, value: object, needed: object) -> None:
    if value != needed:
        raise AnnError(f"{where} has {name} {value!r}; only {needed!r} is supported")
