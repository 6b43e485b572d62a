"""Read the events of AEDAT4 files, which iniVation's DV and dv-processing write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from neuromorphic_ros.bags.event_recording import (
    EventRecording,
    in_order,
    nanoseconds,
    spikes_from_columns,
)
from neuromorphic_ros.bags.recording import bag_errors
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.spikes import Shape, SpikeBatch

SUFFIX = ".aedat4"


def open_aedat4(path: Path) -> EventRecording:
    """Open the first event stream of an AEDAT4 file; times are those of the file.

    Raises BagError if the file cannot be read or holds no events, or the `aedat` package is not
    installed.
    """
    with _aedat_errors(path):
        stream, information = _event_stream(path)
        shape = (2, int(information["height"]), int(information["width"]))

    def read() -> Iterator[SpikeBatch]:
        with _aedat_errors(path):
            yield from in_order(_batches(path, stream, shape))

    return EventRecording(path, shape, read)


def _event_stream(path: Path) -> tuple[int, dict[str, Any]]:
    for stream, information in sorted(_decoder(path).id_to_stream().items()):
        if information["type"] == "events":
            return stream, information
    raise BagError(f"{path}: holds no events; record the event output of the camera")


def _batches(path: Path, stream: int, shape: Shape) -> Iterator[SpikeBatch]:
    for packet in _decoder(path):
        if packet["stream_id"] == stream:
            events = packet["events"]
            yield spikes_from_columns(
                shape, events["x"], events["y"], events["on"], nanoseconds(events["t"])
            )


def _decoder(path: Path) -> Any:
    try:
        import aedat
    except ImportError as missing:
        raise BagError(
            f"{path}: AEDAT4 files need the aedat package ({missing}); install it with"
            " `pip install aedat`"
        ) from None
    return aedat.Decoder(str(path))


@contextmanager
def _aedat_errors(path: Path) -> Iterator[None]:
    with bag_errors(path, "fetch the file again"):
        try:
            yield
        except BaseException as error:
            # What the library did not foresee is no Exception for Python.
            if type(error).__name__ != "PanicException":
                raise
            raise ValueError(f"the aedat package gave up: {error}") from None
