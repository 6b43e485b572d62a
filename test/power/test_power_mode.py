"""Modes are ranked by what they allow, never by their numbers."""

from __future__ import annotations

import math

import pytest

from neuromorphic_ros.power.power_mode import PowerLevel, PowerMode, modes_by_level


def chosen(*names: str) -> list[str]:
    modes = modes_by_level([PowerMode(name, number) for number, name in enumerate(names)])
    return [modes[level].name for level in PowerLevel]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("MAXN", "5W"), ["5W", "5W", "MAXN"]),
        (("15W", "25W", "MAXN_SUPER"), ["15W", "25W", "MAXN_SUPER"]),
        (
            ("MODE_30W", "MODE_10W", "MODE_50W", "MAXN", "MODE_15W"),
            ["MODE_10W", "MODE_30W", "MAXN"],
        ),
        (("MAXN",), ["MAXN"] * 3),
    ],
)
def test_levels_follow_the_budget_in_the_name(names: tuple[str, ...], expected: list[str]) -> None:
    assert chosen(*names) == expected


def test_modes_of_equal_budget_are_told_apart_by_their_clocks() -> None:
    modes = [PowerMode("MODE_10W_DESKTOP", 0, 3_800_000), PowerMode("MODE_10W_4CORE", 1, 4_800_000)]
    assert modes_by_level(modes)[PowerLevel.HIGH].name == "MODE_10W_4CORE"


def test_a_board_without_modes_has_none() -> None:
    assert modes_by_level([]) == {}


@pytest.mark.parametrize(
    ("name", "budget_w"),
    [("MODE_15W", 15.0), ("7.5W", 7.5), ("MAXN", math.inf), ("5WAYS", math.inf)],
)
def test_the_budget_is_in_the_name(name: str, budget_w: float) -> None:
    assert PowerMode(name, 0).budget_w == budget_w
