"""Read a video file as the recording of a camera."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import cv2

from neuromorphic_ros.bags.recording import RecordedMessage, Recording, TopicInfo, bag_errors
from neuromorphic_ros.bags.typestore import NS_PER_S, serialize, to_message, typestore
from neuromorphic_ros.errors import BagError

IMAGE_TOPIC = "/camera/image_raw"
SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv"})
# Videos do not know when they were taken, and a stamp of zero means "none" to many nodes.
EPOCH_NS = NS_PER_S

_IMAGE_TYPE = "sensor_msgs/msg/Image"
_NS_PER_MS = 1_000_000


class VideoExtent(NamedTuple):
    """Hold what the container says: frames stored, last stamp [ns], claimed duration [ns]."""

    frames: int
    end_ns: int
    duration_ns: int


def open_video(path: Path) -> Recording:
    """Open a video as /camera/image_raw, sensor_msgs/msg/Image in bgr8, frame id 'camera'.

    Stamps are EPOCH_NS (1 s) plus the time of the frame in the video, strictly increasing.
    Frames are decoded one at a time.
    Raises BagError if it is no video; iterating raises it if the video breaks off early.
    """
    with bag_errors(path):
        extent = _extent(path)

    def read(wanted: frozenset[str]) -> Iterator[RecordedMessage]:
        return _frames(path, extent) if wanted else iter(())

    topics = {IMAGE_TOPIC: TopicInfo(_IMAGE_TYPE, extent.frames)}
    return Recording(path, topics, EPOCH_NS, extent.end_ns, read)


def _frames(path: Path, extent: VideoExtent) -> Iterator[RecordedMessage]:
    stamp_ns = EPOCH_NS - 1
    with _opened(path) as capture:
        while True:
            ok, image = capture.read()
            if not ok:
                break
            stamp_ns = max(stamp_ns + 1, _position_ns(capture))
            yield _message(image, stamp_ns)
    # Containers round their durations, and some last frames stay on for long.
    missing_ns = EPOCH_NS + extent.duration_ns - stamp_ns
    if missing_ns > max(NS_PER_S, extent.duration_ns // 10):
        raise BagError(
            f"{path}: breaks off {missing_ns / NS_PER_S:.1f} s before its end of "
            f"{extent.duration_ns / NS_PER_S:.1f} s; fetch the file again"
        )


def _message(image: Any, stamp_ns: int) -> RecordedMessage:
    height, width = image.shape[:2]
    message = to_message(
        _IMAGE_TYPE,
        {
            "header": {"stamp": stamp_ns, "frame_id": "camera"},
            "height": height,
            "width": width,
            "encoding": "bgr8",
            "step": 3 * width,
            "data": image.reshape(-1),
        },
    )
    raw = serialize(_IMAGE_TYPE, message)
    return RecordedMessage(IMAGE_TOPIC, _IMAGE_TYPE, stamp_ns, raw, typestore())


def _extent(path: Path) -> VideoExtent:
    # Frame counts in headers are estimates; reading the packets undecoded is exact and fast.
    with _opened(path, cv2.CAP_PROP_FORMAT, -1) as capture:
        positions_ns = []
        while capture.grab():
            positions_ns.append(_position_ns(capture))
        duration_s = capture.get(cv2.CAP_PROP_FRAME_COUNT) / (capture.get(cv2.CAP_PROP_FPS) or 1.0)
    if not positions_ns:
        raise BagError(f"{path}: holds no frames; check that it plays in a video player")
    sensible = math.isfinite(duration_s) and 0.0 <= duration_s < 1e6
    end_ns = EPOCH_NS - 1
    # Packets are stored in the order of decoding, not of showing.
    for position_ns in sorted(positions_ns):
        end_ns = max(end_ns + 1, position_ns)
    return VideoExtent(len(positions_ns), end_ns, round(duration_s * NS_PER_S) if sensible else 0)


def _position_ns(capture: cv2.VideoCapture) -> int:
    position_ms = capture.get(cv2.CAP_PROP_POS_MSEC)
    if not math.isfinite(position_ms) or position_ms < 0.0:
        return EPOCH_NS
    return EPOCH_NS + round(position_ms * _NS_PER_MS)


@contextmanager
def _opened(path: Path, *parameters: int) -> Iterator[cv2.VideoCapture]:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, parameters)
    try:
        if not capture.isOpened():
            raise BagError(f"{path}: is not a video that can be decoded; convert it to mp4")
        yield capture
    finally:
        capture.release()
