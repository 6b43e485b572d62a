from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from neuromorphic_ros.bags.typestore import serialize, to_message
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation import office
from neuromorphic_ros.simulation.office import (
    DAY_S,
    KINDS,
    PER_DAY,
    PERIOD_S,
    Incident,
    Kind,
    Reading,
    first_stamp_s,
    incident,
    readings,
    recorded_office,
    saturation_g_m3,
    span_ns,
)


def weekday_seed(weekday: int) -> int:
    """Return a seed whose first day is that of the week, Monday being 0."""
    first_s = office.MONDAY_S + weekday * DAY_S
    return next(seed for seed in range(100) if first_stamp_s(seed) == first_s)


def day(wrong: Incident | None = None, weekday: int = 1) -> list[Reading]:
    return list(readings(weekday_seed(weekday), 1, wrong))


def hours(told: list[Reading], start: float, stop: float) -> list[Reading]:
    return told[round(start * PER_DAY / 24) : round(stop * PER_DAY / 24)]


def celsius(told: list[Reading]) -> float:
    return float(np.mean([each.temperature_c for each in told]))


def moved(told: list[Reading]) -> float:
    return float(np.mean([each.motion for each in told]))


@pytest.fixture(scope="module")
def tuesday() -> list[Reading]:
    return day()


def test_a_day_is_told_every_period_from_midnight(tuesday: list[Reading]) -> None:
    stamps = [each.stamp_s for each in tuesday]
    assert len(stamps) == PER_DAY
    assert stamps[0] % DAY_S == 0
    assert set(np.diff(stamps)) == {PERIOD_S}


def test_the_same_seed_gives_the_same_day_and_another_another(tuesday: list[Reading]) -> None:
    assert day() == tuesday
    assert day(weekday=2) != tuesday


def test_people_move_and_the_room_is_warm_by_day(tuesday: list[Reading]) -> None:
    assert moved(hours(tuesday, 9.5, 11.5)) > 0.2
    assert moved(hours(tuesday, 0, 5)) < 0.01
    assert celsius(hours(tuesday, 9.5, 16)) == pytest.approx(21.5, abs=1.0)
    assert celsius(hours(tuesday, 4, 6)) < 19.5


def test_on_a_sunday_nobody_comes_and_the_heating_is_low() -> None:
    told = day(weekday=6)
    assert moved(told) < 0.01
    assert celsius(told) < 20


def test_air_holds_what_tables_say() -> None:
    # 17.3 g/m3 at 20 degC and 4.85 g/m3 at 0 degC.
    assert saturation_g_m3(20.0) == pytest.approx(17.3, abs=0.1)
    assert saturation_g_m3(0.0) == pytest.approx(4.85, abs=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_different_before_something_goes_wrong(
    kind: Kind, tuesday: list[Reading]
) -> None:
    wrong = Incident(kind, 12 * 3600, 18 * 3600)
    told = day(wrong)
    assert hours(told, 0, 12) == hours(tuesday, 0, 12)
    assert hours(told, 12, 18) != hours(tuesday, 12, 18)


def test_what_goes_wrong_shows(tuesday: list[Reading]) -> None:
    night = (0, 6 * 3600)
    late = (4, 6)
    assert celsius(hours(day(Incident("heating_stuck", *night)), *late)) > 23
    assert celsius(hours(day(Incident("window_open", *night)), *late)) < celsius(
        hours(tuesday, *late)
    )
    damp = hours(day(Incident("water_leak", *night)), *late)
    assert np.mean([each.humidity for each in damp]) > 0.15 + np.mean(
        [each.humidity for each in hours(tuesday, *late)]
    )
    assert moved(hours(day(Incident("intruder", *night)), *late)) > 0.3
    stuck = hours(day(Incident("sensor_stuck", *night)), *late)
    assert len({(each.temperature_c, each.humidity) for each in stuck}) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_incidents_are_drawn_on_their_day(kind: Kind) -> None:
    for seed in range(20):
        wrong = incident(kind, seed, 2)
        assert wrong == incident(kind, seed, 2)
        assert 2 * DAY_S <= wrong.start_s < 3 * DAY_S
        assert wrong.start_s < wrong.stop_s <= 4 * DAY_S
    assert len({incident(kind, seed, 2) for seed in range(20)}) > 15


def test_messages_are_of_standard_types_and_tell_what_is_wrong() -> None:
    seed = weekday_seed(1)
    wrong = Incident("intruder", 300, 600)
    told = list(itertools.islice(recorded_office(seed, 1, wrong), 200))
    for each in told:
        assert serialize(each.type_name, to_message(each.type_name, each.fields))
    changes = [(each.log_ns, each.fields["data"]) for each in told if each.topic == "/incident"]
    first, last = span_ns(seed, wrong)
    assert changes == [(first_stamp_s(seed) * 10**9, ""), (first, "intruder"), (last, "")]
    ranges = {each.fields["range"] for each in told if each.topic == "/motion"}
    assert ranges == {-math.inf, math.inf}


@pytest.mark.parametrize("days", [0, 367])
def test_a_number_of_days_that_cannot_be_is_refused(days: int) -> None:
    with pytest.raises(BackendError, match=f"{days} days of an office: choose 1 to 366"):
        readings(0, days)
