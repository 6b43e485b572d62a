"""Networks that run beside each other are told from those that follow each other."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from neuromorphic_ros.pipeline.concurrent_networks import ConcurrentNetworks

SECOND_NS = 1_000_000_000


class Robot:
    """Networks whose windows are told as they end, in seconds."""

    def __init__(self) -> None:
        self.networks = ConcurrentNetworks()
        self.now_s = 0.0

    def tell(
        self, network: str, stop_s: float, window_s: float = 1.0, now_s: float | None = None
    ) -> bool:
        self.now_s = stop_s if now_s is None else now_s
        # As a message holds it.
        message = SimpleNamespace(network=network, window_s=float(np.float32(window_s)))
        stamp_ns = round(stop_s * SECOND_NS)
        return self.networks.take(message, stamp_ns, round(self.now_s * SECOND_NS))

    @property
    def problem(self) -> str:
        return self.networks.problem(round(self.now_s * SECOND_NS))


@pytest.mark.parametrize("phase_s", [0.0, 0.1, 0.5, 0.7])
@pytest.mark.parametrize("second", ["other", "net"])
def test_the_first_of_two_is_counted_and_the_other_named(phase_s: float, second: str) -> None:
    robot = Robot()
    for stop_s in range(10, 20):
        assert robot.tell("net", stop_s)
        assert not robot.tell(second, stop_s + phase_s)
    assert robot.problem.startswith(f"'{second}' tells its rates beside 'net'")


@pytest.mark.parametrize("phase_s", [0.8, 0.95])
def test_one_of_two_stays_whatever_their_phase(phase_s: float) -> None:
    robot = Robot()
    taken = [
        name
        for stop_s in range(10, 20)
        for name, shift_s in (("net", 0.0), ("other", phase_s))
        if robot.tell(name, stop_s + shift_s)
    ]
    assert taken == ["net", *["other"] * 10]
    assert robot.problem


def test_networks_of_different_clocks_are_told_apart_when_the_first_comes_back() -> None:
    robot = Robot()
    taken = [
        name
        for second in range(10)
        for name, clock_s in (("replayed", 500), ("live", 9000))
        if robot.tell(name, clock_s + second, now_s=second)
    ]
    assert taken == ["replayed", *["live"] * 10]
    assert "'replayed' tells its rates beside 'live'" in robot.problem


def test_a_network_that_is_started_again_is_counted_once_the_other_is_silent() -> None:
    robot = Robot()
    assert robot.tell("one", 10)
    assert robot.tell("two", 11)
    assert [robot.tell("one", 12 + second) for second in range(4)] == [False, False, True, True]


def test_networks_may_follow_each_other() -> None:
    robot = Robot()
    assert robot.tell("one", 10)
    assert robot.tell("two", 11)
    assert robot.tell("two", 13, window_s=1.5)
    assert robot.problem == ""


def test_a_network_that_slept_is_counted_again_unless_another_ran_meanwhile() -> None:
    robot = Robot()
    assert robot.tell("one", 10)
    assert robot.tell("one", 60, window_s=50.0)
    assert robot.tell("two", 70)
    assert not robot.tell("one", 80, window_s=20.0)


def test_a_recording_that_begins_anew_goes_on() -> None:
    robot = Robot()
    assert robot.tell("net", 30)
    assert robot.tell("net", 1)
    assert robot.problem == ""


def test_days_of_sleep_are_not_counted_twice_by_rounding() -> None:
    robot = Robot()
    slept_s = 20 * 86_400.1
    assert robot.tell("net", 10)
    assert robot.tell("net", 10 + slept_s, window_s=slept_s)


def test_the_problem_is_forgotten() -> None:
    robot = Robot()
    robot.tell("net", 10)
    robot.tell("other", 10.5)
    assert robot.problem
    robot.tell("net", 16)
    assert robot.problem == ""


def test_a_window_of_no_length_overlaps_nothing() -> None:
    robot = Robot()
    assert robot.tell("net", 10)
    assert robot.tell("net", 10, window_s=0.0)
