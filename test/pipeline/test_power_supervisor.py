"""Situation, decision and board together."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from boards import calls, nano, orin_nano, write_files

from neuromorphic_ros.pipeline.power_control import Wanted
from neuromorphic_ros.pipeline.power_supervisor import AUTO, PowerSupervisor, Supervision
from neuromorphic_ros.pipeline.tuning import tune
from neuromorphic_ros.power.nvpmodel import PowerModeError

SECOND = 1_000_000_000
LOW, HIGH = 0, 2


def supervisor(root: Path, *, allowed: bool = True, hold_clocks: bool = False) -> PowerSupervisor:
    made = PowerSupervisor(root, allowed=allowed, hold_clocks=hold_clocks, timeout_s=10.0)
    # It is not the waiting of the governor that is tested here.
    tune(made.tunables, {"freshness.sensor_s": 3600.0})
    return made


def settled(made: PowerSupervisor, charge: float, begun_s: int = 0) -> Supervision:
    """Let it decide for a long time with a charge, changing the board as it wants."""
    made.situation.battery(
        SimpleNamespace(percentage=charge, power_supply_status=2), begun_s * SECOND
    )
    for second in range(begun_s, begun_s + 300):
        decided = made.step(second * SECOND)
        if decided.change.mode:
            made.control.apply(decided.change)
            made.control.applied(decided.change, None, second * SECOND)
    return decided


@pytest.mark.parametrize(
    ("board", "low", "high"), [(nano, "5W", "MAXN"), (orin_nano, "7W", "MAXN_SUPER")]
)
def test_the_board_follows_the_battery(board: object, low: str, high: str, tmp_path: Path) -> None:
    assert callable(board)
    made = supervisor(board(tmp_path))
    status = settled(made, 0.9).status
    assert (status["mode"], status["quality"]) == (high, HIGH)
    status = settled(made, 0.1, 300).status
    assert (status["mode"], status["quality"]) == (low, LOW)
    assert status["battery"] == 0.1
    assert "battery" in status["reason"]


def test_a_board_that_must_not_be_changed_keeps_its_mode(tmp_path: Path) -> None:
    decided = settled(supervisor(nano(tmp_path), allowed=False), 0.1)
    assert decided.change == Wanted()
    assert (decided.status["mode"], decided.status["quality"]) == ("MAXN", LOW)
    assert calls(tmp_path) == []


def test_a_chosen_mode_is_held_until_it_is_given_back(tmp_path: Path) -> None:
    made = supervisor(nano(tmp_path))
    made.choose("5W")
    decided = settled(made, 0.9)
    assert decided.status["mode"] == "5W"
    assert decided.power.values["chosen"] == "5W"
    made.choose(AUTO)
    assert settled(made, 0.9, 300).status["mode"] == "MAXN"


def test_a_mode_that_cannot_be_chosen_changes_nothing(tmp_path: Path) -> None:
    made = supervisor(nano(tmp_path))
    made.choose("5W")
    with pytest.raises(PowerModeError, match="there are MAXN, 5W"):
        made.choose("10W")
    assert settled(made, 0.9).status["mode"] == "5W"


def heat(made: PowerSupervisor, celsius: float, begun_s: int) -> None:
    made.situation.temperature(SimpleNamespace(temperature=celsius), begun_s * SECOND)


def test_heat_is_stronger_than_a_chosen_mode_and_gives_it_back(tmp_path: Path) -> None:
    made = supervisor(nano(tmp_path))
    made.choose("MAXN")
    heat(made, 85.0, 0)
    decided = settled(made, 0.9)
    assert (decided.status["mode"], decided.status["throttled"]) == ("5W", True)
    assert "'MAXN' is not set: 85.0 degC" in decided.held_back
    heat(made, 50.0, 300)
    decided = settled(made, 0.1, 300)
    assert (decided.status["mode"], decided.held_back) == ("MAXN", "")


def test_in_heat_only_the_smallest_mode_can_be_chosen(tmp_path: Path) -> None:
    made = supervisor(nano(tmp_path))
    heat(made, 85.0, 0)
    settled(made, 0.9)
    with pytest.raises(PowerModeError, match=r"'MAXN' is not set: 85\.0 degC.*when it has cooled"):
        made.choose("MAXN")
    made.choose("5W")
    heat(made, 50.0, 300)
    assert settled(made, 0.9, 300).status["mode"] == "5W"


@pytest.mark.parametrize("name", ["", " ", "AUTO", "maxn", "0", "5W\n", "-m", "../MAXN"])
def test_names_that_no_mode_has_are_refused(name: str, tmp_path: Path) -> None:
    made = supervisor(nano(tmp_path))
    with pytest.raises(PowerModeError, match="there are MAXN, 5W"):
        made.choose(name)
    assert settled(made, 0.9).status["mode"] == "MAXN"
    assert calls(tmp_path) == []


def test_clocks_are_held_at_the_highest_level_only(tmp_path: Path) -> None:
    made = supervisor(nano(tmp_path), hold_clocks=True)
    settled(made, 0.9)
    assert calls(tmp_path) == ["jetson_clocks --store", "jetson_clocks "]
    settled(made, 0.1, 300)
    assert calls(tmp_path)[2:] == ["jetson_clocks --restore", "nvpmodel -m 1"]


def test_a_computer_without_modes_has_quality_alone(tmp_path: Path) -> None:
    decided = settled(supervisor(tmp_path), 0.1)
    assert (decided.status["mode"], decided.status["quality"]) == ("", LOW)
    assert decided.change == Wanted()
    assert decided.board.level == "ok"


def test_sleep_is_what_the_network_says(tmp_path: Path) -> None:
    made = supervisor(tmp_path)
    assert made.step(0).status["asleep"] is False
    for asleep in (True, False):
        made.situation.asleep(asleep)
        assert made.step(0).status["asleep"] is asleep


def test_news_are_what_was_decided_and_not_what_was_measured(tmp_path: Path) -> None:
    made = supervisor(write_files(tmp_path, {}))
    before = settled(made, 0.90)
    assert settled(made, 0.89, 300).news == before.news
    assert settled(made, 0.10, 600).news != before.news
