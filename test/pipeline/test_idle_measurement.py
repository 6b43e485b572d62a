"""Idle power is that of a rest, or it is said why it is not known."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import pytest
from energy.meters.trees import nano, write

from neuromorphic_ros.energy.meter import MeterError
from neuromorphic_ros.energy.meters.registry import AUTO, find_meter
from neuromorphic_ros.pipeline.idle_measurement import Answer, IdleMeasurement
from neuromorphic_ros.pipeline.power_measurement import PowerMeasurement

SECOND_NS = 1_000_000_000
RATES = SimpleNamespace(network="net", ticks=1000)


class Board:
    """A Jetson Nano of files, read every 0.1 s in a time of its own."""

    def __init__(self, root: Path) -> None:
        self.folder = nano(root)
        self.measurement = PowerMeasurement(find_meter(AUTO, root))
        self.idle = IdleMeasurement(self.measurement)
        self.now_ns = 100 * SECOND_NS

    def begin(self, *, sleep_is_told: bool = True) -> None:
        self.idle.begin(2.0, self.now_ns, sleep_is_told=sleep_is_told)

    def run(self, seconds: float, period_s: float = 0.1) -> Answer | None:
        """Let time pass until there is an answer."""
        for _ in range(round(seconds / period_s)):
            self.now_ns += round(period_s * SECOND_NS)
            self.measurement.read(self.now_ns)
            if answer := self.idle.step(self.now_ns):
                return answer
        return None

    def draw(self, milliwatts: int) -> None:
        write(self.folder, ".", {"in_power0_input": milliwatts})


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path)


def test_it_is_the_mean_over_the_time_asked_for(board: Board) -> None:
    board.idle.asleep(True)
    board.begin()
    assert board.run(1.0) is None
    board.draw(3500)
    assert board.run(5.0) == Answer(True, "2.975 W over 2.0 s")
    assert board.measurement.idle_w == pytest.approx(2.975)
    assert not board.idle.is_measuring
    assert board.run(5.0) is None


def test_where_no_sleep_is_told_it_lasts_until_rates_would_have_come(board: Board) -> None:
    board.begin(sleep_is_told=False)
    assert board.run(2.2) is None
    board.idle.rates(RATES, board.now_ns)
    answer = board.run(1.0)
    assert answer
    assert not answer.success
    board.now_ns += 10 * SECOND_NS
    board.run(0.1)
    board.begin(sleep_is_told=False)
    assert board.run(5.0) == Answer(True, "2.500 W over 2.5 s")


def test_a_second_request_leaves_the_first_alone(board: Board) -> None:
    board.begin()
    board.run(1.5)
    board.begin()
    answer = board.run(1.0)
    assert answer
    assert answer.success


def test_without_a_meter_it_is_said_why(tmp_path: Path) -> None:
    idle = IdleMeasurement(PowerMeasurement(find_meter(AUTO, tmp_path)))
    with pytest.raises(MeterError, match="not measured: no INA3221"):
        idle.begin(2.0, 0, sleep_is_told=False)


def test_a_network_that_is_awake_is_refused(board: Board) -> None:
    board.idle.asleep(False)
    with pytest.raises(MeterError, match="runs, and idle power is that of a rest: keep its"):
        board.begin()
    board.idle.asleep(True)
    board.begin()
    assert board.idle.is_measuring


def test_a_core_that_ended_awake_is_not_waited_for(board: Board) -> None:
    board.idle.rates(RATES, board.now_ns)
    board.idle.asleep(False)
    with pytest.raises(MeterError, match="network 'net' runs"):
        board.begin(sleep_is_told=False)
    board.run(3.0)
    board.begin(sleep_is_told=False)
    assert board.idle.is_measuring


def test_rates_from_before_the_sleep_do_not_matter(board: Board) -> None:
    board.idle.rates(RATES, board.now_ns)
    board.idle.asleep(True)
    board.begin()
    answer = board.run(3.0)
    assert answer
    assert answer.success


@pytest.mark.parametrize("ticks", [True, False])
def test_a_network_that_wakes_ends_it_and_nothing_is_known(board: Board, ticks: bool) -> None:
    board.begin()
    board.run(1.0)
    if ticks:
        board.idle.rates(RATES, board.now_ns)
    else:
        board.idle.asleep(False)
    answer = board.run(0.1)
    assert answer
    assert not answer.success
    assert ("network 'net' ran 1000 ticks" if ticks else "woke up") in answer.message
    assert math.isnan(board.measurement.idle_w)
    assert not board.idle.is_measuring


def test_a_rail_that_vanishes_ends_it_at_once_and_what_was_known_stays(board: Board) -> None:
    board.measurement.idle_w = 1.0
    board.begin()
    board.run(0.5)
    (board.folder / "in_power0_input").unlink()
    assert board.run(0.1) == Answer(False, "not measured: POM_5V_IN is gone")
    assert board.measurement.idle_w == 1.0


def test_too_few_readings_are_said_to_be(board: Board) -> None:
    board.begin()
    answer = board.run(4.0, period_s=2.5)
    assert answer == Answer(False, "not measured: power was not read for more than 2 s")


def test_it_can_be_given_up(board: Board) -> None:
    board.begin()
    board.idle.cancel()
    assert board.run(5.0) is None
    assert math.isnan(board.measurement.idle_w)
