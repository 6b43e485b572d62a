"""Files of torch.export, read without running anything in them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from neuromorphic_ros.compression.ann.ann_file import load_ann  # noqa: E402
from neuromorphic_ros.compression.ann.forward import outputs  # noqa: E402
from neuromorphic_ros.compression.ann.layers import AnnError  # noqa: E402

from .networks import convolutional, samples  # noqa: E402

MODEL, WEIGHTS = "net/models/model.json", "net/data/weights/model_weights_config.json"


def export(module: nn.Module, path: Path, dynamic: bool = False) -> None:
    sizes = ({0: torch.export.Dim("batch")},) if dynamic else None
    program = torch.export.export(module, (samples(2),), dynamic_shapes=sizes)
    torch.export.save(program, path)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "net.pt2"
    export(convolutional(), path)
    return path


def changed(source: Path, path: Path, name: str, change: Callable[[Any], Any]) -> Path:
    """Write a file in which one member is another."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(path, "w") as after:
        for member in before.namelist():
            content = before.read(member)
            if member == name:
                content = change(content)
            after.writestr(member, content)
    return path


def edited(edit: Callable[[Any], None]) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        document = json.loads(content)
        edit(document)
        return json.dumps(document).encode()

    return change


@pytest.mark.parametrize("dynamic", [False, True])
def test_an_exported_network_makes_what_it_makes_in_torch(tmp_path: Path, dynamic: bool) -> None:
    module, values = convolutional(), samples()
    export(module, tmp_path / "net.pt2", dynamic)
    ann = load_ann(tmp_path / "net.pt2")
    assert np.allclose(outputs(ann, values.numpy()), module(values).detach().numpy(), atol=1e-5)


class Functional(nn.Module):
    """A network without layers of its own for what needs no parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(3, 2, 3, 3))
        self.out = nn.Linear(3 * 64, 4, bias=False)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        seen = torch.relu(torch.nn.functional.conv2d(values, self.kernel, padding="same"))
        return torch.softmax(self.out(seen.view(seen.shape[0], -1)), 1)


def test_functions_count_as_layers_and_a_softmax_at_the_end_changes_no_decision(
    tmp_path: Path,
) -> None:
    module, values = Functional().eval(), samples()
    export(module, tmp_path / "net.pt2")
    made = outputs(load_ann(tmp_path / "net.pt2"), values.numpy())
    assert np.allclose(torch.softmax(torch.tensor(made), 1), module(values).detach(), atol=1e-6)


class Residual(nn.Module):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return torch.relu(values) + values


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        self.one(values)
        return self.other(values)


@pytest.mark.parametrize(
    ("module", "complaint"),
    [
        (Residual().eval(), "(aten.add.Tensor) is not supported"),
        (Branching().eval(), "without branches"),
        (nn.Sequential(nn.MaxPool2d(2)).eval(), "max_pool2d.default) is not supported"),
        (nn.Sequential(nn.AvgPool2d(2, ceil_mode=True)).eval(), "ceil_mode True; only False"),
        (nn.Sequential(nn.Dropout(0.5)).train(), "train True; only False"),
        (nn.Sequential(nn.BatchNorm2d(2)).train(), "not supported"),
        (nn.Sequential(nn.Flatten(2)).eval(), "start_dim 2; only 1"),
    ],
)
def test_what_is_not_supported_is_named(tmp_path: Path, module: nn.Module, complaint: str) -> None:
    export(module, tmp_path / "net.pt2")
    with pytest.raises(AnnError) as refused:
        load_ann(tmp_path / "net.pt2")
    assert complaint in str(refused.value)
    assert "net.pt2" in str(refused.value)


def _pickled(document: Any) -> None:
    document["config"]["0.weight"]["use_pickle"] = True


def _beyond(document: Any) -> None:
    document["config"]["0.weight"]["tensor_meta"]["sizes"][0]["as_int"] = 2**40


def _before(document: Any) -> None:
    document["config"]["0.weight"]["tensor_meta"]["storage_offset"]["as_int"] = -1


def _unknown_type(document: Any) -> None:
    document["config"]["0.weight"]["tensor_meta"]["dtype"] = 99


def _elsewhere(document: Any) -> None:
    document["config"]["0.weight"]["path_name"] = "../../../../etc/passwd"


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (_pickled, "tensor '0.weight' is pickled, which could run code"),
        (_beyond, "is not within its 72 values"),
        (_before, "is not within its 72 values"),
        (_unknown_type, "is no file of torch.export.save"),
        (_elsewhere, "is no file of torch.export.save"),
    ],
)
def test_tensors_that_could_do_harm_are_refused(
    exported: Path, tmp_path: Path, edit: Callable[[Any], None], complaint: str
) -> None:
    path = changed(exported, tmp_path / "net.pt2", WEIGHTS, edited(edit))
    with pytest.raises(AnnError) as refused:
        load_ann(path)
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"[" * 100_000, b'{"graph_module": {"graph": 1}}', b"\xff"]
)
def test_what_is_no_program_is_refused(exported: Path, tmp_path: Path, content: bytes) -> None:
    path = changed(exported, tmp_path / "net.pt2", MODEL, lambda _: content)
    with pytest.raises(AnnError, match=r"is no file of torch\.export\.save"):
        load_ann(path)


def _other(document: Any, leaves: Iterator[int], place: int, value: object) -> Any:
    """Return a document in which the leaf at a place is another."""
    if isinstance(document, dict):
        return {name: _other(each, leaves, place, value) for name, each in document.items()}
    if isinstance(document, list):
        return [_other(each, leaves, place, value) for each in document]
    return value if next(leaves) == place else document


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from([MODEL, WEIGHTS]),
    place=st.integers(0, 400),
    value=st.one_of(
        st.none(), st.integers(-1, 3), st.just(10**30), st.floats(), st.text(max_size=3)
    ),
)
def test_every_other_value_is_read_or_refused(
    exported: Path, name: str, place: int, value: object
) -> None:
    def change(content: bytes) -> bytes:
        return json.dumps(_other(json.loads(content), count(), place, value)).encode()

    path = changed(exported, exported.with_name("changed.pt2"), name, change)
    with suppress(AnnError):
        assert load_ann(path).architecture.layers


def test_what_declares_too_much_is_refused(exported: Path, tmp_path: Path) -> None:
    path = tmp_path / "net.pt2"
    with zipfile.ZipFile(exported) as before, zipfile.ZipFile(path, "w", 8) as after:
        for member in before.namelist():
            content = before.read(member)
            after.writestr(member, b" " * 2**27 if member == MODEL else content)
    with pytest.raises(AnnError, match="bytes, more than"):
        load_ann(path)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.pt2").write_bytes(b"junk")
    with pytest.raises(AnnError, match=r"is no file of torch\.export\.save"):
        load_ann(tmp_path / "net.pt2")
