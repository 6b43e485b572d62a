"""Files of any kind that were damaged: read as networks or refused, whatever is in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from neuromorphic_ros.compression.ann.ann_file import load_ann  # noqa: E402
from neuromorphic_ros.compression.ann.forward import outputs  # noqa: E402
from neuromorphic_ros.compression.ann.layers import Ann, AnnError  # noqa: E402
from neuromorphic_ros.compression.ann.torch_modules import ann_of_module  # noqa: E402
from neuromorphic_ros.compression.ann.weights_file import write_ann  # noqa: E402

from .networks import convolutional, samples  # noqa: E402

DAMAGE = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files")
    module = convolutional()
    write_ann(ann_of_module(module, (2, 8, 8)), path / "tensors.safetensors")
    (path / "dict.yaml").write_bytes((path / "tensors.yaml").read_bytes())
    torch.save(module.state_dict(), path / "dict.pt")
    torch.export.save(torch.export.export(module, (samples(1),)), path / "exported.pt2")
    return path


def damaged(content: bytes, damage: list[tuple[float, int]], cut: float) -> bytes:
    changed = bytearray(content)
    for place, value in damage:
        changed[int(place * len(changed))] = value
    return bytes(changed[: round(cut * len(changed))])


def read_or_refused(path: Path) -> Ann | str:
    try:
        return load_ann(path)
    except AnnError as refused:
        return str(refused)


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("tensors.safetensors", "tensors.safetensors"),
        ("tensors.safetensors", "tensors.yaml"),
        ("dict.pt", "dict.pt"),
        ("exported.pt2", "exported.pt2"),
    ],
)
@settings(max_examples=25, deadline=None)
@given(damage=DAMAGE, cut=st.one_of(st.just(1.0), st.floats(0, 1)))
def test_damage_is_survived(
    folder: Path, name: str, of: str, damage: list[tuple[float, int]], cut: float
) -> None:
    whole = (folder / of).read_bytes()
    try:
        (folder / of).write_bytes(damaged(whole, damage, cut))
        found = read_or_refused(folder / name)
    finally:
        (folder / of).write_bytes(whole)
    if isinstance(found, str):
        assert str((folder / name).with_suffix("")) in found
        return
    with np.errstate(all="ignore"):
        assert len(outputs(found, np.zeros((1, *found.architecture.input), np.float32))) == 1
