"""A simulated office: temperature, humidity and motion of days as they usually are, and of others.

One room in winter. Heat is balanced between air, walls and the outside, moisture between breath,
ventilation and what walls and furniture buffer; people come and go on weekdays. It stands in for
a recording of a real office, which it is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.sensor_sample import (
    SensorSample,
    presence,
    relative_humidity,
    temperature,
    words,
)

Kind = Literal["heating_stuck", "window_open", "water_leak", "intruder", "sensor_stuck"]
KINDS: tuple[Kind, ...] = get_args(Kind)

PERIOD_S = 30
DAY_S = 86_400
PER_DAY = DAY_S // PERIOD_S
# Monday, 5 January 2026, 0:00 UTC.
MONDAY_S = 1_767_571_200
# Days before the first one that is told, in which walls take their temperature.
_SETTLING_DAYS = 2
MAX_DAYS = 366

# A room of 30 m2. Capacity and exchange of the walls: ISO 13790, class "medium", 2.5 m2 of mass per
# m2 of floor at 9.1 W/(m2 K); air: with furniture, five times that of air alone.
_VOLUME_M3 = 81.0
_AIR_J_K = 5.0 * 1.2 * 1006.0 * _VOLUME_M3
_WALLS_J_K = 165e3 * 30.0
_AIR_TO_WALLS_W_K = 9.1 * 2.5 * 30.0
_ENVELOPE_W_K = 25.0
_VENTILATION_W_K_PER_H = 1.2 * 1006.0 * _VOLUME_M3 / 3600.0
_CLOSED_PER_H, _OPEN_PER_H, _AIRING_PER_H = 0.3, 5.0, 8.0
_SUN_W = 900.0

# Of water at 60 degC, rated at 20.
_HEATER_W_K, _WATER_C, _HEATER_LAG_S, _BAND_K = 40.0, 60.0, 900.0, 1.5
_DAY_C, _NIGHT_C = 21.0, 17.0
_HEATING_H = (6.0, 18.0)

# At a desk: ISO 8996 and ASHRAE Fundamentals, 75 W and 50 g/h of water.
_PERSON_W, _PERSON_G_H = 75.0, 50.0
# What buffers moisture beside the air: the factor by which its capacity seems larger.
_BUFFER = 8.0
_LEAK_G_H = 600.0
_STAFF = 3
# Chances in one period: that somebody at a desk moves, and that the sensor is mistaken.
_MOVES, _MISTAKES = 0.6, 1e-4

# Sensirion SHT3x-DIS, high repeatability: 3 sigma of 0.04 degC and 0.08 %RH, 16 bits.
_NOISE_C, _NOISE_PERCENT = 0.04 / 3, 0.08 / 3
_CODES = 2**16 - 1


class Incident(NamedTuple):
    """What goes wrong, from when until when, in seconds since the start."""

    kind: Kind
    start_s: int
    stop_s: int


class Reading(NamedTuple):
    """What the sensors tell of the last period; stamp_s: since 1970. humidity: 0 to 1."""

    stamp_s: int
    temperature_c: float
    humidity: float
    motion: bool


class _Day(NamedTuple):
    """A day, in steps: number of people and changes of air per hour by day-to-day business."""

    people: npt.NDArray[np.int64]
    air_per_h: npt.NDArray[np.float64]


class _Room(NamedTuple):
    """Temperatures [degC], power of the heater [W], water in the air [g/m3]."""

    air_c: float
    walls_c: float
    heater_w: float
    water_g_m3: float


def incident(kind: Kind, seed: int, day: int) -> Incident:
    """Draw when something goes wrong on a day, the first being 0."""
    generator = np.random.default_rng((seed, 2, KINDS.index(kind)))
    hour, hours = {
        # Left open in the evening, until somebody comes.
        "window_open": (generator.uniform(16.0, 18.0), 14.0),
        "intruder": (generator.uniform(0.5, 4.5), generator.uniform(0.3, 0.7)),
        "heating_stuck": (generator.uniform(0.0, 24.0), 24.0),
        "water_leak": (generator.uniform(0.0, 24.0), 12.0),
        "sensor_stuck": (generator.uniform(0.0, 24.0), 24.0),
    }[kind]
    start_s = day * DAY_S + round(hour * 3600)
    return Incident(kind, start_s, start_s + round(hours * 3600))


def first_stamp_s(seed: int) -> int:
    """Return the stamp of the first reading, a midnight; the day of the week is of the seed."""
    return MONDAY_S + int(np.random.default_rng((seed, 0)).integers(7)) * DAY_S


def span_ns(seed: int, wrong: Incident) -> tuple[int, int]:
    """Return the stamps from and until which something is wrong."""
    first_s = first_stamp_s(seed)
    return (first_s + wrong.start_s) * 10**9, (first_s + wrong.stop_s) * 10**9


def readings(seed: int, days: int, wrong: Incident | None = None) -> Iterator[Reading]:
    """Yield what the sensors tell every 30 s; the first day is any of the week, by the seed.

    wrong: what happens besides. The same seed gives the same days, until something goes wrong.
    Raises BackendError if `days` are none or more than 366.
    """
    if not 1 <= days <= MAX_DAYS:
        raise BackendError(f"{days} days of an office: choose 1 to {MAX_DAYS}")
    return _readings(seed, days, wrong)


def _readings(seed: int, days: int, wrong: Incident | None) -> Iterator[Reading]:
    first_s = first_stamp_s(seed)
    weekday = (first_s - MONDAY_S) // DAY_S
    room = _Room(18.0, 18.0, 0.0, 6.0)
    weather = _weather(seed, days + _SETTLING_DAYS)
    shown = (0.0, 0.0)
    for day in range(-_SETTLING_DAYS, days):
        generator = np.random.default_rng((seed, 1, day + _SETTLING_DAYS))
        works = (weekday + day) % 7 < 5
        business = _business(generator, works=works)
        noise = generator.normal(0.0, 1.0, (PER_DAY, 2))
        still = (1.0 - _MISTAKES) * (1.0 - _MOVES) ** business.people
        moved = generator.random(PER_DAY) >= still
        first = (day + _SETTLING_DAYS) * PER_DAY
        outside_c, outside_g_m3, sun = (each[first : first + PER_DAY] for each in weather)
        for step in range(PER_DAY):
            elapsed_s = day * DAY_S + step * PERIOD_S
            kind = wrong.kind if wrong and wrong.start_s <= elapsed_s < wrong.stop_s else None
            hour = step * PERIOD_S / 3600
            wanted_c = _DAY_C if works and _HEATING_H[0] <= hour < _HEATING_H[1] else _NIGHT_C
            valve = min(max((wanted_c + _BAND_K / 2 - room.air_c) / _BAND_K, 0.0), 1.0)
            air_per_h = float(business.air_per_h[step])
            room = _advance(
                room,
                people=int(business.people[step]),
                air_per_h=max(air_per_h, _OPEN_PER_H) if kind == "window_open" else air_per_h,
                valve=1.0 if kind == "heating_stuck" else valve,
                leak_g_h=_LEAK_G_H if kind == "water_leak" else 0.0,
                outside_c=float(outside_c[step]),
                outside_g_m3=float(outside_g_m3[step]),
                sun=float(sun[step]),
            )
            if kind != "sensor_stuck":
                shown = _measured(room, *noise[step])
            if day < 0:
                continue
            motion = bool(moved[step])
            if kind == "intruder":
                motion = bool(generator.random() < 0.9)
            yield Reading(first_s + elapsed_s, *shown, motion)


def _advance(
    room: _Room,
    *,
    people: int,
    air_per_h: float,
    valve: float,
    leak_g_h: float,
    outside_c: float,
    outside_g_m3: float,
    sun: float,
) -> _Room:
    """Return the room after one period, by Euler's method; sun: 0 to 1."""
    colder_k = room.air_c - outside_c
    to_walls_w = _AIR_TO_WALLS_W_K * (room.air_c - room.walls_c)
    lost_w = air_per_h * _VENTILATION_W_K_PER_H * colder_k
    gained_w = room.heater_w + people * _PERSON_W + 0.3 * sun * _SUN_W
    # The sun mostly warms what it falls on.
    walls_w = to_walls_w + 0.7 * sun * _SUN_W - _ENVELOPE_W_K * (room.walls_c - outside_c)
    heater_w = valve * _HEATER_W_K * max(_WATER_C - room.air_c, 0.0)
    water_g_h = (
        people * _PERSON_G_H + leak_g_h + air_per_h * _VOLUME_M3 * (outside_g_m3 - room.water_g_m3)
    )
    water_g_m3 = room.water_g_m3 + water_g_h / 3600 * PERIOD_S / (_VOLUME_M3 * _BUFFER)
    air_c = room.air_c + (gained_w - lost_w - to_walls_w) * PERIOD_S / _AIR_J_K
    return _Room(
        air_c,
        room.walls_c + walls_w * PERIOD_S / _WALLS_J_K,
        room.heater_w + (heater_w - room.heater_w) * PERIOD_S / _HEATER_LAG_S,
        min(water_g_m3, saturation_g_m3(air_c)),
    )


def saturation_g_m3(celsius: float) -> float:
    """Return the most water that air can hold [g/m3].

    Magnus formula: Sonntag, Important new values of the physical constants of 1986, Zeitschrift
    fuer Meteorologie 40, 1990; ideal gas.
    """
    pressure_pa = 611.2 * math.exp(17.62 * celsius / (243.12 + celsius))
    return pressure_pa * 18.015 / (8.314 * (celsius + 273.15))


def _business(generator: np.random.Generator, *, works: bool) -> _Day:
    """Draw who is there and when windows are opened; on a weekend nobody comes."""
    people = np.zeros(PER_DAY, np.int64)
    air_per_h = np.full(PER_DAY, _CLOSED_PER_H)
    if not works:
        return _Day(people, air_per_h)

    def steps(start_h: float, hours: float) -> slice:
        return slice(round(start_h * 3600 / PERIOD_S), round((start_h + hours) * 3600 / PERIOD_S))

    for _ in range(_STAFF):
        if generator.random() < 0.9:
            come_h, go_h = generator.normal(8.2, 0.5), min(generator.normal(17.0, 0.8), 20.0)
            lunch_h = generator.normal(12.2, 0.2)
            people[steps(come_h, lunch_h - come_h)] += 1
            people[steps(lunch_h + generator.uniform(0.5, 1.0), go_h - lunch_h - 0.75)] += 1
    # Somebody cleans.
    people[steps(generator.normal(18.5, 0.2), generator.uniform(0.2, 0.4))] += 1
    for start_h in generator.uniform(8.5, 16.5, generator.integers(1, 4)):
        airing = steps(float(start_h), float(generator.uniform(0.08, 0.17)))
        if people[airing].all():
            air_per_h[airing] = _AIRING_PER_H
    return _Day(people, air_per_h)


def _weather(
    seed: int, days: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return temperature [degC], water [g/m3] and sun (0 to 1) outside, float64[steps] each.

    Temperature, humidity and clouds wander from day to day about those of a winter of central
    Europe; a step of the walk is an hour.
    """
    generator = np.random.default_rng((seed, 3))
    hours = days * 24 + 1
    walks = np.empty((3, hours))
    walk = generator.normal(0.0, 1.0, 3)
    keeps = np.exp(-1.0 / np.array([60.0, 30.0, 12.0]))
    for hour in range(hours):
        walk = keeps * walk + np.sqrt(1.0 - keeps**2) * generator.normal(0.0, 1.0, 3)
        walks[:, hour] = walk
    time_h = np.arange(days * PER_DAY) * (PERIOD_S / 3600)
    warmth, damp, clouds = (np.interp(time_h, np.arange(hours), each) for each in walks)
    clear = np.clip(0.5 - 0.4 * clouds, 0.0, 1.0)
    # From 8 to 16 hours.
    sun = clear * np.clip(np.sin((time_h % 24 - 8.0) / 8.0 * np.pi), 0.0, None)
    outside_c = 3.0 + 4.0 * warmth + 3.0 * clear * np.cos((time_h - 14.0) / 24 * 2 * np.pi)
    humidity = np.clip(0.8 + 0.1 * damp, 0.4, 1.0)
    most_g_m3 = np.array([saturation_g_m3(float(each)) for each in outside_c])
    return outside_c, humidity * most_g_m3, sun


def _measured(room: _Room, noise_c: float, noise_percent: float) -> tuple[float, float]:
    """Return temperature [degC] and humidity (0 to 1) as the sensor tells them."""
    celsius = room.air_c + _NOISE_C * noise_c
    percent = 100 * room.water_g_m3 / saturation_g_m3(room.air_c) + _NOISE_PERCENT * noise_percent
    code = round((celsius + 45.0) / 175.0 * _CODES)
    wet = round(min(max(percent / 100, 0.0), 1.0) * _CODES)
    return -45.0 + 175.0 * code / _CODES, wet / _CODES


def recorded_office(seed: int, days: int, wrong: Incident | None = None) -> Iterator[SensorSample]:
    """Yield the messages of a recording: /temperature, /humidity, /motion and /incident.

    /motion is a Range of a sensor that tells only whether, as Range.msg has it: -inf if something
    moved, inf if not. /incident tells each change of what is wrong; empty: nothing. Raises as
    `readings` does.
    """
    return _recorded(readings(seed, days, wrong), wrong)


def _recorded(told: Iterator[Reading], wrong: Incident | None) -> Iterator[SensorSample]:
    first_s: int | None = None
    before: str | None = None
    for each in told:
        first_s = each.stamp_s if first_s is None else first_s
        stamp_ns = each.stamp_s * 1_000_000_000
        holds = wrong and wrong.start_s <= each.stamp_s - first_s < wrong.stop_s
        now = wrong.kind if wrong and holds else ""
        if now != before:
            yield words("/incident", stamp_ns, now)
            before = now
        yield temperature(stamp_ns, each.temperature_c, _NOISE_C**2)
        yield relative_humidity(stamp_ns, each.humidity, (_NOISE_PERCENT / 100) ** 2)
        yield presence("/motion", stamp_ns, seen=each.motion)
