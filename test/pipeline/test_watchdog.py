from __future__ import annotations

import itertools

import pytest

from neuromorphic_ros.decoding.motion_guard import GuardParameters
from neuromorphic_ros.decoding.velocity import STANDSTILL
from neuromorphic_ros.pipeline.readouts import ASLEEP, Command
from neuromorphic_ros.pipeline.watchdog import REPEAT_NS, Watchdog

MS = 1_000_000
PARAMETERS = GuardParameters(input_timeout_s=0.5, zero_hold_s=1.0, max_deadline_misses=3)
START_NS = 1_000_000 * MS


def checked(
    watchdog: Watchdog, at_ms: int, *, clock_ms: int = 0, misses: int = 0
) -> Command | None:
    """Ask at a steady time; the clock stands at its start unless told otherwise."""
    clock_ns = START_NS + clock_ms * MS
    return watchdog.check(PARAMETERS, at_ms * MS, clock_ns, misses)


def heard() -> Watchdog:
    watchdog = Watchdog(["scan", "imu"])
    watchdog.heard("scan", 0)
    watchdog.heard("imu", 0)
    watchdog.decided(START_NS)
    return watchdog


def test_nothing_moves_before_every_input_has_come() -> None:
    watchdog = Watchdog(["scan", "imu"])
    stop = checked(watchdog, 0)
    assert stop == Command(START_NS, STANDSTILL, "no input yet")
    watchdog.heard("scan", 0)
    assert checked(watchdog, 100) is not None
    watchdog.heard("imu", 100 * MS)
    assert checked(watchdog, 101) is None


def test_one_input_that_falls_silent_is_enough_to_stop() -> None:
    watchdog = heard()
    watchdog.heard("imu", 400 * MS)
    assert checked(watchdog, 500) is None
    stop = checked(watchdog, 501)
    assert stop
    assert stop.velocity == STANDSTILL
    assert "input_timeout_s 0.5" in stop.reason


def test_inputs_that_move_nothing_are_ignored() -> None:
    watchdog = heard()
    watchdog.heard("camera", 400 * MS)
    assert checked(watchdog, 501) is not None


def test_motion_stops_although_the_clock_stands_still() -> None:
    watchdog = heard()
    assert checked(watchdog, 499, clock_ms=0) is None
    assert checked(watchdog, 510, clock_ms=0) is not None


def test_motion_stops_when_the_input_of_the_last_decision_is_old_although_messages_come() -> None:
    watchdog = heard()
    assert checked(watchdog, 1, clock_ms=500) is None
    stop = checked(watchdog, 2, clock_ms=501)
    assert stop
    assert "synchronise" in stop.reason
    watchdog.decided(START_NS + 400 * MS)
    assert checked(watchdog, 3, clock_ms=501) is None


@pytest.mark.parametrize(("misses", "stops"), [(2, False), (3, True)])
def test_motion_stops_after_so_many_late_steps_in_a_row(misses: int, stops: bool) -> None:
    stop = checked(heard(), 1, misses=misses)
    assert (stop is not None) is stops


def test_a_failure_stops_until_an_input_and_then_a_decision_have_come() -> None:
    watchdog = heard()
    watchdog.failed("the core failed")
    watchdog.decided(START_NS)
    stop = checked(watchdog, 11)
    assert stop
    assert stop.reason == "the core failed"
    for source in ("scan", "imu"):
        watchdog.heard(source, 600 * MS)
    assert checked(watchdog, 601) is not None
    watchdog.decided(START_NS)
    assert checked(watchdog, 602) is None


def test_a_part_that_works_between_failures_does_not_move_the_robot() -> None:
    watchdog = heard()
    for at_ms in range(0, 3000, 100):
        watchdog.failed("the core failed")
        assert checked(watchdog, at_ms)
        for source in ("scan", "imu"):
            watchdog.heard(source, (at_ms + 50) * MS)
        watchdog.decided(START_NS)
        stop = checked(watchdog, at_ms + 99)
        assert stop
        # One hold of zeros, however often it fails: not one for each time.
        assert (stop.velocity is None) == (at_ms + 99 > 1000)
    assert checked(watchdog, 2900 + 499) is not None
    assert checked(watchdog, 2900 + 500) is None


def test_zeros_last_for_the_hold_and_are_no_flood() -> None:
    watchdog = Watchdog(["scan"])
    stops = [checked(watchdog, at_ms) for at_ms in range(2000)]
    assert all(stops)
    sent = [at_ms for at_ms, stop in enumerate(stops) if stop and stop.velocity == STANDSTILL]
    assert sent[0] == 0
    assert 1000 - REPEAT_NS // MS <= sent[-1] <= 1000
    assert {after - before for before, after in itertools.pairwise(sent)} == {20}


def test_the_first_zero_of_each_stop_is_sent_at_once() -> None:
    watchdog = heard()
    watchdog.failed("broken")
    first = checked(watchdog, 1)
    for source in ("scan", "imu"):
        watchdog.heard(source, 501 * MS)
    watchdog.decided(START_NS)
    assert checked(watchdog, 501) is None
    watchdog.failed("broken again")
    second = checked(watchdog, 502)
    assert first
    assert second
    assert first.velocity == second.velocity == STANDSTILL


def test_a_network_that_sleeps_stops_although_its_inputs_are_heard_and_then_is_silent() -> None:
    watchdog = heard()
    stops = []
    for at_ms in range(0, 1500, 100):
        watchdog.heard("scan", at_ms * MS)
        watchdog.heard("imu", at_ms * MS)
        stops.append(watchdog.check(PARAMETERS, at_ms * MS, START_NS, 0, asleep=True))
    assert stops[0] == Command(START_NS, STANDSTILL, ASLEEP)
    assert stops[-1] == Command(START_NS, None, ASLEEP)
    assert watchdog.is_silent
    watchdog.decided(START_NS + 1500 * MS)
    assert checked(watchdog, 1500, clock_ms=1500) is None
    assert not watchdog.is_silent
