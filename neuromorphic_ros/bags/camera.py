"""Frames of a camera, a video file or a GStreamer pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import SensorError

FALLBACK_HZ = 30.0


class Frame(NamedTuple):
    """A picture: uint8[height, width, 3] in BGR order; period_ns: time until the next one."""

    picture: npt.NDArray[np.uint8]
    period_ns: int


def frames(source: str) -> Iterator[Frame]:
    """Yield frames until the source ends.

    source: number of a device, path of a video, or a GStreamer pipeline that ends in appsink.
    period_ns is 0 for sources that pace themselves.
    Raises SensorError if the source cannot be opened.
    """
    capture = cv2.VideoCapture(int(source)) if source.isdecimal() else cv2.VideoCapture(source)
    try:
        if not capture.isOpened():
            raise SensorError(
                f"camera or video '{source}' cannot be opened; check that it exists, that this "
                "user may read it, and that no other program holds it"
            )
        live = source.isdecimal() or "appsink" in source
        rate_hz = capture.get(cv2.CAP_PROP_FPS) or FALLBACK_HZ
        period_ns = 0 if live else round(1e9 / rate_hz)
        while True:
            read, picture = capture.read()
            if not read:
                return
            yield Frame(np.asarray(picture, np.uint8), period_ns)
    finally:
        capture.release()
