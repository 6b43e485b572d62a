"""Situation to decision to power mode: what the power manager does, without ROS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from neuromorphic_ros.pipeline.health import Health
from neuromorphic_ros.pipeline.messages import Fields
from neuromorphic_ros.pipeline.power_control import PowerControl, Wanted
from neuromorphic_ros.pipeline.power_situation import FreshnessParameters, PowerSituation
from neuromorphic_ros.pipeline.tuning import Tunable
from neuromorphic_ros.power.governor import GovernorParameters, GovernorState, step
from neuromorphic_ros.power.nvpmodel import PowerModeError
from neuromorphic_ros.power.power_mode import PowerLevel, PowerMode, modes_by_level
from neuromorphic_ros.power.quality import Quality

POWER_STATUS = "neuromorphic_ros/msg/PowerStatus"
# Gives the choice of the power mode back to the governor.
AUTO = "auto"

# Of PowerStatus, what is worth a message at once.
_NEWS = ("mode", "quality", "asleep", "throttled", "reason")


class Supervision(NamedTuple):
    """status: fields of PowerStatus without header. change: what the board is to be changed to.

    held_back: why a chosen mode is not what the board is in or changed to; empty: it is.
    power, board: what is to be said of the decision and of the board.
    """

    status: Fields
    change: Wanted
    held_back: str
    power: Health
    board: Health

    @property
    def news(self) -> tuple[Any, ...]:
        """What others must know at once."""
        return tuple(self.status[name] for name in _NEWS)


class PowerSupervisor:
    """Decide about the power of a robot; times are of a clock that nobody sets."""

    def __init__(self, root: Path, *, allowed: bool, hold_clocks: bool, timeout_s: float) -> None:
        """root: folder of the files of the computer. allowed, timeout_s: see PowerControl.

        hold_clocks: whether clocks are held at their maximum at the highest level.
        """
        self.parameters = GovernorParameters()
        self.situation = PowerSituation(root, FreshnessParameters())
        self.control = PowerControl(root, allowed=allowed, timeout_s=timeout_s)
        self._hold_clocks = hold_clocks
        self._state = GovernorState()
        self._chosen = ""

    @property
    def tunables(self) -> dict[str, Tunable]:
        """Parameter sets that can be changed while it runs."""
        return {
            "governor": Tunable(self, "parameters"),
            "freshness": Tunable(self.situation, "freshness"),
        }

    def choose(self, name: str) -> None:
        """Hold a power mode by its name until another one or AUTO, the governor's, is chosen.

        In heat the smallest mode is in force, whatever is held.
        Raises PowerModeError with the reason if it cannot be.
        """
        if name != AUTO:
            self.control.require(name)
            if refused := self._held_back(name):
                raise PowerModeError(refused)
            self.control.retry()
        self._chosen = "" if name == AUTO else name

    def step(self, now_ns: int) -> Supervision:
        """Decide at a time that is not before that of the step before."""
        situation = self.situation.at(now_ns)
        self._state, decision = step(self.parameters, self._state, situation, now_ns)
        in_force = self.control.read()
        held_back = self._held_back(self._chosen) if self._chosen else ""
        wanted = self._wanted(decision.level, "" if held_back else self._chosen)
        status: Fields = {
            "mode": in_force,
            "quality": int(decision.quality),
            "asleep": decision.asleep,
            "throttled": decision.throttled,
            "battery": situation.battery,
            "temperature_c": situation.temperature_c,
            "reason": decision.reason,
        }
        return Supervision(
            status,
            wanted if self.control.is_due(wanted, in_force, now_ns) else Wanted(),
            held_back,
            self._health(decision.quality, status, situation.load),
            self.control.health(in_force),
        )

    def _by_level(self) -> Mapping[PowerLevel, PowerMode]:
        modes = self.control.modes
        return modes_by_level([PowerMode(each.name, each.number, each.clock_khz) for each in modes])

    def _held_back(self, name: str) -> str:
        """Tell why a mode must not be in force now; empty: it may."""
        if not self._state.throttled or name == self._by_level()[PowerLevel.LOW].name:
            return ""
        return f"power mode '{name}' is not set: {self._state.reason}; ask again when it has cooled"

    def _wanted(self, level: PowerLevel, chosen: str) -> Wanted:
        by_level = self._by_level()
        if not by_level:
            return Wanted()
        name = chosen or by_level[level].name
        highest = name == by_level[PowerLevel.HIGH].name
        return Wanted(name, hold_clocks=self._hold_clocks and highest)

    def _health(self, quality: Quality, status: Fields, load: float) -> Health:
        level = "warn" if status["throttled"] else "ok"
        values: dict[str, object] = {
            "quality": quality.name.lower(),
            "chosen": self._chosen or AUTO,
            "battery": f"{status['battery']:.2f}",
            "temperature_c": f"{status['temperature_c']:.1f}",
            "load": f"{load:.3f}",
        }
        return Health(level, status["reason"], values)
