"""`neuromorphic simulate`."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.cli.main import main


def test_a_drive_is_recorded(tmp_path: Path) -> None:
    out = tmp_path / "drive"
    assert (
        main(["simulate", "--seed", "3", "--duration", "1", "--no-camera", "--out", str(out)]) == 0
    )
    with open_recording(out) as recording:
        assert recording.topics["/scan"].count == 10
        assert recording.topics["/imu"].count == 50


def test_a_drive_that_cannot_be_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "--duration", "-1", "--out", str(tmp_path / "drive")]) == 2
    assert "duration" in capsys.readouterr().err
    assert not (tmp_path / "drive").exists()
