"""Read the RAW files of Prophesee cameras: a text header, then the words of the sensor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from neuromorphic_ros.bags.recording import bag_errors
from neuromorphic_ros.errors import BagError

SUFFIX = ".raw"
CHUNK_BYTES = 1 << 20

_MAX_LINE_BYTES = 4096
_WORD_BYTES = {"evt2": 4, "evt3": 2}
_ENCODINGS = {"2.0": "evt2", "3.0": "evt3", "EVT2": "evt2", "EVT3": "evt3"}
# Sizes of sensors whose files may not tell them, by the driver: `% plugin_name hal_plugin_gen41_..`
# (https://docs.prophesee.ai/stable/hw/sensors).
_PLUGIN_SIZES = (
    (re.compile("genx320"), (320, 320)),
    (re.compile("gen3"), (480, 640)),
    (re.compile("gen4|imx636"), (720, 1280)),
)


@dataclass(frozen=True, slots=True)
class RawFile:
    """Describe a RAW file: the encoding of its words, "evt2" or "evt3", the size of its sensor.

    start: where the words begin.
    """

    path: Path
    encoding: str
    height: int
    width: int
    start: int

    def chunks(self) -> Iterator[bytes]:
        """Yield the words in pieces of 1 MiB.

        Raises BagError at the end if the file breaks off within a word.
        """
        with bag_errors(self.path), self.path.open("rb") as file:
            file.seek(self.start)
            size = 0
            while chunk := file.read(CHUNK_BYTES):
                size += len(chunk)
                yield chunk
        if size % _WORD_BYTES[self.encoding]:
            raise BagError(f"{self.path}: breaks off within its last word; fetch the file again")


def open_raw(path: Path) -> RawFile:
    """Read the header of a RAW file.

    Format: https://docs.prophesee.ai/stable/data/file_formats/raw.html.
    Raises BagError if the file is no RAW file, its words are neither EVT 2.0 nor EVT 3.0 in little
    endian, or nothing tells the size of the sensor.
    """
    with bag_errors(path):
        header, start = _header(path)
        if not header:
            raise BagError(f"{path}: has no header of lines '% key value'; it is not a RAW file")
        format_name, *options = header.get("format", "").split(";")
        sizes = dict(option.split("=", 1) for option in options if "=" in option)
        version = format_name or header.get("evt", "")
        if version not in _ENCODINGS:
            raise BagError(
                f"{path}: its words are {version or 'unknown'!r}; only EVT 2.0 and EVT 3.0 are"
                " read, convert it with metavision_file_to_raw"
            )
        if "big" in (header.get("endianness"), sizes.get("endianness")):
            raise BagError(f"{path}: its words are big-endian; record them in little endian")
        height, width = _size(path, header, sizes)
        return RawFile(path, _ENCODINGS[version], height, width, start)


def _header(path: Path) -> tuple[dict[str, str], int]:
    header: dict[str, str] = {}
    with path.open("rb") as file:
        while True:
            start = file.tell()
            line = file.readline(_MAX_LINE_BYTES)
            # Words may look like the start of a line: only text is one.
            if not (line.startswith(b"% ") and line.endswith(b"\n") and line.isascii()):
                return header, start
            key, _, value = line[2:].decode("ascii").strip().partition(" ")
            if key == "end":
                return header, file.tell()
            header[key] = value.strip()


def _size(path: Path, header: dict[str, str], sizes: dict[str, str]) -> tuple[int, int]:
    told = re.fullmatch(r"(\d+)x(\d+)", header.get("geometry", ""))
    if told:
        width, height = int(told[1]), int(told[2])
    elif sizes.get("height", "").isdecimal() and sizes.get("width", "").isdecimal():
        height, width = int(sizes["height"]), int(sizes["width"])
    else:
        plugin = header.get("plugin_name", "")
        known = [size for pattern, size in _PLUGIN_SIZES if pattern.search(plugin)]
        if not known:
            raise BagError(
                f"{path}: nothing tells the size of its sensor; add a line '% geometry"
                " WIDTHxHEIGHT' to the header"
            )
        height, width = known[0]
    if not (1 <= height <= 2048 and 1 <= width <= 2048):
        raise BagError(f"{path}: a sensor of {width}x{height} pixels makes no sense")
    return height, width
