"""The part of motion safety that only a live node needs: things that no longer happen."""

from __future__ import annotations

from neuromorphic_ros.decoding.motion_guard import GuardParameters, GuardState, guard
from neuromorphic_ros.decoding.velocity import STANDSTILL
from neuromorphic_ros.pipeline.readouts import Command


class Watchdog:
    """Stop motion when inputs or decisions end, the network falls behind, or a part fails.

    Decisions judge inputs by the network's time; when that stands still, steady time decides.
    """

    def __init__(self) -> None:
        """Wait for the first input."""
        self._state = GuardState()
        self._heard_ns: int | None = None
        self._decided_ns: int | None = None
        self._failure = ""

    def heard(self, steady_ns: int) -> None:
        """Note that an input which moves the robot has arrived; clears a failure."""
        self._heard_ns = steady_ns
        self._failure = ""

    def decided(self, stop_ns: int) -> None:
        """Note a decision by the network's time."""
        self._decided_ns = stop_ns

    def failed(self, reason: str) -> None:
        """Note that a part failed; motion stops until the next input."""
        self._failure = reason

    def check(
        self, parameters: GuardParameters, steady_ns: int, clock_ns: int, misses_in_a_row: int
    ) -> Command | None:
        """Return the command that replaces those of the network; none: they stand.

        clock_ns: time of the node's clock. misses_in_a_row: steps that took longer than they cover.
        """
        fault = self._failure or self._behind(parameters, clock_ns, misses_in_a_row)
        self._state, decision = guard(
            parameters, self._state, steady_ns, STANDSTILL, self._heard_ns, fault
        )
        return Command(clock_ns, decision.velocity, decision.reason) if decision.reason else None

    def _behind(self, parameters: GuardParameters, clock_ns: int, misses_in_a_row: int) -> str:
        if misses_in_a_row >= parameters.max_deadline_misses:
            return (
                f"the network is too slow: {misses_in_a_row} steps in a row missed their deadline"
            )
        if self._decided_ns is None:
            return ""
        lag_s = (clock_ns - self._decided_ns) / 1e9
        if lag_s > parameters.input_timeout_s:
            return (
                f"decisions are {lag_s:.2f} s behind the clock; synchronise the clocks of the "
                "sensors, or set use_sim_time in replay"
            )
        return ""
