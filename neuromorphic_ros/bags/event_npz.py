"""Read and write events as numpy archives (.npz)."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.array_header import ArrayHeader, read_header
from neuromorphic_ros.bags.event_recording import (
    EventRecording,
    in_order,
    nanoseconds,
    spikes_from_columns,
)
from neuromorphic_ros.bags.recording import bag_errors
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.spikes import Shape, SpikeBatch

SUFFIX = ".npz"
CHUNK_EVENTS = 1 << 18

_COLUMNS: dict[str, np.dtype[Any]] = {
    "x": np.dtype("<u2"),
    "y": np.dtype("<u2"),
    "p": np.dtype("u1"),
    "t_ns": np.dtype("<i8"),
}
_EXTENT = np.dtype("<i8")
_LAYOUTS = "x, y, p and t_ns or t_us, or x, y, p, dt_us and offset"
_MAX_PIXELS = 2**16

Column = npt.NDArray[np.integer[Any]]


def open_event_npz(path: Path, sample: int = 0) -> EventRecording:
    """Open events kept as one array per column; times are those of the file.

    Columns are `x, y, p` (1 or true is ON; 0, -1 or false OFF) and `t_ns` or `t_us`, of integers
    and of one length. `width` and `height` are those of the camera; without them the events tell.
    A collection has `offset` too: sample i are the events offset[i] to offset[i + 1], with `p`
    packed into bits and the time since the event before in `dt_us`.
    sample: which one of a collection; 0 for any other file.
    Raises BagError if the file is no such archive or has no such sample. Nothing is unpickled.
    """
    with bag_errors(path), zipfile.ZipFile(path) as archive:
        names = {name[:-4] for name in archive.namelist() if name.endswith(".npy")}
        if "offset" in names:
            return _open_sample(path, sample)
        time = next((name for name in ("t_ns", "t_us") if name in names), None)
        if time is None or not {"x", "y", "p"} <= names:
            raise BagError(
                f"{path}: has the arrays {', '.join(sorted(names)) or 'none'}; events are"
                f" {_LAYOUTS}"
            )
        if sample:
            raise BagError(f"{path}: holds one sample, not a number {sample}; ask for sample 0")
        columns = ("x", "y", "p", time)
        lengths = {name: _column(archive, name)[1].shape[0] for name in columns}
        if len(set(lengths.values())) > 1:
            raise BagError(f"{path}: its columns differ in length: {lengths}")
        if {"width", "height"} <= names:
            height, width = _scalar(archive, "height"), _scalar(archive, "width")
        else:
            height, width = (
                1 + max(map(_highest, _chunks(path, (name,))), default=0) for name in ("y", "x")
            )
        shape = _shape(height, width)

    def read() -> Iterator[SpikeBatch]:
        with bag_errors(path, "fetch the file again"):
            yield from in_order(_batches(path, columns, shape))

    return EventRecording(path, shape, read)


def write_event_npz(path: Path, shape: Shape, batches: Iterable[SpikeBatch]) -> int:
    """Write `x, y, p, t_ns, width, height`; equal events give equal files. Return their number.

    shape: (2, height, width). The file takes its place when it is complete; an error before, of
    `batches` too, leaves what was there. Memory does not grow with the number of events.
    Raises BagError if the file cannot be written.
    """
    _, height, width = shape
    with ExitStack() as stack:
        with bag_errors(path, "choose a file that can be written"):
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = Path(
                stack.enter_context(
                    tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent)
                )
            )
            files = {name: stack.enter_context((scratch / name).open("w+b")) for name in _COLUMNS}
        count = 0
        for batch in batches:
            polarity, y, x = np.unravel_index(batch.address, shape)
            with bag_errors(path, "free some space"):
                for (name, dtype), column in zip(
                    _COLUMNS.items(), (x, y, polarity, batch.time_ns), strict=True
                ):
                    files[name].write(column.astype(dtype).tobytes())
            count += len(batch)
        with bag_errors(path, "free some space"):
            whole = scratch / "whole"
            with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for name, file in files.items():
                    file.seek(0)
                    _add(archive, name, _COLUMNS[name], (count,), file)
                for name, extent in (("width", width), ("height", height)):
                    number = io.BytesIO(np.array(extent, _EXTENT).tobytes())
                    _add(archive, name, _EXTENT, (), number)
            os.replace(whole, path)
    return count


def _add(
    archive: zipfile.ZipFile, name: str, dtype: np.dtype[Any], shape: Shape, content: IO[bytes]
) -> None:
    header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    # Entries made from a name alone carry no time of writing.
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array_header_1_0(member, header)
        shutil.copyfileobj(content, member)


def _column(archive: zipfile.ZipFile, name: str) -> tuple[IO[bytes], ArrayHeader]:
    """Return the content of a one-dimensional array of integers, not read yet."""
    file = archive.open(f"{name}.npy")
    header = read_header(file)
    shape, dtype = header
    if len(shape) != 1 or dtype.kind not in "iub":
        raise BagError(f"its array {name} is {dtype} of shape {shape}, not a column of integers")
    return file, header


def _chunks(path: Path, names: tuple[str, ...]) -> Iterator[list[Column]]:
    """Yield columns of one length in step, a chunk at a time."""
    with zipfile.ZipFile(path) as archive, ExitStack() as stack:
        columns = [_column(archive, name) for name in names]
        for file, _ in columns:
            stack.enter_context(file)
        for start in range(0, columns[0][1].shape[0], CHUNK_EVENTS):
            count = min(CHUNK_EVENTS, columns[0][1].shape[0] - start)
            chunk = []
            for name, (file, header) in zip(names, columns, strict=True):
                data = file.read(count * header.dtype.itemsize)
                if len(data) != count * header.dtype.itemsize:
                    raise BagError(f"its array {name} breaks off")
                chunk.append(np.frombuffer(data, header.dtype))
            yield chunk


def _batches(path: Path, names: tuple[str, ...], shape: Shape) -> Iterator[SpikeBatch]:
    for x, y, polarity, time in _chunks(path, names):
        time_ns = nanoseconds(time) if names[-1] == "t_us" else _checked_ns(time)
        yield spikes_from_columns(shape, x, y, _is_on(polarity), time_ns)


def _highest(chunk: list[Column]) -> int:
    return int(chunk[0].max())


def _checked_ns(time_ns: Column) -> npt.NDArray[np.int64]:
    if time_ns.size and not 0 <= int(time_ns.min()) <= int(time_ns.max()) < 2**63:
        raise BagError(f"times {time_ns.min()} to {time_ns.max()} ns make no sense")
    return time_ns.astype(np.int64)


def _is_on(polarity: Column) -> npt.NDArray[np.bool_]:
    if np.any((polarity < -1) | (polarity > 1)):
        raise BagError(f"polarity {polarity.min()} to {polarity.max()} must be 0 or -1 and 1")
    return np.asarray(polarity > 0)


def _scalar(archive: zipfile.ZipFile, name: str) -> int:
    with archive.open(f"{name}.npy") as file:
        return int(np.lib.format.read_array(file, allow_pickle=False))


def _shape(height: int, width: int) -> Shape:
    if not (1 <= height <= _MAX_PIXELS // 2 and 1 <= width <= _MAX_PIXELS):
        raise BagError(f"a camera of {width}x{height} pixels makes no sense")
    return 2, height, width


def _open_sample(path: Path, sample: int) -> EventRecording:
    with np.load(path, allow_pickle=False) as arrays:
        offset = arrays["offset"]
        count = offset.size - 1
        if not 0 <= sample < count:
            raise BagError(f"{path}: has no sample {sample}; it has 0 to {count - 1}")
        part = slice(int(offset[sample]), int(offset[sample + 1]))
        x, y, step_us = arrays["x"][part], arrays["y"][part], arrays["dt_us"][part]
        is_on = np.unpackbits(arrays["p"])[part].astype(np.bool_)
        shape = _shape(int(arrays["height"]), int(arrays["width"]))
    if not x.size == y.size == step_us.size == is_on.size:
        raise BagError(f"{path}: sample {sample} breaks off; fetch the file again")
    time_ns = nanoseconds(np.cumsum(step_us, dtype=np.int64))
    spikes = spikes_from_columns(shape, x, y, is_on, time_ns)
    return EventRecording(path, shape, lambda: in_order(iter([spikes])))
