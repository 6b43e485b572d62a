"""Tensors with an architecture beside them: written, read, and refused."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

torch = pytest.importorskip("torch")

from neuromorphic_ros.compression.ann.ann_file import load_ann  # noqa: E402
from neuromorphic_ros.compression.ann.forward import outputs  # noqa: E402
from neuromorphic_ros.compression.ann.layers import AnnError  # noqa: E402
from neuromorphic_ros.compression.ann.torch_modules import ann_of_module  # noqa: E402
from neuromorphic_ros.compression.ann.weights_file import write_ann  # noqa: E402

from .networks import convolutional, samples  # noqa: E402

ARCHITECTURE = "input: [2]\nlayers: [{type: linear, name: fc}]\n"


class RunsCode:
    """Unpickles to a call."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> object:
        return Path.touch, (self.path,)


def test_a_network_is_written_and_read_and_equal_networks_are_equal_files(tmp_path: Path) -> None:
    ann = ann_of_module(convolutional(), (2, 8, 8))
    for folder in ("one", "other"):
        write_ann(ann, tmp_path / folder / "net.safetensors")
    found = load_ann(tmp_path / "one" / "net.safetensors")
    assert found.architecture == ann.architecture
    assert all(np.array_equal(found.tensors[name], each) for name, each in ann.tensors.items())
    for name in ("net.safetensors", "net.yaml"):
        one, other = (tmp_path / folder / name for folder in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()
    text = (tmp_path / "one" / "net.yaml").read_text()
    assert "- {type: conv2d, name: '0', padding: 1}" in text


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
def test_a_state_dict_is_read_where_it_holds_tensors_alone(tmp_path: Path, suffix: str) -> None:
    module = convolutional()
    write_ann(ann_of_module(module, (2, 8, 8)), tmp_path / "net.safetensors")
    torch.save(module.state_dict(), tmp_path / f"net{suffix}")
    ann = load_ann(tmp_path / f"net{suffix}")
    made = outputs(ann, samples().numpy())
    assert np.allclose(made, module(samples()).detach().numpy(), atol=1e-5)


def test_a_pickle_that_runs_code_is_refused_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(ARCHITECTURE)
    torch.save({"fc.weight": RunsCode(tmp_path / "ran")}, tmp_path / "net.pt")
    with pytest.raises(AnnError, match="reading it could run code"):
        load_ann(tmp_path / "net.pt")
    assert not (tmp_path / "ran").exists()


def test_a_pickled_module_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(ARCHITECTURE)
    torch.save(convolutional(), tmp_path / "net.pt")
    with pytest.raises(AnnError, match="save the state_dict as safetensors"):
        load_ann(tmp_path / "net.pt")


@pytest.mark.parametrize("content", [[1, 2], {"fc.weight": 3}, {1: torch.ones(1)}])
def test_what_is_no_state_dict_is_refused(tmp_path: Path, content: object) -> None:
    (tmp_path / "net.yaml").write_text(ARCHITECTURE)
    torch.save(content, tmp_path / "net.pt")
    with pytest.raises(AnnError, match="is no state_dict"):
        load_ann(tmp_path / "net.pt")


@pytest.mark.parametrize(
    ("architecture", "complaint"),
    [
        (None, "net.yaml cannot be read"),
        ("[]", "expected a mapping"),
        ("input: [2]\nlayers: [{type: lstm, name: fc}]\n", "lstm"),
        ("input: [2]\nlayers: [{type: linear, name: other}]\n", "has no tensor 'other.weight'"),
        ("input: [3]\nlayers: [{type: linear, name: fc}]\n", "its weight has shape (4, 2)"),
        ("input: !!python/object/apply:os.system [ls]\nlayers: []\n", "cannot be read"),
    ],
)
def test_an_architecture_that_does_not_fit_is_named(
    tmp_path: Path, architecture: str | None, complaint: str
) -> None:
    save_file({"fc.weight": np.ones((4, 2), np.float32)}, tmp_path / "net.safetensors")
    if architecture is not None:
        (tmp_path / "net.yaml").write_text(architecture)
    with pytest.raises(AnnError) as refused:
        load_ann(tmp_path / "net.safetensors")
    assert complaint in str(refused.value)
    assert str(tmp_path) in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"junk", struct.pack("<Q", 2**62) + b"{}", struct.pack("<Q", 2) + b"[]"]
)
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.yaml").write_text(ARCHITECTURE)
    (tmp_path / "net.safetensors").write_bytes(content)
    with pytest.raises(AnnError, match="is no safetensors file"):
        load_ann(tmp_path / "net.safetensors")


@pytest.mark.parametrize("name", ["net.h5", "net", "missing.safetensors", "folder.pt2"])
def test_other_files_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.pt2").mkdir()
    with pytest.raises(AnnError, match=r"networks are read from \.safetensors|no such file"):
        load_ann(tmp_path / name)


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AnnError, match="cannot be written"):
        write_ann(ann_of_module(convolutional(), (2, 8, 8)), tmp_path / "file" / "net.safetensors")
