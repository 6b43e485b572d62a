"""Videos to read."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

SIZE = (32, 16)
FPS = 10.0
STEP = 10


def write_video(path: Path, frames: int = 20) -> Path:
    """Write frames of 100 ms, of 32 x 16 pixels; each is brighter by STEP than the one before."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, SIZE)
    assert writer.isOpened()
    for index in range(frames):
        writer.write(np.full((SIZE[1], SIZE[0], 3), STEP * index, np.uint8))
    writer.release()
    return path


def write_variable_rate_video(path: Path, times_ms: Sequence[int]) -> Path:
    """Write an mkv whose frames are shown at these times."""
    content = bytearray(write_video(path, len(times_ms)).read_bytes())
    place = 0
    for index, time_ms in enumerate(times_ms):
        # Of a SimpleBlock: the track as a variable-length 1, then the time as int16.
        place = content.index(b"\x81" + struct.pack(">h", round(index * 1000 / FPS)), place + 1)
        struct.pack_into(">h", content, place + 1, time_ms)
    path.write_bytes(content)
    return path


def number(picture: np.ndarray) -> int:
    """Return which frame a picture is."""
    return round(float(picture.mean()) / STEP)
