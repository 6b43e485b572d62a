"""Levels of quality are those of the message."""

from __future__ import annotations

from pathlib import Path

from neuromorphic_ros.power.quality import Quality


def test_numbers_are_those_of_the_message() -> None:
    message = Path(__file__).parents[2] / "msg" / "PowerStatus.msg"
    lines = [line.split("#")[0].strip() for line in message.read_text().splitlines()]
    for quality in Quality:
        assert f"uint8 QUALITY_{quality.name}={quality.value}" in lines
