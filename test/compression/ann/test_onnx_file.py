"""ONNX files as exporters write them, and as they should not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from neuromorphic_ros.compression.ann.ann_file import load_ann  # noqa: E402
from neuromorphic_ros.compression.ann.forward import outputs  # noqa: E402
from neuromorphic_ros.compression.ann.layers import AnnError  # noqa: E402
from neuromorphic_ros.errors import BackendError  # noqa: E402

from .networks import convolutional, samples  # noqa: E402


def test_without_onnx_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net.onnx").touch()
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(BackendError, match=r"pip install neuromorphic_ros\[onnx\]"):
        load_ann(tmp_path / "net.onnx")


def node(kind: str, inputs: str, output: str, **attributes: Any) -> Any:
    onnx = pytest.importorskip("onnx")
    return onnx.helper.make_node(kind, inputs.split(), [output], **attributes)


def written(
    path: Path, nodes: list[Any], tensors: dict[str, Any], shape: tuple[Any, ...], output: str
) -> Path:
    """Write a network and return its path."""
    onnx = pytest.importorskip("onnx")
    number = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        nodes,
        "net",
        [onnx.helper.make_tensor_value_info("x", number, shape)],
        [onnx.helper.make_tensor_value_info(output, number, None)],
        [onnx.numpy_helper.from_array(np.asarray(each), name) for name, each in tensors.items()],
    )
    path.write_bytes(onnx.helper.make_model(graph).SerializeToString())
    return path


def torch_tensors() -> dict[str, Any]:
    state = convolutional().state_dict()
    tensors = {f"t{name}": each.numpy() for name, each in state.items() if each.ndim}
    return tensors | {"t11.transposed": tensors["t11.weight"].T, "flat": np.array([-1, 24])}


NORM = ("weight", "bias", "running_mean", "running_var")
NODES = [
    ("Conv", "x t0.weight t0.bias", "a", {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}),
    ("BatchNormalization", " ".join(["a", *(f"t1.{each}" for each in NORM)]), "b", {}),
    ("Relu", "b", "c", {}),
    ("AveragePool", "c", "d", {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("Conv", "d t4.weight", "e", {}),
    ("Relu", "e", "f", {}),
    ("Dropout", "f", "g", {}),
    ("Reshape", "g flat", "h", {}),
    ("Gemm", "h t8.weight t8.bias", "i", {"transB": 1}),
    ("BatchNormalization", " ".join(["i", *(f"t9.{each}" for each in NORM)]), "j", {}),
    ("Relu", "j", "k", {}),
    ("Identity", "k", "l", {}),
    ("MatMul", "l t11.transposed", "m", {}),
    ("Add", "t11.bias m", "n", {}),
]


def network(path: Path, *changes: tuple[int, Any]) -> Path:
    """Write the network of NODES with some of them changed."""
    chosen = dict(enumerate(NODES)) | dict(changes)
    nodes = [node(kind, inputs, made, **told) for kind, inputs, made, told in chosen.values()]
    return written(path, nodes, torch_tensors(), ("batch", 2, 8, 8), "n")


def test_a_network_makes_what_it_makes_in_torch(tmp_path: Path) -> None:
    module, values = convolutional(), samples()
    ann = load_ann(network(tmp_path / "net.onnx"))
    assert np.allclose(outputs(ann, values.numpy()), module(values).detach().numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("place", "changed", "complaint"),
    [
        (2, ("Sigmoid", "b", "c", {}), "operation 'c' (Sigmoid) is not supported"),
        (2, ("Relu", "b", "c", {"domain": "com.evil"}), "is of domain 'com.evil'"),
        (2, ("Relu", "a", "c", {}), "without branches"),
        (0, ("Conv", "x t0.weight", "a", {"pads": [0, 0, 1, 1]}), "pads [0, 0, 1, 1]"),
        (0, ("Conv", "x t0.weight", "a", {"auto_pad": "SAME_LOWER"}), "auto_pad"),
        (0, ("Conv", "x nothing", "a", {}), "takes 'nothing', which is computed"),
        (3, ("AveragePool", "c", "d", {"kernel_shape": [2, 2], "ceil_mode": 1}), "ceil_mode 1"),
        (
            3,
            ("AveragePool", "c", "d", {"kernel_shape": [2, 2], "pads": [1, 1, 1, 1]}),
            "count_include_pad 0; only 1",
        ),
        (8, ("Gemm", "h t8.weight", "i", {"alpha": 0.5}), "alpha 0.5"),
        (7, ("Reshape", "g t0.bias", "h", {}), "number of axes"),
        (13, ("Add", "m m", "n", {}), "takes 'm', which is computed"),
    ],
)
def test_what_is_not_supported_is_named(
    tmp_path: Path, place: int, changed: Any, complaint: str
) -> None:
    with pytest.raises(AnnError) as refused:
        load_ann(network(tmp_path / "net.onnx", (place, changed)))
    assert complaint in str(refused.value)
    assert "net.onnx" in str(refused.value)


def test_an_input_without_a_shape_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "net.onnx", [node("Relu", "x", "y")], {}, ("batch", "n"), "y")
    with pytest.raises(AnnError, match="input 'x' has no fixed shape beside its batch"):
        load_ann(path)


def beside(path: Path, location: str, length: int = 8) -> Path:
    """Write a network whose weights are in another file."""
    onnx = pytest.importorskip("onnx")
    weight = onnx.TensorProto(name="w", data_type=onnx.TensorProto.FLOAT, dims=[1, 2])
    weight.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "4"), ("length", str(length))):
        weight.external_data.add(key=key, value=value)
    model = onnx.ModelProto.FromString(
        written(
            path, [node("Gemm", "x w", "y", transB=1)], {"other": np.zeros(1)}, (1, 2), "y"
        ).read_bytes()
    )
    model.graph.initializer.append(weight)
    path.write_bytes(model.SerializeToString())
    return path


def test_tensors_in_a_file_beside_are_read(tmp_path: Path) -> None:
    np.array([9, 1, 2], "<f4").tofile(tmp_path / "net.onnx.data")
    ann = load_ann(beside(tmp_path / "net.onnx", "net.onnx.data"))
    assert outputs(ann, np.array([[3, 5]], np.float32)).tolist() == [[13.0]]


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "a/b", ""])
def test_tensors_elsewhere_are_refused(tmp_path: Path, location: str) -> None:
    with pytest.raises(AnnError, match="not a name in its folder"):
        load_ann(beside(tmp_path / "net.onnx", location))


def test_a_file_beside_that_is_too_short_is_refused(tmp_path: Path) -> None:
    np.zeros(1, "<f4").tofile(tmp_path / "net.onnx.data")
    with pytest.raises(AnnError, match="tensor 'w' has 0 values"):
        load_ann(beside(tmp_path / "net.onnx", "net.onnx.data"))


@pytest.mark.parametrize("content", [b"", b"junk" * 100, b"\x08" * 50])
def test_what_is_no_onnx_file_is_refused(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("onnx")
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(AnnError, match=r"net\.onnx"):
        load_ann(tmp_path / "net.onnx")
