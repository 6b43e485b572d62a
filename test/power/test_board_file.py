"""Files that may vanish, be empty, hold rubbish or not be for us."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.power.board_file import folders, read_number, read_text


def test_text_ends_before_nuls_and_blanks(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"NVIDIA Jetson Nano Developer Kit\0")
    assert read_text(tmp_path / "model") == "NVIDIA Jetson Nano Developer Kit"


@pytest.mark.parametrize("content", ["", "nan", "inf", "12 13", "0x10", "N/A"])
def test_what_is_no_number_is_not_one(content: str, tmp_path: Path) -> None:
    (tmp_path / "temp").write_text(content)
    assert math.isnan(read_number(tmp_path / "temp"))


def test_what_cannot_be_read_is_empty(tmp_path: Path) -> None:
    assert read_text(tmp_path / "gone") == ""
    assert read_text(tmp_path) == ""
    assert math.isnan(read_number(tmp_path / "gone"))
    assert folders(tmp_path / "gone", "*") == []


@given(st.binary(max_size=6000))
def test_any_bytes_can_be_read(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    assert len(read_text(path)) <= 4096
    assert not math.isinf(read_number(path))
