from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.bags.event_npz import write_event_npz
from neuromorphic_ros.bags.video import EPOCH_NS
from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.pipeline.event_stream import EVENT_PACKET, open_events
from neuromorphic_ros.pipeline.messages import spike_arrays
from neuromorphic_ros.pipeline.outputs import SPIKES
from neuromorphic_ros.spikes import SpikeBatch, merge

START_NS = 1_700_000_000_000_000_000
SHAPE = (2, 4, 5)
HEADER = b"% evt 3.0\n% geometry 5x4\n% end\n"
# Time, row 1, an ON event of column 2.
WORDS = (0x8000, 0x6000, 0x0001, 0x2802)


def evt3(*words: int) -> bytes:
    return np.array(words, "<u2").tobytes()


def events(*times_ns: int, shape: tuple[int, ...] = SHAPE) -> SpikeBatch:
    return SpikeBatch.checked(shape, [7] * len(times_ns), np.array(times_ns, np.int64))


def packet(seq: int, **changes: Any) -> tuple[str, dict[str, Any]]:
    # Time goes on by 4.096 ms a packet.
    data = evt3(0x8000 | seq, 0x0001, 0x2802)
    fields = {"height": 4, "width": 5, "seq": seq, "encoding": "evt3", "events": data}
    return EVENT_PACKET, {"header": {"stamp": START_NS + seq * 4_096_000}, **fields, **changes}


def spikes(batch: SpikeBatch) -> tuple[str, dict[str, Any]]:
    start_ns = int(batch.time_ns[0])
    [fields] = spike_arrays("dvs", "camera", batch, start_ns, int(batch.time_ns[-1]), None)
    return SPIKES, fields


def bag(path: Path, **topics: Sequence[tuple[str, Any]]) -> Path:
    with RecordingWriter(path) as writer:
        for topic, messages in topics.items():
            for index, (type_name, fields) in enumerate(messages):
                writer.write(f"/{topic}", type_name, fields, START_NS + index)
    return path


def read(path: Path, topic: str | None = None, sample: int = 0) -> SpikeBatch:
    with open_events(path, topic, sample) as recording:
        return merge([SpikeBatch.empty(recording.shape), *recording])


def read_until_damage(path: Path) -> tuple[list[SpikeBatch], str]:
    pieces = []
    try:
        with open_events(path) as recording:
            for piece in recording:
                pieces.append(piece)
    except BagError as error:
        return pieces, str(error)
    return pieces, ""


def test_raw_files_begin_after_the_epoch(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(HEADER + evt3(*WORDS, 0x6007, 0x2003))
    assert read(path) == SpikeBatch.checked(SHAPE, [27, 8], [EPOCH_NS, EPOCH_NS + 7000])


def test_times_that_cannot_be_zero_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    # 245 * 4.096 ms are the first multiple above 1 s.
    path.write_bytes(HEADER + evt3(0x8000 | 245, *WORDS[2:]))
    assert read(path).time_ns.tolist() == [245 * 4_096_000]


def test_a_written_file_is_read_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.NPZ"
    write_event_npz(path, SHAPE, [events(0, 5)])
    once = read(path)
    assert once.time_ns.tolist() == [EPOCH_NS, EPOCH_NS + 5]
    write_event_npz(path, SHAPE, [once])
    assert read(path) == once


def test_every_iteration_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(HEADER + evt3(*WORDS))
    with open_events(str(path)) as recording:
        first = next(iter(recording))
        assert list(recording) == list(recording) == [first]


def test_a_raw_file_that_breaks_off_gives_its_start_then_raises(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(HEADER + evt3(*WORDS) + b"\x01")
    pieces, error = read_until_damage(path)
    assert sum(map(len, pieces)) == 1
    assert "a.raw: breaks off" in error


def test_a_wrong_size_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(HEADER + evt3(*WORDS, 0x2005, 0x2006))
    pieces, error = read_until_damage(path)
    assert sum(map(len, pieces)) == 1
    assert "a.raw: 2 of 3 events are outside 5x4 pixels; correct '% geometry'" in error


def test_packets_of_a_bag(tmp_path: Path) -> None:
    path = bag(tmp_path / "bag", events=[packet(0), packet(1), packet(2, events=b"")])
    expected = SpikeBatch.checked(SHAPE, [27, 27], [START_NS, START_NS + 4_096_000])
    assert read(path) == expected
    assert read(path, "/events") == expected


def test_spikes_of_a_bag(tmp_path: Path) -> None:
    batches = [events(START_NS, START_NS + 5), events(START_NS + 5, START_NS + 9)]
    path = bag(
        tmp_path / "bag",
        dvs=[spikes(batch) for batch in batches],
        motor=[spikes(events(START_NS, shape=(8,)))],
    )
    assert read(path) == merge(batches)


def test_packets_come_before_spikes_made_of_them(tmp_path: Path) -> None:
    path = bag(tmp_path / "bag", dvs=[spikes(events(START_NS))], events=[packet(0)])
    assert read(path).address.tolist() == [27]
    assert read(path, "/dvs").address.tolist() == [7]


def test_among_several_cameras_the_user_chooses(tmp_path: Path) -> None:
    path = bag(tmp_path / "bag", left=[packet(0)], right=[packet(1)])
    with pytest.raises(BagError, match="bag: several topics hold events: /left, /right; choose"):
        open_events(path)
    assert len(read(path, "/right")) == 1


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        (None, "bag: it does not hold events of a camera: .* its topics are /motor"),
        ("/motor", "bag: /motor does not hold events of a camera"),
        ("/none", "bag: no topic /none; it has /motor"),
    ],
)
def test_bags_without_events_are_refused(tmp_path: Path, topic: str | None, message: str) -> None:
    path = bag(tmp_path / "bag", motor=[spikes(events(START_NS, shape=(8,)))])
    with pytest.raises(BagError, match=message):
        open_events(path, topic)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (packet(1, encoding="libcaer"), "'libcaer' is unknown"),
        (packet(1, width=6), r"/events changes its shape from \(2, 4, 5\) to \(2, 4, 6\)"),
        (packet(0, header={"stamp": START_NS - 10**10}), "time decreases from"),
    ],
)
def test_a_bad_packet_comes_after_the_good_ones(
    tmp_path: Path, bad: tuple[str, Any], message: str
) -> None:
    path = bag(tmp_path / "bag", events=[packet(0), bad, packet(2)])
    pieces, error = read_until_damage(path)
    assert sum(map(len, pieces)) == 1
    assert "bag: " in error
    assert re.search(message, error)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("a.raw", {"topic": "/events"}, "has no topics, so not /events either"),
        ("a.raw", {"sample": 2}, "holds one sample, not a number 2"),
        ("none.raw", {}, "does not exist"),
        ("a.txt", {}, "is not a recording this package reads"),
    ],
)
def test_requests_that_make_no_sense_are_refused(
    tmp_path: Path, name: str, arguments: dict[str, Any], message: str
) -> None:
    for written in ("a.raw", "a.txt"):
        (tmp_path / written).write_bytes(HEADER + evt3(*WORDS))
    with pytest.raises(BagError, match=f"{name}: .*{message}"):
        open_events(tmp_path / name, **arguments)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "shape", "count", "first_ns"),
    [
        ("bag_events_evt3_vga_ros2", (2, 480, 640), 343_474, 1_675_956_550_318_678_998),
        ("events_davis346_aedat4/davis.aedat4", (2, 260, 346), 117_667, 1_633_953_690_975_950_000),
        ("events_dvs128_gesture/10_air_guitar.npz", (2, 128, 128), 85_936, None),
        ("events_nmnist/nmnist_train_0001_0300.npz", (2, 34, 34), 4_681, EPOCH_NS + 893_000),
        (
            "events_prophesee_raw/evt2_spinning_dot_640x480.raw",
            (2, 480, 640),
            539_481,
            1_317_888_000,
        ),
        (
            "events_prophesee_raw/evt3_driving_1280x720.raw",
            (2, 720, 1280),
            219_596,
            11_718_656_000,
        ),
    ],
)
def test_real_recordings(
    shared_data: Path, name: str, shape: tuple[int, ...], count: int, first_ns: int | None
) -> None:
    if name.endswith(".aedat4"):
        pytest.importorskip("aedat")
    batch = read(shared_data / name)
    assert (batch.shape, len(batch)) == (shape, count)
    assert SpikeBatch.checked(batch.shape, batch.address, batch.time_ns) == batch
    assert batch.time_ns[0] == (first_ns or batch.time_ns[0]) >= EPOCH_NS
