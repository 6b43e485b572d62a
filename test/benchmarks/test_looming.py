"""What is said of braking by what looms."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import cv2
import looming
import numpy as np
import pytest
from looming import Trial

from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.simulation.approach import Approach
from neuromorphic_ros.snn.streaming import StreamingNetwork

NOTHING = np.empty((0, 2))
STOPPED = Trial(True, False, 0.4, NOTHING)
PASSED = Trial(False, False, 2.0, NOTHING)
HIT = Trial(False, True, 0.0, NOTHING)


@pytest.fixture(scope="module")
def network() -> StreamingNetwork:
    return StreamingNetwork(find_network("looming"))


@pytest.fixture(scope="module")
def stopped(network: StreamingNetwork) -> Trial:
    return looming.run(network, 1004)


def test_the_network_stops_before_contact(stopped: Trial) -> None:
    assert stopped.braked
    assert not stopped.hit
    assert 0.05 < stopped.gap_m < 1.5


def test_a_trial_is_repeated_by_its_seed(network: StreamingNetwork, stopped: Trial) -> None:
    again = looming.run(network, 1004)
    assert again[:3] == stopped[:3]
    assert np.array_equal(again.told, stopped.told, equal_nan=True)


def test_without_brakes_it_hits_and_is_told_when(network: StreamingNetwork) -> None:
    watched = looming.run(network, 1004, brakes=False)
    assert watched.hit
    error_ms = looming.ttc_error_ms([watched])
    assert error_ms is not None
    assert error_ms < 500.0


def test_a_brake_by_optical_flow_stops_too() -> None:
    assert looming.run_flow(1004).braked


def test_a_summary_counts_what_stopped_and_what_should_not_have() -> None:
    row = looming.summary([STOPPED, STOPPED, STOPPED, HIT], [PASSED, STOPPED], [PASSED, PASSED])
    assert row["brakes_in_time"] == 0.75
    assert row["collisions"] == 1
    assert row["gap_m_median"] == pytest.approx(0.4)
    assert (row["stops_when_passing"], row["stops_when_turning"], row["worlds"]) == (1, 0, 4)


def test_errors_are_those_of_what_is_told_in_time() -> None:
    told = np.array([(3.0, 9.0), (1.5, 1.2), (1.0, 1.2), (0.5, math.inf), (0.5, 0.6), (0.1, 0.9)])
    assert looming.ttc_error_ms([HIT._replace(told=told)]) == pytest.approx(200.0)
    assert looming.ttc_error_ms([HIT]) is None


def test_courses_are_drawn_by_their_seed() -> None:
    assert looming.course(1) == looming.course(1) != looming.course(2)


def test_a_robot_that_stands_at_first_has_not_ended() -> None:
    robot = Approach(0, camera=False)
    assert not looming.ended(robot, 0)
    assert looming.ended(robot, looming.MOVING_NS + 1)


def test_without_recordings_nothing_is_said_of_them(
    network: StreamingNetwork, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(looming, "DATA", tmp_path)
    assert looming.alert_rows(network) == []


def test_a_still_video_raises_no_alert(
    network: StreamingNetwork, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "videos").mkdir()
    video = cv2.VideoWriter(
        str(tmp_path / "videos" / "tree.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 48)
    )
    picture = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    for _ in range(50):
        video.write(picture)
    video.release()
    monkeypatch.setattr(looming, "DATA", tmp_path)
    (row,) = looming.alert_rows(network)
    assert (row["recording"], row["warnings"], row["critical"]) == ("tree.avi", 0, 0)


def test_figures_are_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(looming, "DATA", tmp_path)
    monkeypatch.setattr(
        looming, "run", lambda *given, **how: PASSED if how.get("passes") else STOPPED
    )
    monkeypatch.setattr(looming, "run_flow", lambda *given, **how: HIT)
    monkeypatch.setattr(looming, "turned", lambda *given: PASSED)
    monkeypatch.setattr(looming, "turned_flow", lambda *given: PASSED)
    monkeypatch.setattr(looming, "price", lambda *given: type("Price", (), {"dynamic_pj": 0.0}))
    monkeypatch.setattr(StreamingNetwork, "counts", lambda self: type("Counts", (), {"ticks": 1}))
    found = looming.measure(2, 0)
    assert json.loads(json.dumps(found))["brakes_in_time"] == 1.0
    assert found["baseline"]["collisions"] == 2
    assert found["false_alarms"] is None
    assert found["recordings"] == 0


@pytest.mark.parametrize("wrong", [["--worlds", "0"], ["--seed", "-1"]])
def test_too_little_is_refused(
    wrong: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["looming.py", *wrong])
    with pytest.raises(SystemExit):
        looming.main()
    assert "it needs a world at least" in capsys.readouterr().err
