"""Camera images as 8-bit grey frames."""

from __future__ import annotations

from typing import NamedTuple, cast

import cv2
import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import SensorError

Grey = npt.NDArray[np.uint8]
Bytes = bytes | bytearray | memoryview | npt.NDArray[np.uint8]


class _Layout(NamedTuple):
    """depth_bytes: of each channel; of two, the high one is kept."""

    channels: int
    conversion: int | None = None
    depth_bytes: int = 1


# OpenCV names a Bayer pattern by its second row and column, ROS by its first: hence the swap.
_BAYER = {
    "rggb": cv2.COLOR_BayerBG2GRAY,
    "bggr": cv2.COLOR_BayerRG2GRAY,
    "gbrg": cv2.COLOR_BayerGR2GRAY,
    "grbg": cv2.COLOR_BayerGB2GRAY,
}
_LAYOUTS = {
    "mono8": _Layout(1),
    "mono16": _Layout(1, depth_bytes=2),
    "8UC1": _Layout(1),
    "16UC1": _Layout(1, depth_bytes=2),
    "8UC3": _Layout(3, cv2.COLOR_BGR2GRAY),
    "rgb8": _Layout(3, cv2.COLOR_RGB2GRAY),
    "bgr8": _Layout(3, cv2.COLOR_BGR2GRAY),
    "rgba8": _Layout(4, cv2.COLOR_RGBA2GRAY),
    "bgra8": _Layout(4, cv2.COLOR_BGRA2GRAY),
    "rgb16": _Layout(3, cv2.COLOR_RGB2GRAY, 2),
    "bgr16": _Layout(3, cv2.COLOR_BGR2GRAY, 2),
    "rgba16": _Layout(4, cv2.COLOR_RGBA2GRAY, 2),
    "bgra16": _Layout(4, cv2.COLOR_BGRA2GRAY, 2),
    "yuv422": _Layout(2, cv2.COLOR_YUV2GRAY_UYVY),
    "uyvy": _Layout(2, cv2.COLOR_YUV2GRAY_UYVY),
    "yuv422_yuy2": _Layout(2, cv2.COLOR_YUV2GRAY_YUY2),
    "yuyv": _Layout(2, cv2.COLOR_YUV2GRAY_YUY2),
    **{f"bayer_{pattern}8": _Layout(1, code) for pattern, code in _BAYER.items()},
    **{f"bayer_{pattern}16": _Layout(1, code, 2) for pattern, code in _BAYER.items()},
}


def to_grey(
    data: Bytes, height: int, width: int, encoding: str, step: int, is_bigendian: bool
) -> Grey:
    """Convert the pixels of a raw image to grey.

    data: at least step * height bytes, any buffer of uint8.
    encoding: a name of sensor_msgs/image_encodings; step: bytes per row, padding included.
    Returns uint8[height, width]: a view of `data` where it is grey already, else a new array.
    16-bit pixels keep their high byte; 8UC3 is taken as BGR.
    Raises SensorError if the encoding is unknown or the sizes contradict each other.
    """
    layout = _LAYOUTS.get(encoding)
    if layout is None:
        raise SensorError(
            f"image encoding {encoding!r} is unknown; publish one of {', '.join(_LAYOUTS)}"
        )
    if height <= 0 or width <= 0:
        raise SensorError(f"image is {width}x{height} pixels; both must be positive")
    row_bytes = width * layout.channels * layout.depth_bytes
    if step < row_bytes:
        raise SensorError(
            f"image step is {step} bytes but a row of {width} {encoding} pixels takes {row_bytes};"
            " correct the driver's step"
        )
    raw = data.reshape(-1) if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
    if raw.size < step * height:
        raise SensorError(
            f"image data has {raw.size} bytes but {height} rows of {step} take {step * height};"
            " the image is truncated"
        )
    values = raw[: step * height].reshape(height, step)[:, :row_bytes]
    if layout.depth_bytes == 2:
        pairs = values.reshape(height, width * layout.channels, 2)
        values = cast(Grey, cv2.extractChannel(pairs, 0 if is_bigendian else 1))
    if layout.conversion is None:
        return values
    pixels = values.reshape(height, width, layout.channels)
    return _converted(pixels, layout.conversion, encoding)


def decode_compressed(data: Bytes) -> Grey:
    """Decode a JPEG or PNG file to grey uint8[h, w].

    Raises SensorError if `data` is not an image that OpenCV can decode.
    """
    raw = np.frombuffer(data, np.uint8)
    try:
        grey = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE) if raw.size else None
    except cv2.error as failure:
        raise SensorError(f"compressed image of {raw.size} bytes: {failure.err}") from None
    if grey is None:
        raise SensorError(
            f"compressed image of {raw.size} bytes is no JPEG or PNG that can be decoded;"
            " check the publisher's format"
        )
    return cast(Grey, grey)


def resize(grey: Grey, height: int, width: int) -> Grey:
    """Resize uint8[h, w] to uint8[height, width]; `grey` itself if it has that size already.

    Averages areas when it shrinks, so that noise and aliasing do not turn into events.
    Raises SensorError if `height` or `width` is not positive.
    """
    if height <= 0 or width <= 0:
        raise SensorError(f"cannot resize to {width}x{height} pixels; both must be positive")
    if grey.shape == (height, width):
        return grey
    shrinks = height <= grey.shape[0] and width <= grey.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cast(Grey, cv2.resize(grey, (width, height), interpolation=method))


def _converted(pixels: npt.NDArray[np.uint8], conversion: int, encoding: str) -> Grey:
    try:
        return cast(Grey, cv2.cvtColor(pixels, conversion))
    except cv2.error as failure:
        height, width = pixels.shape[:2]
        raise SensorError(f"{encoding} image of {width}x{height} pixels: {failure.err}") from None
