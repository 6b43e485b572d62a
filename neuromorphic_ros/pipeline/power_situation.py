"""What is known of the power of a robot, from its messages and the files of its computer."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.power.battery import Battery, read_battery
from neuromorphic_ros.power.governor import Situation
from neuromorphic_ros.power.temperature import HIGHEST_C, LOWEST_C, hottest, is_plausible

BATTERY_STATE = "sensor_msgs/msg/BatteryState"
TEMPERATURE = "sensor_msgs/msg/Temperature"
ASLEEP = "std_msgs/msg/Bool"

# Of BatteryState.msg: CHARGING and FULL. NOT_CHARGING is said both of a charger that rests, which
# it does when the charge is high anyway, and of a battery that nothing feeds.
_CHARGING = (1, 4)


@dataclass(frozen=True, config=STRICT)
class FreshnessParameters:
    """How long messages stand for the present."""

    sensor_s: Annotated[
        float,
        Field(ge=0.1, le=3600, description="Age at which a battery or temperature expires [s]"),
    ] = 30.0
    load_s: Annotated[
        float, Field(ge=0.1, le=3600, description="Age at which the load of a network expires [s]")
    ] = 5.0


class _Timed(NamedTuple):
    value: Any
    stamp_ns: int

    def fresh(self, now_ns: int, age_s: float) -> bool:
        return 0 <= now_ns - self.stamp_ns <= age_s * 1e9


class PowerSituation:
    """Keep the newest messages about power; times are of a clock that nobody sets."""

    def __init__(self, root: Path, freshness: FreshnessParameters) -> None:
        """root: folder of the files of the computer, usually /."""
        self.freshness = freshness
        self._root = root
        self._battery: _Timed | None = None
        self._temperature: _Timed | None = None
        self._load: _Timed | None = None
        self._asleep = False

    def battery(self, message: Any, now_ns: int) -> None:
        """Keep a BatteryState; raises SensorError if its charge is not between 0 and 1."""
        charge = float(message.percentage)
        if not 0 <= charge <= 1:
            advice = "does not measure it" if math.isnan(charge) else "must say 0.42 for 42 %"
            raise SensorError(f"percentage is {charge:g}, not 0 to 1: its driver {advice}")
        charging = message.power_supply_status in _CHARGING
        self._battery = _Timed(Battery(charge, charging), now_ns)

    def temperature(self, message: Any, now_ns: int) -> None:
        """Keep a Temperature; raises SensorError if no board can have it."""
        celsius = float(message.temperature)
        if not is_plausible(celsius):
            raise SensorError(f"temperature is {celsius:g} degC, not {LOWEST_C:g} to {HIGHEST_C:g}")
        self._temperature = _Timed(celsius, now_ns)

    def rates(self, message: Any, now_ns: int) -> None:
        """Keep the load of a PopulationRates: the share of its window that the ticks took.

        Raises SensorError if it makes no sense.
        """
        window_s, tick_us = float(message.window_s), float(message.step_us_p50)
        load = tick_us * 1e-6 * message.ticks / window_s if window_s > 0 else math.nan
        if not (math.isfinite(load) and load >= 0):
            raise SensorError(
                f"{message.ticks} ticks of {tick_us:g} us in {window_s:g} s are no load"
            )
        self._load = _Timed(load, now_ns)

    def asleep(self, asleep: bool) -> None:
        """Keep whether the network sleeps."""
        self._asleep = asleep

    def at(self, now_ns: int) -> Situation:
        """Return what is known now; a fresh battery message is preferred to the files.

        The temperature is the highest of all: a thermometer in the air must not hide a hot chip.
        What a sleeping network would take is unknown.
        """
        battery = self._newest(self._battery, now_ns, self.freshness.sensor_s)
        if battery is None:
            battery = read_battery(self._root)
        measured = self._newest(self._temperature, now_ns, self.freshness.sensor_s)
        known = [hottest(self._root).celsius, math.nan if measured is None else measured]
        load = self._newest(self._load, now_ns, self.freshness.load_s)
        return Situation(
            battery=battery.charge,
            charging=battery.charging,
            temperature_c=max((each for each in known if each == each), default=math.nan),
            load=math.nan if load is None or self._asleep else load,
            idle_s=math.inf if self._asleep else 0.0,
            pending=not self._asleep,
        )

    @staticmethod
    def _newest(item: _Timed | None, now_ns: int, age_s: float) -> Any:
        return item.value if item and item.fresh(now_ns, age_s) else None
