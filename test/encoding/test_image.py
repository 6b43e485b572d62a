"""Raw and compressed images to grey."""

from __future__ import annotations

import array
import io

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from neuromorphic_ros.encoding.image import decode_compressed, resize, to_grey
from neuromorphic_ros.errors import SensorError

COLOUR = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
GREY = np.random.default_rng(1).integers(0, 256, (6, 8), np.uint8)
LUMA_OF_RGB = np.array([0.299, 0.587, 0.114])


@pytest.mark.parametrize("encoding", ["mono8", "8UC1"])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, np.array, "array"])
def test_grey_is_a_view_of_any_buffer(encoding: str, kind: object) -> None:
    flat = GREY.reshape(-1)
    if kind == "array":
        data: object = array.array("B", flat.tobytes())
    else:
        data = kind(flat) if kind is np.array else kind(flat.tobytes())  # type: ignore[operator]
    grey = to_grey(data, 6, 8, encoding, 8, False)  # type: ignore[arg-type]
    assert np.array_equal(grey, GREY)
    assert np.shares_memory(grey, np.frombuffer(data, np.uint8))  # type: ignore[call-overload]


@given(padding=st.integers(0, 9), excess=st.integers(0, 20))
def test_row_padding_is_left_out(padding: int, excess: int) -> None:
    rows = np.pad(GREY, ((0, 0), (0, padding)), constant_values=77)
    data = rows.tobytes() + bytes(excess)
    assert np.array_equal(to_grey(data, 6, 8, "mono8", 8 + padding, False), GREY)
    rows = np.pad(COLOUR.reshape(6, 24), ((0, 0), (0, padding)), constant_values=77)
    expected = to_grey(COLOUR.tobytes(), 6, 8, "rgb8", 24, False)
    assert np.array_equal(to_grey(rows.tobytes(), 6, 8, "rgb8", 24 + padding, False), expected)


@pytest.mark.parametrize("encoding", ["mono16", "16UC1"])
@pytest.mark.parametrize("is_bigendian", [False, True])
def test_sixteen_bits_keep_the_high_byte(encoding: str, is_bigendian: bool) -> None:
    values = np.random.default_rng(2).integers(0, 2**16, (6, 8), np.uint16)
    data = values.astype(">u2" if is_bigendian else "<u2").tobytes()
    grey = to_grey(data, 6, 8, encoding, 16, is_bigendian)
    assert np.array_equal(grey, values >> 8)


@pytest.mark.parametrize(
    ("encoding", "order"),
    [
        ("rgb8", [0, 1, 2]),
        ("bgr8", [2, 1, 0]),
        ("8UC3", [2, 1, 0]),
        ("rgba8", [0, 1, 2, 0]),
        ("bgra8", [2, 1, 0, 0]),
    ],
)
def test_colour_becomes_luma(encoding: str, order: list[int]) -> None:
    pixels = np.ascontiguousarray(COLOUR[:, :, order])
    grey = to_grey(pixels.tobytes(), 6, 8, encoding, 8 * len(order), False)
    assert np.abs(grey - COLOUR @ LUMA_OF_RGB).max() <= 1.0


@pytest.mark.parametrize("is_bigendian", [False, True])
@pytest.mark.parametrize(
    ("encoding", "order"),
    [
        ("rgb16", [0, 1, 2]),
        ("bgr16", [2, 1, 0]),
        ("rgba16", [0, 1, 2, 0]),
        ("bgra16", [2, 1, 0, 0]),
    ],
)
def test_colour_of_sixteen_bits_becomes_luma(
    encoding: str, order: list[int], is_bigendian: bool
) -> None:
    pixels = COLOUR[:, :, order].astype(">u2" if is_bigendian else "<u2") * 256 + 77
    pixels = pixels.astype(">u2" if is_bigendian else "<u2")
    grey = to_grey(pixels.tobytes(), 6, 8, encoding, 16 * len(order), is_bigendian)
    assert np.abs(grey - COLOUR @ LUMA_OF_RGB).max() <= 1.0


@pytest.mark.parametrize(
    ("encoding", "luma"), [("yuv422", 1), ("uyvy", 1), ("yuv422_yuy2", 0), ("yuyv", 0)]
)
def test_yuv_keeps_luma(encoding: str, luma: int) -> None:
    pixels = np.zeros((6, 8, 2), np.uint8)
    pixels[:, :, luma] = GREY
    assert np.array_equal(to_grey(pixels.tobytes(), 6, 8, encoding, 16, False), GREY)


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_bayer_weighs_each_colour_as_its_pattern_says(pattern: str) -> None:
    """A scene of one pure colour must come out as that colour's luma."""
    for colour, luma in zip("rgb", LUMA_OF_RGB, strict=True):
        tile = np.array([255 if name == colour else 0 for name in pattern], np.uint8).reshape(2, 2)
        mosaic: npt.NDArray[np.uint8] = np.tile(tile, (6, 6))
        grey = to_grey(mosaic.tobytes(), 12, 12, f"bayer_{pattern}8", 12, False)
        assert np.abs(grey[2:-2, 2:-2] - 255 * luma).max() <= 2.0
        deep = mosaic.astype(">u2") * 256
        same = to_grey(deep.astype(">u2").tobytes(), 12, 12, f"bayer_{pattern}16", 24, True)
        assert np.array_equal(same, grey)


@pytest.mark.parametrize(
    ("size", "height", "width", "encoding", "step", "message"),
    [
        (48, 6, 8, "rgb32", 48, "'rgb32' is unknown; publish one of mono8"),
        (48, 6, 8, "", 8, "'' is unknown"),
        (48, 6, 8, "mono8", 7, "step is 7 bytes but a row of 8 mono8 pixels takes 8"),
        (144, 6, 8, "rgb8", 8, "step is 8 bytes but a row of 8 rgb8 pixels takes 24"),
        (47, 6, 8, "mono8", 8, "47 bytes but 6 rows of 8 take 48"),
        (0, 6, 8, "mono8", 8, "0 bytes"),
        (0, 0, 8, "mono8", 8, "8x0 pixels"),
        (0, 6, 0, "mono8", 0, "0x6 pixels"),
    ],
)
def test_contradictory_images_are_refused(
    size: int, height: int, width: int, encoding: str, step: int, message: str
) -> None:
    with pytest.raises(SensorError, match=message):
        to_grey(bytes(size), height, width, encoding, step, False)


@pytest.mark.parametrize("encoding", ["bayer_rggb8", "bayer_grbg16", "yuv422", "rgba8", "mono16"])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 3), (2, 2), (3, 1)])
def test_tiny_images_convert(encoding: str, height: int, width: int) -> None:
    data = bytes(4 * height * width)
    assert to_grey(data, height, width, encoding, 4 * width, False).shape == (height, width)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_compressed_images_decode(suffix: str) -> None:
    smooth = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (16, 1))
    encoded, data = cv2.imencode(suffix, smooth)
    assert encoded
    grey = decode_compressed(data.tobytes())
    assert grey.shape == smooth.shape
    assert np.abs(grey.astype(int) - smooth).max() <= (0 if suffix == ".png" else 4)


@pytest.mark.parametrize(("kind", "error"), [("PNG", 1), ("JPEG", 6)])
def test_colour_files_of_another_library_become_luma(kind: str, error: int) -> None:
    ramps = np.indices((16, 24)).transpose(1, 2, 0) * 8
    colour = np.dstack([ramps, 255 - ramps[:, :, 1]]).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(colour).save(file, kind, quality=95, subsampling=0)
    grey = decode_compressed(file.getvalue())
    assert np.abs(grey - colour @ LUMA_OF_RGB).max() <= error


def test_files_of_sixteen_bits_keep_the_high_byte() -> None:
    values = np.arange(0, 65_536, 1024, dtype=np.uint16).reshape(8, 8)
    _, data = cv2.imencode(".png", values)
    assert np.abs(decode_compressed(data.tobytes()) - (values >> 8).astype(int)).max() <= 1


@given(st.binary(max_size=64))
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(SensorError, match=f"compressed image of {len(data)} bytes"):
        decode_compressed(data)


def test_resize_averages_when_it_shrinks_and_keeps_what_fits() -> None:
    checkers = np.indices((8, 8)).sum(0).astype(np.uint8) % 2 * 254
    assert np.all(resize(checkers, 4, 4) == 127)
    assert resize(checkers, 8, 8) is checkers
    assert resize(checkers, 16, 12).shape == (16, 12)


@pytest.mark.parametrize(("height", "width"), [(0, 4), (4, 0), (-1, 4)])
def test_resize_refuses_empty_sizes(height: int, width: int) -> None:
    with pytest.raises(SensorError, match=f"{width}x{height}"):
        resize(GREY, height, width)
