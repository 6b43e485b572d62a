from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorphic_ros.bags.prophesee import CHUNK_BYTES, open_raw
from neuromorphic_ros.errors import BagError

LIVE = """\
% camera_integrator_name Prophesee
% date 2023-03-29 16:37:46
% evt 3.0
% format EVT3;height=720;width=1280
% geometry 1280x720
% plugin_name hal_plugin_imx636_evk4
% end
"""


def write(path: Path, header: str, words: bytes = b"\x25\x20\x0a\x00") -> Path:
    path.write_bytes(header.encode() + words)
    return path


def test_header_and_words(tmp_path: Path) -> None:
    """The words look like another line of the header: after `% end` none follows."""
    file = open_raw(write(tmp_path / "a.raw", LIVE))
    assert (file.encoding, file.height, file.width) == ("evt3", 720, 1280)
    assert list(file.chunks()) == [b"\x25\x20\x0a\x00"]
    assert list(file.chunks()) == [b"\x25\x20\x0a\x00"]


@pytest.mark.parametrize(
    ("header", "encoding", "size"),
    [
        ("% evt 2.0\n% geometry 640x480\n", "evt2", (480, 640)),
        ("% format EVT2;height=480;width=640\n", "evt2", (480, 640)),
        ("% evt 2.0\n% plugin_name hal_plugin_gen3_fx3\n", "evt2", (480, 640)),
        ("% evt 3.0\n% plugin_name hal_plugin_gen31_evk2\n", "evt3", (480, 640)),
        ("% evt 3.0\n% plugin_name hal_plugin_gen41_evk3\n", "evt3", (720, 1280)),
        ("% evt 3.0\n% plugin_name hal_plugin_imx636_evk4\n", "evt3", (720, 1280)),
        ("% evt 3.0\n% plugin_name hal_plugin_genx320_evk3\n", "evt3", (320, 320)),
        ("% evt 3.0\n% geometry 320x200\n% plugin_name hal_plugin_gen3_fx3\n", "evt3", (200, 320)),
    ],
)
def test_any_way_to_tell_the_camera(
    tmp_path: Path, header: str, encoding: str, size: tuple[int, int]
) -> None:
    file = open_raw(write(tmp_path / "a.raw", header, b"\x00\x80\x00\x60"))
    assert (file.encoding, (file.height, file.width)) == (encoding, size)
    assert list(file.chunks()) == [b"\x00\x80\x00\x60"]


def test_words_come_in_pieces(tmp_path: Path) -> None:
    words = bytes(2 * CHUNK_BYTES + 10)
    chunks = list(open_raw(write(tmp_path / "a.raw", LIVE, words)).chunks())
    assert [len(chunk) for chunk in chunks] == [CHUNK_BYTES, CHUNK_BYTES, 10]


@pytest.mark.parametrize(("version", "excess"), [("2.0", 1), ("2.0", 2), ("2.0", 3), ("3.0", 1)])
def test_a_file_that_breaks_off_gives_what_there_is_first(
    tmp_path: Path, version: str, excess: int
) -> None:
    header = f"% evt {version}\n% geometry 640x480\n"
    chunks = open_raw(write(tmp_path / "a.raw", header, bytes(8 + excess))).chunks()
    assert len(next(chunks)) == 8 + excess
    with pytest.raises(BagError, match=r"a\.raw: breaks off within its last word"):
        next(chunks)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "has no header"),
        ("hello\n", "has no header"),
        ("% geometry 640x480\n", "words are 'unknown'; only"),
        ("% evt 2.1\n% geometry 640x480\n", "words are '2.1'; only EVT 2.0 and EVT 3.0"),
        ("% evt 3.0\n% format EVT21;height=320;width=320\n", "words are 'EVT21'"),
        ("% evt 3.0\n", "nothing tells the size"),
        ("% evt 3.0\n% geometry big\n% plugin_name other\n", "nothing tells the size"),
        ("% evt 3.0\n% geometry 0x480\n", "0x480 pixels makes no sense"),
        ("% evt 3.0\n% geometry 4096x480\n", "4096x480 pixels makes no sense"),
        ("% evt 3.0\n% geometry 640x480\n% endianness big\n", "big-endian"),
        ("% format EVT3;height=480;width=640;endianness=big\n", "big-endian"),
    ],
)
def test_files_that_cannot_be_read_are_refused(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(BagError, match=rf"a\.raw: .*{message}"):
        open_raw(write(tmp_path / "a.raw", header, b"\x00\x80"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BagError, match=r"none\.raw"):
        open_raw(tmp_path / "none.raw")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=80), st.binary(max_size=60).map(lambda b: b"% evt 3.0\n" + b)))
def test_any_bytes_raise_nothing_but_bag_errors(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.raw").write_bytes(data)
    error = ""
    try:
        file = open_raw(tmp_path / "a.raw")
        assert data.endswith(b"".join(file.chunks()))
    except BagError as damage:
        error = str(damage)
    assert not error or "a.raw" in error


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "encoding", "size"),
    [
        ("evt2_spinning_dot_640x480.raw", "evt2", (480, 640)),
        ("evt3_driving_1280x720.raw", "evt3", (720, 1280)),
    ],
)
def test_real_files(shared_data: Path, name: str, encoding: str, size: tuple[int, int]) -> None:
    path = shared_data / "events_prophesee_raw" / name
    file = open_raw(path)
    assert (file.encoding, (file.height, file.width)) == (encoding, size)
    assert sum(map(len, file.chunks())) == path.stat().st_size - file.start
