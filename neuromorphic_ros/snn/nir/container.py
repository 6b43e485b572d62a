"""The HDF5 file around a NIR graph, read without trusting it.

HDF5 can name other files, link in circles, and declare or decompress to far more than it holds;
all of that is refused before the memory would be taken.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np

from neuromorphic_ros.errors import NetworkError

# Groups within groups: of nested graphs, three each.
MAX_DEPTH = 64
MAX_TEXT_BYTES = 2**26
# h5py's own chunks are at most 1 MiB.
MAX_CHUNK_BYTES = 2**26
_FILTERS = ((), (h5py.h5z.FILTER_DEFLATE,), (h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE))

# What the HDF5 library and numpy raise for broken files.
_BROKEN = (
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    NotImplementedError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
)

Tree = dict[str, Any]


def read_container(path: Path, max_elements: int) -> Tree:
    """Read an HDF5 file into nested dictionaries of arrays, numbers and texts.

    max_elements: of all arrays together.
    Raises NetworkError naming the file and the object in it if it is no HDF5 file, is damaged,
    declares more, or holds anything but numbers and texts of its own.
    """
    if not path.is_file():
        raise NetworkError(f"{path}: is not a file; check the path")
    try:
        with path.open("rb") as raw, h5py.File(path, "r") as file:
            if file.userblock_size or file.id.get_create_plist().get_sizes() != (8, 8):
                raise NetworkError(f"{path}: is not laid out as NIR files are")
            return _Reader(str(path), raw, max_elements).group(file, 0)
    except NetworkError:
        raise
    except _BROKEN as broken:
        reason = " ".join(str(broken).split()) or type(broken).__name__
        raise NetworkError(f"{path}: is not a readable NIR file (HDF5): {reason}") from None


class _Reader:
    def __init__(self, where: str, raw: BinaryIO, max_elements: int) -> None:
        self._where = where
        self._raw = raw
        self._size = raw.seek(0, io.SEEK_END)
        self._heaps: dict[int, dict[int, bytes]] = {}
        self._elements_left = max_elements
        self._text_left = MAX_TEXT_BYTES
        self._seen: set[Any] = set()

    def group(self, group: Any, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise self._refuse(group.name, f"is nested deeper than {MAX_DEPTH} groups")
        self._see(group)
        tree: Tree = {}
        for name in group:
            path = f"{group.name.rstrip('/')}/{name}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise self._refuse(path, "is a link; a NIR file holds everything itself")
            item = group[name]
            if isinstance(item, h5py.Group):
                tree[name] = self.group(item, depth + 1)
            elif isinstance(item, h5py.Dataset):
                tree[name] = self._dataset(item)
            else:
                raise self._refuse(path, "is neither a group nor a dataset")
        return tree

    def _refuse(self, name: str, reason: str) -> NetworkError:
        return NetworkError(f"{self._where}: {name} {reason}")

    def _see(self, item: Any) -> None:
        # An object that is met twice closes a circle, or multiplies what is read.
        address = h5py.h5o.get_info(item.id).addr
        if address in self._seen:
            raise self._refuse(item.name, "is linked from two places")
        self._seen.add(address)

    def _dataset(self, data: Any) -> Any:
        self._see(data)
        if data.shape is None:
            raise self._refuse(data.name, "holds nothing")
        elements = math.prod(data.shape)
        self._elements_left -= elements
        if self._elements_left < 0:
            raise self._refuse(
                data.name, f"declares {elements} elements: with them the file exceeds its limit"
            )
        if data.is_virtual or data.external is not None:
            raise self._refuse(data.name, "takes its values from another file")
        text = h5py.check_string_dtype(data.dtype)
        if text is not None:
            return self._text(data, text.length)
        if data.dtype.kind not in "fiub":
            raise self._refuse(data.name, f"holds {data.dtype}, neither numbers nor text")
        self._check_storage(data, elements)
        return data[()]

    def _check_storage(self, data: Any, elements: int) -> None:
        if elements and data.id.get_storage_size() == 0:
            raise self._refuse(data.name, f"declares {elements} elements and holds none")
        settings = data.id.get_create_plist()
        filters = tuple(settings.get_filter(place)[0] for place in range(settings.get_nfilters()))
        if filters not in _FILTERS:
            raise self._refuse(data.name, "is compressed with something else than gzip")
        if data.chunks is None:
            return
        chunk_bytes = math.prod(data.chunks) * data.dtype.itemsize
        if chunk_bytes > MAX_CHUNK_BYTES:
            raise self._refuse(data.name, f"has chunks of {chunk_bytes} bytes; write smaller ones")
        if not filters:
            return
        for index in range(data.id.get_num_chunks()):
            skipped, stored = data.id.read_direct_chunk(data.id.get_chunk_info(index).chunk_offset)
            # The mask has a bit for each filter that this chunk was written without.
            if skipped == 0:
                inflating = zlib.decompressobj()
                inflating.decompress(stored, chunk_bytes)
                if inflating.unconsumed_tail:
                    raise self._refuse(data.name, "decompresses to more than it declares")

    def _text(self, data: Any, length: int | None) -> Any:
        if length is None:
            encoded: Iterable[bytes] = self._variable_texts(data)
        else:
            self._check_storage(data, math.prod(data.shape))
            encoded = [bytes(text) for text in np.ravel(data[()])]
        texts = np.empty(data.shape, object)
        for place, text in zip(np.ndindex(data.shape), encoded, strict=True):
            # Texts of variable length may share their bytes in the file.
            self._text_left -= len(text)
            if self._text_left < 0:
                raise self._refuse(data.name, f"and others hold over {MAX_TEXT_BYTES} bytes")
            texts[place] = text.decode("utf-8")
        return texts[()]

    def _variable_texts(self, data: Any) -> Iterator[bytes]:
        """Yield texts of variable length without the HDF5 library, which damaged ones can hang.

        An element is the length of a text, the address of a global heap and an index in it (HDF5
        File Format Specification 3.0, IV.A.2.d.9 and III.E).
        """
        start, elements = data.id.get_offset(), math.prod(data.shape)
        if start is None:
            raise self._refuse(data.name, "holds text in chunks, which NIR files do not")
        for element in range(elements):
            length, heap, index = struct.unpack("<IQI", self._bytes(start + 16 * element, 16))
            yield self._heap(heap)[index][:length] if length else b""

    def _heap(self, address: int) -> dict[int, bytes]:
        if address not in self._heaps:
            signature, size = struct.unpack("<8sQ", self._bytes(address, 16))
            if signature != b"GCOL\x01\0\0\0":
                raise ValueError("a text is not where it should be")
            collection = self._bytes(address, size)
            texts, at = {}, 16
            while at + 16 <= size:
                index, length = struct.unpack_from("<H6xQ", collection, at)
                if index == 0:
                    break
                texts[index] = collection[at + 16 : at + 16 + length]
                at += 16 + -(-length // 8) * 8
            self._heaps[address] = texts
        return self._heaps[address]

    def _bytes(self, start: int, length: int) -> bytes:
        if start + length > self._size:
            raise ValueError("a text is outside of the file")
        self._raw.seek(start)
        return self._raw.read(length)
