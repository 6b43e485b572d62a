"""Write videos that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.bags.recording import bag_errors
from neuromorphic_ros.errors import BagError

SUFFIX = ".mp4"
_CODEC = cv2.VideoWriter.fourcc(*"mp4v")
# MPEG-4 counts time in up to 65 535 parts of a second, hence at most two decimals.
_RATES_HZ = (0.01, 240.0)


class VideoWriter:
    """Write pictures as MPEG-4; equal pictures give equal files.

    They go to a hidden folder beside `path`, which gets the video when the writer is closed.
    Leaving the `with` block by an exception discards it.
    """

    def __init__(self, path: Path, rate_hz: float) -> None:
        """Create the hidden folder; raises BagError if `path` is no .mp4 or cannot be written.

        rate_hz: pictures per second, rounded to two decimals, 0.01 to 240.
        """
        if path.suffix.lower() != SUFFIX:
            raise BagError(f"{path}: videos are written as {SUFFIX}; choose such a name")
        self.path = path
        self._rate_hz = round(min(max(rate_hz, _RATES_HZ[0]), _RATES_HZ[1]), 2)
        with bag_errors(path, "choose a folder that can be written"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        self._file = self._scratch / f"video{SUFFIX}"
        self._writer: cv2.VideoWriter | None = None
        self._shape: tuple[int, ...] = ()
        self._written = 0

    def write(self, picture: npt.NDArray[np.uint8]) -> None:
        """Append an RGB picture uint8[height, width, 3]; a row or column makes odd sizes even.

        Raises BagError if it has another size than the first or cannot be encoded.
        """
        if self._writer is None:
            self._shape = picture.shape
            height, width = picture.shape[:2]
            size = (width + width % 2, height + height % 2)
            self._writer = cv2.VideoWriter(
                str(self._file), cv2.CAP_FFMPEG, _CODEC, self._rate_hz, size
            )
            if not self._writer.isOpened():
                raise BagError(
                    f"{self.path}: no video of {width}x{height} pixels can be written; choose a"
                    " smaller size"
                )
        if picture.shape != self._shape:
            raise BagError(f"{self.path}: picture {picture.shape} differs from {self._shape}")
        height, width = picture.shape[:2]
        even = cv2.copyMakeBorder(
            picture[..., ::-1], 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE
        )
        self._writer.write(even)
        self._written += 1

    def close(self) -> None:
        """Finish the video and put it in its place; raises BagError if that fails."""
        try:
            if self._writer is None:
                raise BagError(f"{self.path}: there are no pictures to write")
            self._writer.release()
            # OpenCV does not tell that a disk is full.
            if _frames(self._file) != self._written:
                raise BagError(f"{self.path}: cannot be written; check the space on the disk")
            with bag_errors(self.path, "choose a file that can be written"):
                os.replace(self._file, self.path)
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def discard(self) -> None:
        """Throw away what was written; `path` stays as it was."""
        if self._writer is not None:
            self._writer.release()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def _frames(file: Path) -> int:
    capture = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)
    try:
        return round(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    finally:
        capture.release()
