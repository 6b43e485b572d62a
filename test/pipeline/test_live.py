from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.decoding.motion_guard import GuardParameters
from neuromorphic_ros.decoding.velocity import STANDSTILL
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.pipeline.core import CoreParameters, SpikingCore
from neuromorphic_ros.pipeline.live import BUDGET_NS, LiveCore, LivePipeline, Now
from neuromorphic_ros.pipeline.live_motor import LiveMotor
from neuromorphic_ros.pipeline.messages import ReceivedSpikes
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.readouts import motor_readout
from neuromorphic_ros.power.quality import Quality
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.spikes import SpikeBatch

MS = 1_000_000
START_NS = 10_000 * MS
SCAN = "sensor_msgs/msg/LaserScan"


def now(ms: int) -> Now:
    """Return a time after the start, at which both clocks agree."""
    return Now(START_NS + ms * MS, ms * MS)


def scan(ms: int, distance_m: float = 1.0) -> object:
    return to_message(
        SCAN,
        {
            "header": {"stamp": START_NS + ms * MS, "frame_id": "laser"},
            "angle_min": -3.0,
            "angle_increment": 2.0,
            "range_min": 0.1,
            "range_max": 30.0,
            "ranges": np.full(4, distance_m, np.float32),
        },
    )


def drive(live: LivePipeline, start_ms: int, stop_ms: int) -> list[float]:
    """Send a scan every 100 ms, ask every 10 ms; return the forward velocities [m/s]."""
    speeds = []
    for at_ms in range(start_ms, stop_ms, 10):
        if at_ms % 100 == 0:
            live.receive("scan", scan(at_ms), now(at_ms))
        commands = live.advance(now(at_ms)).commands
        live.core.settle(now(at_ms).clock_ns)
        speeds += [item.velocity.linear_m_s for item in commands if item.velocity]
    return speeds


@pytest.fixture
def live(pipeline: Pipeline) -> LivePipeline:
    return LivePipeline(pipeline, lambda topic: True)


def test_a_lidar_that_sees_something_makes_the_robot_move(live: LivePipeline) -> None:
    assert max(drive(live, 0, 500)) == pytest.approx(0.4, rel=0.05)


def test_zeros_replace_decisions_when_the_lidar_falls_silent(live: LivePipeline) -> None:
    drive(live, 0, 500)
    silent = [live.advance(now(at_ms)) for at_ms in range(500, 2500, 10)]
    commands = list(
        itertools.chain.from_iterable(
            [(at_ms, command) for command in advanced.commands]
            for at_ms, advanced in zip(range(500, 2500, 10), silent, strict=True)
        )
    )
    moving = [at for at, item in commands if item.velocity and item.velocity != STANDSTILL]
    zeros = [at for at, item in commands if item.velocity == STANDSTILL]
    # The last scan was at 400 ms.
    assert max(moving) <= 900
    assert 900 <= min(zeros) <= 910
    assert 1880 <= max(zeros) <= 1910
    assert max(drive(live, 2500, 3000)) > 0.3


class Unreliable(StreamingNetwork):
    """A network on hardware that can break down."""

    broken = False

    def run(self, spikes: TickSpikes) -> TickSpikes:
        if self.broken:
            raise OSError("the chip does not answer")
        return super().run(spikes)


def test_a_core_that_fails_stops_the_robot_until_it_works_again(spec: NetworkSpec) -> None:
    network = Unreliable(spec)
    live = LivePipeline(Pipeline(network), lambda topic: True)
    drive(live, 0, 500)
    network.broken = True
    live.receive("scan", scan(500), now(500))
    advanced = live.advance(now(510))
    assert advanced.failure == "the core failed: OSError('the chip does not answer')"
    assert [command.velocity for command in advanced.commands] == [STANDSTILL]
    assert max(drive(live, 520, 1000)) == 0.0
    network.broken = False
    assert max(drive(live, 1000, 2000)) > 0.3


def test_a_message_that_cannot_be_used_does_not_count_as_input(live: LivePipeline) -> None:
    drive(live, 0, 500)
    for at_ms in range(500, 1000, 100):
        with pytest.raises(SensorError):
            live.receive("scan", scan(at_ms, float("nan")), now(at_ms))
    stop = live.advance(now(1000)).commands
    assert [command.velocity for command in stop] == [STANDSTILL]


def ticking(step_ns: int) -> Callable[[], int]:
    """Return a clock that moves on by a step each time it is read."""
    return itertools.count(0, step_ns).__next__


def slow_core(spec: NetworkSpec, step_ns: int) -> LiveCore:
    """Return a core of which every step takes `step_ns`."""
    core = SpikingCore(StreamingNetwork(spec), CoreParameters())
    live = LiveCore(core, lambda topic: False, ticking(step_ns))
    core.push("scan", SpikeBatch.empty((4,)), START_NS, START_NS)
    return live


def test_a_slow_network_gives_way_after_its_budget(spec: NetworkSpec) -> None:
    live = slow_core(spec, 15 * MS)
    live.core.push("scan", SpikeBatch.empty((4,)), START_NS, START_NS + 10_000 * MS)
    live.settle(START_NS + 10_000 * MS)
    steps, failure = live.steps(START_NS + 10_000 * MS)
    assert failure == ""
    assert len(steps) == BUDGET_NS // (15 * MS) + 1
    more, _ = live.steps(START_NS + 10_000 * MS)
    assert more[0].start_ns == steps[-1].stop_ns


@pytest.mark.parametrize(("step_ms", "misses"), [(19, 0), (21, 3)])
def test_steps_that_take_longer_than_they_cover_are_misses(
    spec: NetworkSpec, step_ms: int, misses: int
) -> None:
    live = slow_core(spec, step_ms * MS)
    live.core.push("scan", SpikeBatch.empty((4,)), START_NS, START_NS + 60 * MS)
    live.settle(START_NS + 60 * MS)
    steps, _ = live.steps(START_NS + 60 * MS)
    assert len(steps) == 3
    assert live.clock.misses_in_a_row == misses


def test_health_tells_of_late_spikes_once_and_of_a_clock_that_stands(spec: NetworkSpec) -> None:
    live = slow_core(spec, 0)
    live.settle(START_NS + 500 * MS)
    live.advance(now(500))
    assert live.health(START_NS + 500 * MS).level == "ok"
    spikes = SpikeBatch((4,), np.array([0], np.uint32), np.array([START_NS]))
    live.receive(ReceivedSpikes("scan", spikes, START_NS, START_NS + 1, START_NS), "laser")
    late = live.health(START_NS + 1000 * MS)
    assert late.level == "warn"
    assert "core.max_lateness_ms" in late.message
    assert late.values["late_spikes"] == 1
    assert live.health(START_NS + 2000 * MS).level == "ok"
    assert "/clock" in live.health(START_NS + 2000 * MS).message


def received(ms: int, *, stamp_ms: int | None) -> ReceivedSpikes:
    """Return 20 ms of a forward neuron that fires in every tick."""
    start_ns = START_NS + ms * MS
    time_ns = np.arange(start_ns, start_ns + 20 * MS, MS)
    spikes = SpikeBatch((3,), np.zeros(20, np.uint32), time_ns)
    stamp_ns = None if stamp_ms is None else START_NS + stamp_ms * MS
    return ReceivedSpikes("motor", spikes, start_ns, start_ns + 20 * MS, stamp_ns)


@pytest.fixture
def live_motor(spec: NetworkSpec) -> LiveMotor:
    motor = motor_readout(spec)
    assert motor
    motor.safety = GuardParameters()
    return LiveMotor(motor)


def test_spikes_from_another_process_move_the_robot_until_they_end(live_motor: LiveMotor) -> None:
    for at_ms in range(0, 500, 20):
        command = live_motor.receive(received(at_ms, stamp_ms=at_ms), now(at_ms + 20))
        assert command.reason == ""
    assert command.velocity
    assert command.velocity.linear_m_s > 0.3
    assert live_motor.check(now(980)) is None
    stop = live_motor.check(now(990))
    assert stop
    assert stop.velocity == STANDSTILL


def test_spikes_without_sensors_behind_them_move_nothing(live_motor: LiveMotor) -> None:
    command = live_motor.receive(received(0, stamp_ms=None), now(20))
    assert command.velocity == STANDSTILL
    assert command.reason == "no input yet"


def test_fresh_spikes_of_an_old_sample_stop_the_robot(live_motor: LiveMotor) -> None:
    live_motor.receive(received(0, stamp_ms=0), now(20))
    command = live_motor.receive(received(600, stamp_ms=80), now(620))
    assert command.velocity == STANDSTILL
    assert "old" in command.reason


def test_asleep_it_sends_zeros_then_rests_and_the_next_scan_moves_it_within_50_ms(
    live: LivePipeline,
) -> None:
    drive(live, 0, 500)
    commands = []
    for at_ms in range(500, 4000, 10):
        live.core.settle(now(at_ms).clock_ns)
        commands += live.advance(now(at_ms)).commands
    assert live.pipeline.core.asleep
    assert live.rests
    assert STANDSTILL in [command.velocity for command in commands]
    assert commands[-1].velocity is None
    assert "input_timeout_s" in commands[-1].reason, "a better reason than the sleep"
    live.receive("scan", scan(4000), now(4000))
    woken = []
    for at_ms in range(4000, 4050, 10):
        woken += live.advance(now(at_ms)).commands
        assert not live.rests
    assert any(command.velocity and not command.reason for command in woken)
    assert max(drive(live, 4010, 4500)) > 0.3


def test_a_core_rests_unless_spikes_wait(spec: NetworkSpec) -> None:
    live = LiveCore(SpikingCore(StreamingNetwork(spec), CoreParameters()), lambda topic: False)
    assert live.rests, "before the first sample"
    spikes = SpikeBatch((4,), np.zeros(1, np.uint32), np.full(1, START_NS))
    live.receive(ReceivedSpikes("scan", spikes, START_NS, START_NS + 100 * MS, START_NS), "laser")
    assert not live.rests
    for at_ms in range(0, 3000, 100):
        live.settle(now(at_ms).clock_ns)
        live.advance(now(at_ms))
    assert live.rests
    later = SpikeBatch((4,), np.zeros(1, np.uint32), np.full(1, START_NS + 5_000 * MS))
    complete_ns = START_NS + 5_100 * MS
    live.receive(ReceivedSpikes("scan", later, complete_ns, complete_ns, complete_ns), "laser")
    assert not live.rests


def test_a_timer_is_slower_only_where_decisions_are_rare(live: LivePipeline) -> None:
    assert live.timer_ns == 10_000_000
    live.pipeline.apply(Quality.MEDIUM)
    assert live.timer_ns == 10_000_000
    live.pipeline.apply(Quality.LOW)
    assert live.timer_ns == 25_000_000
