"""Readings add up, and files that hold no number are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuromorphic_ros.energy.meter import MeterError, Reading, read_number, read_text


def test_a_total_needs_all_of_its_sources() -> None:
    assert Reading(0, {"a": 1.0, "b": 2.0}, {}, ("a", "b")).total_w == 3.0
    assert Reading(0, {"a": 1.0}, {}, ("a", "b")).total_w is None
    assert Reading(0, {"a": 1.0}, {}, ()).total_w is None


@pytest.mark.parametrize("content", ["", "much", "\x00", "nan", "inf"])
def test_what_is_no_number_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "power"
    path.write_text(content)
    with pytest.raises(MeterError, match=r"power cannot be read"):
        read_number(path)


def test_a_text_that_cannot_be_read_is_empty(tmp_path: Path) -> None:
    assert read_text(tmp_path / "none") == ""
