from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from neuromorphic_ros.bags.event_npz import write_event_npz
from neuromorphic_ros.bags.video import EPOCH_NS
from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.encoding.dvs import PRESETS, Dvs
from neuromorphic_ros.encoding.image import resize
from neuromorphic_ros.errors import BagError, SensorError
from neuromorphic_ros.pipeline.event_source import (
    ARRAY_NS,
    CLEAN,
    WINDOW_NS,
    Emulation,
    EventSource,
    Piece,
    Size,
    arrays_of,
    open_event_source,
)
from neuromorphic_ros.pipeline.event_stream import EVENT_PACKET
from neuromorphic_ros.pipeline.messages import spike_arrays
from neuromorphic_ros.pipeline.outputs import SPIKES
from neuromorphic_ros.pipeline.replay import Rejected
from neuromorphic_ros.spikes import SpikeBatch, merge

START_NS = 1_700_000_000_000_000_000
FRAME_NS = 40_000_000
HEIGHT, WIDTH = 8, 12
SHAPE = (2, HEIGHT, WIDTH)
IMAGE = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"


def frame(index: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A bar that moves."""
    grey = np.full((height, width), 60, np.uint8)
    grey[:, index % width] = 200
    return grey


def image(index: int, **changes: Any) -> tuple[str, dict[str, Any]]:
    grey = frame(index)
    fields = {
        "header": {"stamp": START_NS + index * FRAME_NS, "frame_id": "eye"},
        "height": HEIGHT,
        "width": WIDTH,
        "encoding": "mono8",
        "step": WIDTH,
        "data": grey.reshape(-1),
    }
    return IMAGE, {**fields, **changes}


def compressed(index: int) -> tuple[str, dict[str, Any]]:
    _, data = cv2.imencode(".png", frame(index))
    stamp = START_NS + index * FRAME_NS
    return COMPRESSED, {"header": {"stamp": stamp}, "format": "png", "data": data.reshape(-1)}


def spikes(*times_ns: int) -> tuple[str, dict[str, Any]]:
    [fields] = spike_arrays("dvs", "eye", events(*times_ns), times_ns[0], times_ns[-1], None)
    return SPIKES, fields


def packet() -> tuple[str, dict[str, Any]]:
    # Time, row 1, an ON event of column 2.
    data = np.array((0x8000, 0x6000, 0x0001, 0x2802), "<u2").tobytes()
    header = {"stamp": START_NS}
    extent = {"height": HEIGHT, "width": WIDTH}
    return EVENT_PACKET, {"header": header, "encoding": "evt3", "events": data, **extent}


def events(*times_ns: int) -> SpikeBatch:
    return SpikeBatch.checked(SHAPE, [7] * len(times_ns), np.array(times_ns, np.int64))


def bag(path: Path, **topics: Iterable[tuple[str, Any]]) -> Path:
    with RecordingWriter(path) as writer:
        for topic, messages in topics.items():
            for index, (type_name, fields) in enumerate(messages):
                writer.write(f"/{topic}", type_name, fields, START_NS + index * FRAME_NS)
    return path


def pieces_of(source: EventSource) -> list[Piece]:
    with source:
        pieces = [piece for piece in source if isinstance(piece, Piece)]
        assert len(pieces) == sum(1 for _ in source)
    return pieces


def npz(path: Path, *times_ns: int) -> Path:
    write_event_npz(path, SHAPE, [events(*times_ns)])
    return path


@pytest.mark.parametrize("message", [image, compressed])
def test_frames_are_emulated(tmp_path: Path, message: Any) -> None:
    path = bag(tmp_path / "bag", camera=[message(index) for index in range(5)])
    source = open_event_source(path)
    assert (source.topic, source.shape, source.emulation) == ("/camera", SHAPE, CLEAN)
    assert source.rate_hz == 25.0
    pieces = pieces_of(source)
    dvs = Dvs(PRESETS["clean"], HEIGHT, WIDTH, seed=0)
    for index, piece in enumerate(pieces):
        stamp_ns = START_NS + index * FRAME_NS
        assert (piece.start_ns, piece.stop_ns) == (max(START_NS, stamp_ns - FRAME_NS), stamp_ns)
        np.testing.assert_array_equal(piece.picture, frame(index))
        assert piece.events == dvs.encode(frame(index), stamp_ns)
    assert [bool(len(piece.events)) for piece in pieces] == [False, True, True, True, True]


def test_the_emulation_and_its_size_are_chosen(tmp_path: Path) -> None:
    path = bag(tmp_path / "bag", camera=[image(index) for index in range(3)])
    emulation = Emulation(PRESETS["noisy"], seed=3)
    source = open_event_source(path, size=Size(4, 6), emulation=emulation)
    assert (source.shape, source.emulation) == ((2, 4, 6), emulation)
    dvs = Dvs(emulation.parameters, 4, 6, emulation.seed)
    for index, piece in enumerate(pieces_of(source)):
        picture = resize(frame(index), 4, 6)
        np.testing.assert_array_equal(piece.picture, picture)
        assert piece.events == dvs.encode(picture, START_NS + index * FRAME_NS)


def test_every_iteration_starts_anew(tmp_path: Path) -> None:
    path = bag(tmp_path / "bag", camera=[image(index) for index in range(4)])
    noisy = Emulation(PRESETS["noisy"], seed=1)
    with open_event_source(path, emulation=noisy) as source:
        first, again = (merge([piece.events for piece in source]) for _ in range(2))
    assert len(first) > 0
    assert first == again


def test_frames_that_cannot_be_used_are_told_and_left_out(tmp_path: Path) -> None:
    wrong = [image(1, encoding="mono7"), image(1, height=4), image(0)]
    path = bag(tmp_path / "bag", camera=[image(0), *wrong, image(2)])
    with open_event_source(path) as source:
        pieces = list(source)
    assert [type(piece) for piece in pieces] == [Piece, Rejected, Rejected, Rejected, Piece]
    reasons = [piece.reason for piece in pieces if isinstance(piece, Rejected)]
    for reason, words in zip(reasons, ("'mono7' is unknown", "[4, 12]", "not after"), strict=True):
        assert words in reason


@pytest.mark.parametrize(
    ("topics", "topic", "emulated"),
    [
        (("spikes", "image"), None, True),
        (("spikes", "image"), "/spikes", False),
        (("spikes", "image", "packets"), None, False),
        (("spikes", "image", "packets"), "/image", True),
        (("spikes",), None, False),
    ],
)
def test_real_events_come_before_frames_and_frames_before_spikes(
    tmp_path: Path, topics: tuple[str, ...], topic: str | None, emulated: bool
) -> None:
    messages = {"image": [image(0), image(1)], "spikes": [spikes(START_NS)], "packets": [packet()]}
    path = bag(tmp_path / "bag", **{name: messages[name] for name in topics})
    source = open_event_source(path, topic)
    assert (source.emulation is not None) == emulated
    assert sum(len(piece.events) for piece in pieces_of(source)) >= 1


def test_events_are_cut_into_windows(tmp_path: Path) -> None:
    start_ns = EPOCH_NS + 5
    offsets = [0, 10, WINDOW_NS - 1, WINDOW_NS, 3 * WINDOW_NS, 3 * WINDOW_NS + 1]
    times_ns = [start_ns + offset for offset in offsets]
    source = open_event_source(npz(tmp_path / "a.npz", *times_ns))
    assert (source.topic, source.shape, source.emulation) == (None, SHAPE, None)
    assert source.rate_hz == pytest.approx(30.0)
    pieces = pieces_of(source)
    assert [len(piece.events) for piece in pieces] == [3, 1, 0, 2]
    assert [piece.start_ns - start_ns for piece in pieces] == [k * WINDOW_NS for k in range(4)]
    assert all(piece.stop_ns - piece.start_ns == WINDOW_NS for piece in pieces)
    assert all(piece.picture is None for piece in pieces)
    assert merge([piece.events for piece in pieces]).time_ns.tolist() == times_ns


def test_windows_do_not_depend_on_how_events_are_stored(tmp_path: Path) -> None:
    times_ns = START_NS + np.sort(np.random.default_rng(0).integers(0, 10 * WINDOW_NS, 100))
    whole = bag(tmp_path / "whole", dvs=[spikes(*times_ns)])
    parts = bag(tmp_path / "parts", dvs=[spikes(*part) for part in np.array_split(times_ns, 17)])
    first, second = (pieces_of(open_event_source(path)) for path in (whole, parts))
    assert len(first) == len(second) == 10
    for one, other in zip(first, second, strict=True):
        assert one == other


def test_long_silence_is_left_out(tmp_path: Path) -> None:
    hour_ns = 3_600_000_000_000
    path = npz(tmp_path / "a.npz", EPOCH_NS, EPOCH_NS + hour_ns, EPOCH_NS + hour_ns + WINDOW_NS)
    pieces = pieces_of(open_event_source(path))
    assert [piece.start_ns for piece in pieces if len(piece.events)] == [
        EPOCH_NS,
        EPOCH_NS + hour_ns,
        EPOCH_NS + hour_ns + WINDOW_NS,
    ]
    assert len(pieces) == 3


def test_no_events_are_no_pieces(tmp_path: Path) -> None:
    assert pieces_of(open_event_source(npz(tmp_path / "a.npz"))) == []


def test_events_get_fewer_pixels(tmp_path: Path) -> None:
    path = npz(tmp_path / "a.npz", EPOCH_NS)
    source = open_event_source(path, size=Size(4, 6))
    assert source.shape == (2, 4, 6)
    # Pixel (7, 0) of 12 columns.
    assert pieces_of(source)[0].events.address.tolist() == [3]
    with pytest.raises(SensorError, match="cannot be resized to 24x8"):
        open_event_source(path, size=Size(8, 24))


def test_damage_comes_after_the_last_event(tmp_path: Path) -> None:
    raw = tmp_path / "a.raw"
    words = np.array((0x8000, 0x6000, 0x0001, 0x2802), "<u2").tobytes()
    raw.write_bytes(b"% evt 3.0\n% geometry 12x8\n% end\n" + words + b"\x01")
    found = []
    with (
        open_event_source(raw) as source,
        pytest.raises(BagError, match=r"a\.raw: breaks off"),
    ):
        found.extend(source)
    assert [len(piece.events) for piece in found if isinstance(piece, Piece)] == [1]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("none", {}, "none: does not exist"),
        ("note.txt", {}, r"note\.txt: is not a recording"),
        ("a.npz", {"emulation": CLEAN}, r"a\.npz: holds the events of an event camera"),
        ("a.npz", {"topic": "/dvs"}, r"a\.npz: has no topics"),
        ("a.npz", {"sample": 1}, r"a\.npz: holds one sample"),
        ("spikes", {"emulation": CLEAN}, "spikes: holds the events of an event camera"),
        ("camera", {"sample": 1}, "camera: samples are those of an .npz"),
        ("camera", {"topic": "/none"}, "camera: no topic /none; it has /camera"),
        ("wrong", {}, "wrong: no image of /camera can be used: image encoding 'mono7'"),
        ("imu", {}, "imu: holds neither images nor events; its topics are /imu"),
        ("imu", {"topic": "/imu"}, "imu: /imu does not hold events of a camera"),
    ],
)
def test_requests_that_make_no_sense_are_refused(
    tmp_path: Path, name: str, options: dict[str, Any], message: str
) -> None:
    (tmp_path / "note.txt").write_text("no recording", encoding="utf-8")
    npz(tmp_path / "a.npz", EPOCH_NS)
    bag(tmp_path / "spikes", spikes=[spikes(START_NS)])
    bag(tmp_path / "camera", camera=[image(0)])
    bag(tmp_path / "wrong", camera=[image(0, encoding="mono7")])
    bag(tmp_path / "imu", imu=[("sensor_msgs/msg/Imu", {})])
    with pytest.raises(BagError, match=message):
        open_event_source(tmp_path / name, **options)


def test_a_frame_is_one_array() -> None:
    batch = events(START_NS + 10, START_NS + FRAME_NS)
    piece = Piece(START_NS, START_NS + FRAME_NS, batch, frame(0), "eye")
    (fields,) = arrays_of(piece)
    assert fields["header"] == {"stamp": START_NS, "frame_id": "eye"}
    assert fields["span_ns"] == FRAME_NS
    assert fields["input_stamp"] == START_NS + FRAME_NS
    assert fields["offset_ns"].tolist() == [10, FRAME_NS]
    (empty,) = arrays_of(piece._replace(events=SpikeBatch.empty(SHAPE)))
    assert (len(empty["address"]), empty["span_ns"]) == (0, FRAME_NS)


def test_a_window_is_several_arrays_that_lose_nothing() -> None:
    offsets = [3, ARRAY_NS, ARRAY_NS + 3, 4 * ARRAY_NS, 4 * ARRAY_NS]
    batch = events(*(START_NS + offset for offset in offsets))
    arrays = list(arrays_of(Piece(START_NS, START_NS + WINDOW_NS, batch)))
    assert [len(fields["address"]) for fields in arrays] == [2, 1, 2]
    starts_ns = [fields["header"]["stamp"] for fields in arrays]
    times_ns = [
        start_ns + int(offset)
        for start_ns, fields in zip(starts_ns, arrays, strict=True)
        for offset in fields["offset_ns"]
    ]
    assert times_ns == batch.time_ns.tolist()
    complete_ns = [
        start_ns + fields["span_ns"] for start_ns, fields in zip(starts_ns, arrays, strict=True)
    ]
    assert starts_ns[0] == START_NS
    assert complete_ns[-1] == START_NS + WINDOW_NS
    assert all(stop <= start for stop, start in zip(complete_ns, starts_ns[1:], strict=False))
