from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorphic_ros.bags.aedat4 import open_aedat4
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.spikes import merge

from .eventfiles import events_until_damage


def test_without_the_library_the_error_tells_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aedat", None)
    with pytest.raises(BagError, match=r"a\.aedat4: .*pip install aedat"):
        open_aedat4(tmp_path / "a.aedat4")


@pytest.mark.parametrize("data", [b"", b"hello" * 100, b"#!AER-DAT4.0\r\n" + bytes(50)])
def test_what_is_no_aedat4_is_refused(tmp_path: Path, data: bytes) -> None:
    pytest.importorskip("aedat")
    (tmp_path / "a.aedat4").write_bytes(data)
    with pytest.raises(BagError, match=r"a\.aedat4: .*fetch the file again"):
        open_aedat4(tmp_path / "a.aedat4")


@pytest.mark.data
def test_a_real_file_equals_its_library(shared_data: Path) -> None:
    aedat = pytest.importorskip("aedat")
    path = shared_data / "events_davis346_aedat4" / "davis.aedat4"
    with open_aedat4(path) as recording:
        assert recording.shape == (2, 260, 346)
        pieces = list(recording)
        assert list(recording) == pieces
    batch = merge(pieces)
    packets = [packet["events"] for packet in aedat.Decoder(str(path)) if "events" in packet]
    expected = np.concatenate(packets)
    assert len(batch) == expected.size == 117_667
    polarity, y, x = np.unravel_index(batch.address, batch.shape)
    np.testing.assert_array_equal(x, expected["x"])
    np.testing.assert_array_equal(y, expected["y"])
    np.testing.assert_array_equal(polarity, expected["on"])
    np.testing.assert_array_equal(batch.time_ns, expected["t"] * 1000)


@pytest.mark.data
def test_a_truncated_file_gives_its_start_then_raises(shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("aedat")
    data = (shared_data / "events_davis346_aedat4" / "davis.aedat4").read_bytes()
    (tmp_path / "a.aedat4").write_bytes(data[: len(data) // 2])
    pieces, error = events_until_damage(lambda: open_aedat4(tmp_path / "a.aedat4"))
    assert "a.aedat4: " in error
    assert "fetch the file again" in error
    assert 20_000 < sum(map(len, pieces)) < 100_000


@pytest.mark.data
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.integers(0, 200_000), place=st.integers(0, 5000), junk=st.binary(max_size=20))
def test_damaged_bytes_raise_nothing_but_bag_errors(
    shared_data: Path, tmp_path: Path, cut: int, place: int, junk: bytes
) -> None:
    pytest.importorskip("aedat")
    with (shared_data / "events_davis346_aedat4" / "davis.aedat4").open("rb") as file:
        data = bytearray(file.read(cut))
    data[place : place + len(junk)] = junk
    (tmp_path / "a.aedat4").write_bytes(data)
    _, error = events_until_damage(lambda: open_aedat4(tmp_path / "a.aedat4"))
    assert not error or "a.aedat4" in error
