"""Pictures of a camera, a video file, a stream or a GStreamer pipeline."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import SensorError

FALLBACK_HZ = 30.0
STREAM_TIMEOUT_MS = 5000

_NS_PER_MS = 1_000_000


class CameraRequest(NamedTuple):
    """What to open, and what to ask a device for.

    source: number or /dev path of a device, path of a video, URL of a stream, or GStreamer pipeline
    that ends in appsink. width, height [px], fps [Hz]: 0 leaves the choice to the device.
    """

    source: str
    width: int = 0
    height: int = 0
    fps: float = 0.0

    @property
    def is_device(self) -> bool:
        """Tell whether it is a camera of this machine."""
        return self.source.isdecimal() or self.source.startswith("/dev/")

    @property
    def is_pipeline(self) -> bool:
        """Tell whether it is a GStreamer pipeline."""
        return "!" in self.source

    @property
    def is_stream(self) -> bool:
        """Tell whether it comes over a network."""
        return "://" in self.source and not self.is_pipeline

    @property
    def is_live(self) -> bool:
        """Tell whether it paces itself and has no end."""
        return self.is_device or self.is_pipeline or self.is_stream


class Camera:
    """An open source: `grab` waits for a picture, `picture` decodes it."""

    def __init__(self, request: CameraRequest) -> None:
        """Open it; raises SensorError if that fails, with a way out."""
        self.request = request
        self._has_given = False
        # OpenCV, if it can be told, must not add warnings of its own to every attempt.
        with contextlib.suppress(AttributeError):
            cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        self._capture = _open(request)

    def close(self) -> None:
        """Give the source back."""
        self._capture.release()

    def rewind(self) -> None:
        """Begin a video again; raises SensorError if it is not there any more."""
        self.close()
        self._has_given = False
        self._capture = _open(self.request)

    def grab(self) -> bool:
        """Wait for the next picture; return false at the end of a video.

        Raises SensorError if a live source gives none, or a video holds none.
        """
        if self._capture.grab():
            self._has_given = True
            return True
        if self.request.is_live:
            raise SensorError(
                f"camera '{self.request.source}' gives no picture; check its cable, or the pipeline"
            )
        if not self._has_given:
            raise SensorError(
                f"video '{self.request.source}' holds no pictures; check that it plays in a player"
            )
        return False

    def picture(self) -> npt.NDArray[np.uint8]:
        """Return what was grabbed, uint8[height, width, 3] in BGR order.

        Raises SensorError if it cannot be decoded.
        """
        decoded, picture = self._capture.retrieve()
        if not decoded:
            raise SensorError(f"a picture of '{self.request.source}' cannot be decoded")
        if picture.ndim == 2:
            picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
        return np.asarray(picture, np.uint8)

    @property
    def position_ns(self) -> int:
        """Presentation time of what was grabbed, from the start of the video; 0 if unknown."""
        position_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        return round(position_ms * _NS_PER_MS) if math.isfinite(position_ms) else 0

    @property
    def period_ns(self) -> int:
        """Time between pictures that the source claims on average."""
        rate_hz = self._capture.get(cv2.CAP_PROP_FPS)
        sensible = math.isfinite(rate_hz) and 0.1 <= rate_hz <= 1000.0
        return round(1e9 / (rate_hz if sensible else FALLBACK_HZ))


class Frame(NamedTuple):
    """A picture: uint8[height, width, 3] in BGR order; position_ns: its time in the video."""

    picture: npt.NDArray[np.uint8]
    position_ns: int


def frames(source: str) -> Iterator[Frame]:
    """Yield frames until the source ends; raises SensorError as Camera does."""
    with contextlib.closing(Camera(CameraRequest(source))) as camera:
        while camera.grab():
            yield Frame(camera.picture(), camera.position_ns)


def _open(request: CameraRequest) -> cv2.VideoCapture:
    source = request.source
    if request.is_pipeline:
        return _checked(request, _open_pipeline(source))
    if request.is_stream:
        timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC]
        parameters = [item for each in timeouts for item in (each, STREAM_TIMEOUT_MS)]
        return _checked(request, cv2.VideoCapture(source, cv2.CAP_FFMPEG, parameters))
    if not request.is_device:
        if "%" not in source and not Path(source).exists():
            raise SensorError(f"video '{source}' does not exist")
        return _checked(request, cv2.VideoCapture(source))
    # What else might open a device ignores the size that is asked for.
    v4l2 = cv2.videoio_registry.hasBackend(cv2.CAP_V4L2)
    capture = cv2.VideoCapture(
        int(source) if source.isdecimal() else source, cv2.CAP_V4L2 if v4l2 else cv2.CAP_ANY
    )
    for name, value in (
        (cv2.CAP_PROP_FRAME_WIDTH, request.width),
        (cv2.CAP_PROP_FRAME_HEIGHT, request.height),
        (cv2.CAP_PROP_FPS, request.fps),
    ):
        if value:
            capture.set(name, value)
    return _checked(request, capture)


def _open_pipeline(source: str) -> cv2.VideoCapture:
    if "appsink" not in source:
        raise SensorError(
            f"GStreamer pipeline '{source}' does not end in appsink; append "
            "`! videoconvert ! video/x-raw,format=BGR ! appsink drop=true max-buffers=1`"
        )
    if not cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER):
        raise SensorError(
            f"this OpenCV {cv2.__version__} is built without GStreamer, as all of PyPI are; "
            "`pip uninstall opencv-python-headless` and `apt install python3-opencv`, or on a "
            "Jetson the one of JetPack"
        )
    return cv2.VideoCapture(source, cv2.CAP_GSTREAMER)


def _checked(request: CameraRequest, capture: cv2.VideoCapture) -> cv2.VideoCapture:
    if capture.isOpened():
        return capture
    capture.release()
    raise SensorError(
        f"camera or video '{request.source}' cannot be opened; check that it exists, that this "
        "user may read it, and that no other program holds it"
    )
