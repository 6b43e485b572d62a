"""What is said of the network that drives a robot and moves its arm."""

from __future__ import annotations

import json
import sys

import pytest

pytest.importorskip("mujoco", reason="needs pip install 'neuromorphic_ros[simulation]'")

import robot_control

SECONDS = 3


@pytest.fixture(scope="module")
def drive() -> robot_control.Driven:
    return robot_control.driven(robot_control.NETWORK, 1000, SECONDS)


def test_a_drive_is_repeated_by_its_seed(drive: robot_control.Driven) -> None:
    again = robot_control.driven(robot_control.NETWORK, 1000, SECONDS)
    assert again[:3] == drive[:3]
    assert again.counts.by_population() == drive.counts.by_population()


def test_the_robot_drives(drive: robot_control.Driven) -> None:
    assert drive.hits == drive.hits_by_ball == 0
    assert 0.5 < drive.distance_m < 0.5 * SECONDS


def test_drives_are_summed_up(drive: robot_control.Driven) -> None:
    row = robot_control.summed_up("it", [drive, drive._replace(hits=2)], SECONDS)
    assert json.loads(json.dumps(row)) == row
    assert (row["drives"], row["drives_without"], row["collisions"]) == (2, 1, 2)
    assert row["distance_m"] == pytest.approx(2 * drive.distance_m)
    assert row["synaptic_ops_per_s"] > 1000
    assert row["pj_per_m"] > 0


def test_both_networks_drive_in_the_same_rooms(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    counts = robot_control.driven(robot_control.BESIDE, 1000, 1).counts

    def driven(network: str, seed: int, seconds: int) -> robot_control.Driven:
        asked.append((network, seed, seconds))
        return robot_control.Driven(seed, 0, 1.0, counts)

    monkeypatch.setattr(robot_control, "driven", driven)
    found = robot_control.measure(2, 5, 7)
    assert asked == [(name, seed, 7) for name in found for seed in (5, 6)]
    assert [row["collisions"] for row in found.values()] == [11, 11]


@pytest.mark.parametrize("wrong", [["--seeds", "0"], ["--seed", "-1"], ["--jobs", "0"]])
def test_too_little_to_measure_is_refused(
    wrong: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["robot_control.py", *wrong])
    with pytest.raises(SystemExit):
        robot_control.main()
    assert "it needs a room" in capsys.readouterr().err
