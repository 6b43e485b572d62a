from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorphic_ros.bags.event_npz import CHUNK_EVENTS, open_event_npz, write_event_npz
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.spikes import SpikeBatch, merge

from .eventfiles import events_until_damage

SHAPE = (2, 3, 4)

batches = st.lists(
    st.tuples(st.integers(0, 23), st.integers(0, 10**9)), min_size=1, max_size=40
).map(
    lambda events: SpikeBatch.checked(
        SHAPE,
        np.array([address for address, _ in events]),
        np.cumsum([gap for _, gap in events]),
    )
)


def columns(**changes: Any) -> dict[str, Any]:
    arrays: dict[str, Any] = {
        "x": np.array([3, 0], np.uint8),
        "y": np.array([2, 1], np.uint8),
        "p": np.array([1, 0], np.uint8),
        "t_us": np.array([7, 9], np.uint32),
        "width": 4,
        "height": 3,
    }
    arrays |= changes
    return {name: value for name, value in arrays.items() if value is not None}


def save(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def read(path: Path, sample: int = 0) -> SpikeBatch:
    with open_event_npz(path, sample) as recording:
        return merge([SpikeBatch.empty(recording.shape), *recording])


EXPECTED = SpikeBatch.checked(SHAPE, [12 + 11, 4], [7000, 9000])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"t_us": None, "t_ns": np.array([7000, 9000])},
        {"p": np.array([True, False])},
        {"p": np.array([1, -1], np.int8)},
        {"width": None, "height": None},
        {"x": np.array([3, 0], ">i4"), "t_us": np.array([7, 9], ">u8")},
        {"label": np.array("wave")},
    ],
)
def test_columns_are_read(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert read(save(tmp_path / "a.npz", **columns(**changes))) == EXPECTED


def test_large_files_come_in_pieces(tmp_path: Path) -> None:
    zeros = np.zeros(2 * CHUNK_EVENTS + 5, np.uint8)
    times = np.arange(zeros.size)
    path = save(tmp_path / "a.npz", **columns(x=zeros, y=zeros, p=zeros, t_us=times))
    with open_event_npz(path) as recording:
        assert [len(piece) for piece in recording] == [CHUNK_EVENTS, CHUNK_EVENTS, 5]


def test_a_file_without_events_has_none(tmp_path: Path) -> None:
    nothing = np.empty(0, np.uint8)
    changes = {"x": nothing, "y": nothing, "p": nothing, "t_us": nothing}
    assert len(read(save(tmp_path / "a.npz", **columns(**changes)))) == 0
    changes |= {"width": None, "height": None}
    assert len(read(save(tmp_path / "b.npz", **columns(**changes)))) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": None}, "has the arrays height, p, t_us, width, y; events are x, y, p"),
        ({"t_us": None}, "has the arrays height, p, width, x, y"),
        ({"p": np.array([1], np.uint8)}, "differ in length: .*'p': 1"),
        ({"x": np.array([1.0, 2.0])}, "x is float64 of shape"),
        ({"x": np.array([[1, 2]])}, r"x is int64 of shape \(1, 2\)"),
        ({"x": np.array([1, None], object)}, "x is object"),
        ({"width": np.array([4, None], object)}, "allow_pickle=False"),
        ({"x": np.array([4, 0])}, r"\(4, 2\) is outside the camera of 4x3"),
        ({"p": np.array([2, 0])}, "polarity 0 to 2"),
        ({"t_us": np.array([9, 7])}, "time decreases"),
        ({"t_us": np.array([-9, 7])}, "-9 to 7 us make no sense"),
        ({"t_us": None, "t_ns": np.array([0, 2**63], np.uint64)}, "ns make no sense"),
        ({"width": 0}, "0x3 pixels makes no sense"),
        ({"height": 2**16}, "4x65536 pixels makes no sense"),
    ],
)
def test_what_cannot_be_read_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = save(tmp_path / "a.npz", **columns(**changes))
    with pytest.raises(BagError, match=rf"a\.npz: .*{message}"):
        read(path)


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04" + bytes(50)])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(BagError, match=r"a\.npz"):
        open_event_npz(tmp_path / "a.npz")


def test_a_damaged_column_gives_what_comes_before_it(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 3, 4 * CHUNK_EVENTS).astype(np.uint8)
    path = save(
        tmp_path / "a.npz", **columns(x=noise, y=noise, p=noise % 2, t_us=np.arange(noise.size))
    )
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("y.npy")
    data = bytearray(path.read_bytes())
    middle = member.header_offset + member.compress_size * 3 // 4
    data[middle : middle + 100] = bytes(100)
    path.write_bytes(data)
    pieces, error = events_until_damage(lambda: open_event_npz(path))
    assert "a.npz: " in error
    assert 1 <= len(pieces) <= 3
    assert {len(piece) for piece in pieces} == {CHUNK_EVENTS}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(batch=batches, place=st.integers(0, 1500), junk=st.binary(max_size=20))
def test_damaged_bytes_raise_nothing_but_bag_errors(
    tmp_path: Path, batch: SpikeBatch, place: int, junk: bytes
) -> None:
    path = tmp_path / "a.npz"
    write_event_npz(path, SHAPE, [batch])
    data = bytearray(path.read_bytes())
    data[place : place + len(junk)] = junk
    path.write_bytes(data)
    pieces, error = events_until_damage(lambda: open_event_npz(path))
    assert not error or "a.npz" in error
    for piece in pieces:
        assert SpikeBatch.checked(piece.shape, piece.address, piece.time_ns) == piece


def collection(path: Path, **changes: Any) -> Path:
    arrays = {
        "x": np.array([0, 1, 2, 3], np.uint8),
        "y": np.array([0, 1, 2, 0], np.uint8),
        "p": np.packbits([1, 0, 1, 1]),
        "dt_us": np.array([5, 6, 7, 8], np.uint32),
        "offset": np.array([0, 1, 4]),
        "width": 4,
        "height": 3,
    }
    return save(path, **(arrays | changes))


def test_samples_of_a_collection(tmp_path: Path) -> None:
    path = collection(tmp_path / "a.npz")
    assert read(path) == SpikeBatch.checked(SHAPE, [12], [5000])
    assert read(path, 1) == SpikeBatch.checked(SHAPE, [5, 22, 15], [6000, 13_000, 21_000])
    for sample in (-1, 2):
        with pytest.raises(BagError, match=rf"a\.npz: has no sample {sample}; it has 0 to 1"):
            open_event_npz(path, sample)
    with pytest.raises(BagError, match=r"b\.npz: holds one sample, not a number 3"):
        open_event_npz(save(tmp_path / "b.npz", **columns()), 3)


def test_a_collection_that_breaks_off_is_refused(tmp_path: Path) -> None:
    path = collection(tmp_path / "a.npz", dt_us=np.array([5, 6, 7]))
    with pytest.raises(BagError, match=r"a\.npz: sample 1 breaks off"):
        open_event_npz(path, 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(batch=batches, cut=st.integers(0, 40))
def test_what_is_written_is_read(tmp_path: Path, batch: SpikeBatch, cut: int) -> None:
    pieces = [
        SpikeBatch(SHAPE, batch.address[part], batch.time_ns[part])
        for part in (slice(cut), slice(cut, None))
    ]
    first, second = tmp_path / "a.npz", tmp_path / "b.npz"
    assert write_event_npz(first, SHAPE, pieces) == len(batch)
    assert write_event_npz(second, SHAPE, [batch]) == len(batch)
    assert first.read_bytes() == second.read_bytes()
    assert read(first) == batch
    with np.load(first) as arrays:
        assert sorted(arrays) == ["height", "p", "t_ns", "width", "x", "y"]
        assert (int(arrays["width"]), int(arrays["height"])) == (4, 3)
        np.testing.assert_array_equal(arrays["t_ns"], batch.time_ns)


def test_no_events_can_be_written(tmp_path: Path) -> None:
    assert write_event_npz(tmp_path / "a.npz", SHAPE, []) == 0
    assert read(tmp_path / "a.npz") == SpikeBatch.empty(SHAPE)


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    def broken() -> Iterator[SpikeBatch]:
        yield EXPECTED
        raise BagError("source.raw: breaks off")

    path = tmp_path / "a.npz"
    path.write_bytes(b"before")
    with pytest.raises(BagError, match=r"source\.raw: breaks off"):
        write_event_npz(path, SHAPE, broken())
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BagError, match=r"file/a\.npz: .*can be written"):
        write_event_npz(tmp_path / "file" / "a.npz", SHAPE, [])


def test_its_folder_is_made(tmp_path: Path) -> None:
    assert write_event_npz(tmp_path / "new" / "a.npz", SHAPE, [EXPECTED]) == len(EXPECTED)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "events"), [("01_hand_clap", 63_471), ("04_right_arm_cw", 151_879)]
)
def test_real_gestures(shared_data: Path, name: str, events: int) -> None:
    path = shared_data / "events_dvs128_gesture" / f"{name}.npz"
    batch = read(path)
    assert (batch.shape, len(batch)) == ((2, 128, 128), events)
    polarity, y, x = np.unravel_index(batch.address, batch.shape)
    with np.load(path) as arrays:
        for column, found in (("x", x), ("y", y), ("p", polarity)):
            np.testing.assert_array_equal(found, arrays[column])
        np.testing.assert_array_equal(batch.time_ns, arrays["t_us"] * np.int64(1000))


@pytest.mark.data
def test_real_digits(shared_data: Path) -> None:
    path = shared_data / "events_nmnist" / "nmnist_train_0001_0300.npz"
    counts = [len(read(path, sample)) for sample in (0, 1, 299)]
    with np.load(path) as arrays:
        assert counts == np.diff(arrays["offset"])[[0, 1, 299]].tolist()
    last = read(path, 299)
    assert last.shape == (2, 34, 34)
    # Three saccades take 0.3 s, and each polarity has its share.
    assert 0.25e9 < last.time_ns[-1] < 0.35e9
    assert 0.2 < np.mean(last.address < 34 * 34) < 0.8
