"""The part of motion safety that only a live node needs: things that no longer happen."""

from __future__ import annotations

from collections.abc import Iterable

from neuromorphic_ros.decoding.motion_guard import GuardParameters, GuardState, guard
from neuromorphic_ros.decoding.velocity import STANDSTILL
from neuromorphic_ros.pipeline.readouts import ASLEEP, Command

# Often enough for any base, and no flood however often the watchdog is asked.
REPEAT_NS = 20_000_000


class Watchdog:
    """Stop motion when an input ends, decisions fall behind the clock, or a part fails.

    Decisions judge inputs by the network's time; when that stands still, steady time decides.
    """

    def __init__(self, sources: Iterable[str]) -> None:
        """Wait for the first input; sources: names of all inputs that move the robot.

        is_silent: whether motion has been stopped for so long that no more zeros are sent.
        """
        self._heard_ns: dict[str, int | None] = dict.fromkeys(sources)
        self._state = GuardState()
        self._input_stamp_ns: int | None = None
        self._failure = ""
        self._failed_ns: int | None = None
        self._heard_since_failure = True
        self._decided_since_failure = True
        self._sent_ns: int | None = None
        self.is_silent = False

    def heard(self, source: str, steady_ns: int) -> None:
        """Note that an input has arrived; those which move nothing are ignored."""
        if source in self._heard_ns:
            self._heard_ns[source] = steady_ns
            self._heard_since_failure = True

    def decided(self, input_stamp_ns: int | None) -> None:
        """Note a decision and the stamp of its oldest input."""
        self._input_stamp_ns = input_stamp_ns
        self._decided_since_failure = self._heard_since_failure

    def failed(self, reason: str) -> None:
        """Note that a part failed.

        Motion stops until an input and then a decision have come, and nothing has failed for
        input_timeout_s: a part that works for a few ticks between failures must not move the robot.
        """
        self._failure = reason
        self._failed_ns = None
        self._heard_since_failure = self._decided_since_failure = False

    def check(
        self,
        parameters: GuardParameters,
        steady_ns: int,
        clock_ns: int,
        misses_in_a_row: int,
        *,
        asleep: bool = False,
    ) -> Command | None:
        """Return the command that replaces those of the network; none: they stand.

        clock_ns: time of the node's clock. misses_in_a_row: steps that took longer than they cover.
        asleep: whether the network sleeps, so that no decisions come.
        """
        heard_ns = [heard for heard in self._heard_ns.values() if heard is not None]
        self._recover(parameters, steady_ns)
        if asleep:
            # An input that ended is the better reason.
            recent_ns = steady_ns - round(parameters.input_timeout_s * 1e9)
            fault = self._failure or (ASLEEP if min(heard_ns, default=0) >= recent_ns else "")
        else:
            fault = self._failure or self._behind(parameters, clock_ns, misses_in_a_row)
        self._state, decision = guard(
            parameters,
            self._state,
            steady_ns,
            STANDSTILL,
            min(heard_ns) if len(heard_ns) == len(self._heard_ns) else None,
            fault,
        )
        self.is_silent = decision.velocity is None
        if not decision.reason:
            self._sent_ns = None
            return None
        velocity = decision.velocity
        if velocity and self._sent_ns is not None and steady_ns - self._sent_ns < REPEAT_NS:
            velocity = None
        if velocity:
            self._sent_ns = steady_ns
        return Command(clock_ns, velocity, decision.reason)

    def _recover(self, parameters: GuardParameters, steady_ns: int) -> None:
        if self._failed_ns is None:
            self._failed_ns = steady_ns
        unfailing_ns = steady_ns - self._failed_ns
        if self._decided_since_failure and unfailing_ns >= parameters.input_timeout_s * 1e9:
            self._failure = ""

    def _behind(self, parameters: GuardParameters, clock_ns: int, misses_in_a_row: int) -> str:
        if misses_in_a_row >= parameters.max_deadline_misses:
            return (
                f"the network is too slow: {misses_in_a_row} steps in a row missed their deadline"
            )
        if self._input_stamp_ns is None:
            return ""
        age_s = (clock_ns - self._input_stamp_ns) / 1e9
        if age_s > parameters.input_timeout_s:
            return (
                f"the input of the last decision is {age_s:.2f} s old, older than input_timeout_s "
                f"{parameters.input_timeout_s}; if sensors still send, synchronise their clocks, "
                "or set use_sim_time in replay"
            )
        return ""
