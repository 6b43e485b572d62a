"""Hostile and damaged files."""

from __future__ import annotations

import pickle
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.nir.container import read_container
from neuromorphic_ros.snn.nir.reading import read_nir

from .graphs import chain, lif, write

LIMIT = 10_000


def made(path: Path, fill: Callable[[Any], object]) -> Path:
    with h5py.File(path / "file.nir", "w") as file:
        fill(file)
    return path / "file.nir"


def test_numbers_and_texts_are_read(tmp_path: Path) -> None:
    def fill(file: Any) -> None:
        file["group/text"] = "spike"
        file["group/fixed"] = np.array([b"ab", b"c"])
        file["group/names"] = [["a", "bcd"], ["", "e" * 5000]]
        file.create_dataset("numbers", data=np.arange(6).reshape(2, 3), compression="gzip")
        file.create_dataset("shuffled", data=np.arange(9.0), compression="gzip", shuffle=True)

    tree = read_container(made(tmp_path, fill), LIMIT)
    assert tree["group"]["text"] == "spike"
    assert tree["group"]["fixed"].tolist() == ["ab", "c"]
    assert tree["group"]["names"].tolist() == [["a", "bcd"], ["", "e" * 5000]]
    assert tree["numbers"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert tree["shuffled"].tolist() == list(range(9))


def deep(file: Any) -> None:
    file.create_group("/".join("g" * 200))


def looped(file: Any) -> None:
    group = file.create_group("group")
    group["again"] = file["/"]


def twice(file: Any) -> None:
    file["a"] = np.zeros(3)
    file["b"] = file["a"]


def soft(file: Any) -> None:
    file["a"] = h5py.SoftLink("/a")


def external(file: Any) -> None:
    file["a"] = h5py.ExternalLink("/etc/passwd", "/")


def stored_outside(file: Any) -> None:
    file.create_dataset("a", (4,), "u1", external=[("/etc/hostname", 0, 4)])


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource("/nowhere.h5", "a", (3,))
    file.create_virtual_dataset("a", layout)


def reference(file: Any) -> None:
    file.create_dataset("a", data=file.ref, dtype=h5py.ref_dtype)


def committed_type(file: Any) -> None:
    file["a"] = np.dtype("f8")


def many(file: Any) -> None:
    file.create_dataset("a", (2**20, 2**20), "f4", chunks=(64, 64))


def hollow(file: Any) -> None:
    file.create_dataset("a", (LIMIT,), "f8", chunks=(100,))


def large_chunks(file: Any) -> None:
    data = file.create_dataset("a", (10,), "f8", maxshape=(None,), chunks=(2**25,))
    data.id.write_direct_chunk((0,), b"\0" * 100)


def bomb(file: Any) -> None:
    data = file.create_dataset("a", (100,), "f8", chunks=(100,), compression="gzip")
    data.id.write_direct_chunk((0,), zlib.compress(b"\0" * 50_000_000))


def other_filter(file: Any) -> None:
    file.create_dataset("a", data=np.zeros(100), compression="lzf")


def empty(file: Any) -> None:
    file["a"] = h5py.Empty("f8")


@pytest.mark.parametrize(
    ("fill", "reason"),
    [
        (deep, "deeper than"),
        (looped, "linked from two places"),
        (twice, "linked from two places"),
        (soft, "/a is a link"),
        (external, "/a is a link"),
        (stored_outside, "from another file"),
        (virtual, "from another file"),
        (reference, "neither numbers nor text"),
        (committed_type, "neither a group nor a dataset"),
        (many, "declares 1099511627776 elements"),
        (hollow, "holds none"),
        (large_chunks, "chunks of 268435456 bytes"),
        (bomb, "decompresses to more"),
        (other_filter, "something else than gzip"),
        (empty, "holds nothing"),
    ],
)
def test_what_no_network_needs_is_refused_before_memory_is_taken(
    tmp_path: Path, fill: Callable[[Any], object], reason: str
) -> None:
    file = made(tmp_path, fill)
    tracemalloc.start()
    try:
        with pytest.raises(NetworkError, match=reason) as refused:
            read_container(file, LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert str(refused.value).startswith(f"{file}: ")


def test_a_text_that_many_share_counts_each_time(tmp_path: Path) -> None:
    def fill(file: Any) -> None:
        file.create_dataset("a", data=["x" * 2**20, *["y"] * 99], dtype=h5py.string_dtype())

    file = made(tmp_path, fill)
    with h5py.File(file) as opened:
        start = opened["a"].id.get_offset()
    content = bytearray(file.read_bytes())
    content[start : start + 1600] = content[start : start + 16] * 100
    file.write_bytes(content)
    with pytest.raises(NetworkError, match="bytes"):
        read_container(file, LIMIT)


class Executed:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("executed"),))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"name: brake",
        pickle.dumps(Executed()),
        b"\x89HDF\r\n\x1a\n" + bytes(100),
        b"\x89HDF\r\n\x1a\n" + struct.pack("<Q", 2**63) * 20,
    ],
)
def test_another_file_is_refused_and_not_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.nir").write_bytes(content)
    with pytest.raises(NetworkError, match=r"model.nir: is not a readable NIR file"):
        read_nir(Path("model.nir"))
    assert not Path("executed").exists()


@pytest.mark.parametrize("name", ["nowhere.nir", "."])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(NetworkError, match="is not a file"):
        read_nir(tmp_path / name)


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    nodes = chain(lif(3), before=3, after=3)
    return write(tmp_path_factory.mktemp("nir") / "valid.nir", nodes).read_bytes()


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, valid: bytes, data: Any) -> None:
    content = bytearray(valid)
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(1, len(content) - 1)) :]
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path / "damaged.nir"
    file.write_bytes(content)
    with suppress(NetworkError):
        read_nir(file)
