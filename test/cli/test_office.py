"""`neuromorphic office`."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.cli.main import main


def test_a_day_with_an_incident_is_recorded(tmp_path: Path) -> None:
    out = tmp_path / "day"
    assert main(["office", "--seed", "3", "--incident", "intruder", "--out", str(out)]) == 0
    with open_recording(out) as recording:
        assert recording.topics["/temperature"].count == 2880
        assert recording.topics["/motion"].type == "sensor_msgs/msg/Range"
        told = [each.decode().data for each in recording.messages({"/incident"})]
    assert told == ["", "intruder", ""]


def test_days_that_cannot_be_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["office", "--days", "0", "--out", str(tmp_path / "day")]) == 2
    assert "0 days of an office" in capsys.readouterr().err
    assert not (tmp_path / "day").exists()
