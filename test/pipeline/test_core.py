from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.pipeline import core as core_module
from neuromorphic_ros.pipeline.core import MAX_GAP_NS, CoreParameters, SpikingCore, Step
from neuromorphic_ros.power.sleep import SleepParameters
from neuromorphic_ros.snn.neurons.leaky import If
from neuromorphic_ros.snn.patterns import AllToAll
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.spikes import SpikeBatch

MS = 1_000_000
START_NS = 5_000 * MS
LATENESS_MS = 150.0


def spec(*, trigger: bool = True) -> NetworkSpec:
    """Two inputs of three channels, both onto two neurons that remember."""
    return NetworkSpec(
        name="two_eyes",
        dt_ms=1.0,
        inputs=(
            Input("left", (3,), "camera", "dvs", trigger=trigger),
            Input("right", (3,), "scan", "scan_rate", trigger=False),
        ),
        populations=(Population("out", (2,)),),
        projections=(
            Projection("left", "out", [[0.9, 0.3], [0.5, 0.1], [-0.4, 0.7]], AllToAll()),
            Projection("right", "out", [[0.2, 0.8], [0.6, -0.3], [0.1, 0.1]], AllToAll()),
        ),
    )


def core(*, trigger: bool = True) -> SpikingCore:
    return SpikingCore(
        StreamingNetwork(spec(trigger=trigger)),
        CoreParameters(control_period_ms=20.0, max_lateness_ms=LATENESS_MS),
    )


class Sample(NamedTuple):
    """Spikes of an input that arrive at arrival_ns; complete up to stamp_ns."""

    source: str
    stamp_ns: int
    arrival_ns: int
    spikes: SpikeBatch


def sample(source: str, stamp_ns: int, arrival_ns: int, *spikes: tuple[int, int]) -> Sample:
    """Make a sample; spikes: pairs of address and time [ns]."""
    address, time_ns = zip(*spikes, strict=True) if spikes else ((), ())
    batch = SpikeBatch((3,), np.array(address, np.uint32), np.array(time_ns, np.int64))
    return Sample(source, stamp_ns, arrival_ns, batch)


def run(samples: Sequence[Sample], clocks_ns: Sequence[int], core: SpikingCore) -> list[Step]:
    """Push samples as they arrive, advance at each arrival and each clock."""
    steps: list[Step] = []
    events: list[tuple[int, Sample | None]] = [(item.arrival_ns, item) for item in samples]
    events += [(clock_ns, None) for clock_ns in clocks_ns]
    for clock_ns, item in sorted(events, key=lambda event: event[0]):
        steps += core.advance(clock_ns)
        if item:
            core.push(item.source, item.spikes, item.stamp_ns, item.stamp_ns)
            steps += core.advance(clock_ns)
    return steps


@st.composite
def streams(draw: st.DrawFn) -> list[Sample]:
    """Draw samples of both inputs with spikes before their stamps; arrival is not drawn yet."""
    samples = []
    for source in ("left", "right"):
        stamp_ns = START_NS + draw(st.integers(0, 30)) * MS
        for _ in range(draw(st.integers(1, 12))):
            before_ns, stamp_ns = stamp_ns, stamp_ns + draw(st.integers(1, 60 * MS))
            times = st.integers(before_ns, stamp_ns - 1)
            spikes = draw(st.lists(st.tuples(st.integers(0, 2), times), max_size=6))
            spikes.sort(key=lambda spike: spike[1])
            samples.append(sample(source, stamp_ns, stamp_ns, *spikes))
    return samples


@st.composite
def arrivals(draw: st.DrawFn, samples: list[Sample]) -> list[Sample]:
    """Draw when samples arrive: in the order of their input, less than the lateness behind.

    Behind the first of their spikes, that is: this is what a tick waits for.
    """
    delayed: list[Sample] = []
    latest = {"left": 0, "right": 0}
    for item in samples:
        first_ns = int(item.spikes.time_ns[0]) if len(item.spikes) else item.stamp_ns
        deadline_ns = first_ns + round(LATENESS_MS * MS) - 1
        arrival_ns = max(
            latest[item.source], draw(st.integers(item.stamp_ns, max(item.stamp_ns, deadline_ns)))
        )
        latest[item.source] = arrival_ns
        delayed.append(item._replace(arrival_ns=arrival_ns))
    return delayed


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_steps_do_not_depend_on_when_samples_arrive_nor_on_when_the_core_is_asked(
    data: st.DataObject,
) -> None:
    samples = data.draw(streams())
    end_ns = max(item.stamp_ns for item in samples) + 1_000 * MS
    expected_core, other_core = core(), core()
    expected = run(samples, [end_ns], expected_core)
    clocks = data.draw(st.lists(st.integers(START_NS, end_ns), max_size=10))
    other = run(data.draw(arrivals(samples)), [*clocks, end_ns], other_core)
    assert [step[:4] for step in other] == [step[:4] for step in expected]
    assert other_core.late_spikes == expected_core.late_spikes == 0


@settings(deadline=None)
@given(streams())
def test_every_spike_is_used_once_and_every_tick_run_once(samples: list[Sample]) -> None:
    counted = core()
    end_ns = max(item.stamp_ns for item in samples) + 1_000 * MS
    steps = run(samples, [end_ns], counted)
    counts = counted.runner.counts()
    assert counts.spikes[:2].sum() == sum(len(item.spikes) for item in samples)
    assert all(before.stop_ns == after.start_ns for before, after in itertools.pairwise(steps))
    assert counts.ticks * MS == steps[-1].stop_ns - steps[0].start_ns


def test_a_tick_waits_for_the_sensor_that_is_behind() -> None:
    waiting = core()
    waiting.push("left", SpikeBatch.empty((3,)), START_NS, START_NS)
    waiting.push("right", SpikeBatch.empty((3,)), START_NS, START_NS)
    waiting.push("left", SpikeBatch.empty((3,)), START_NS + 100 * MS, START_NS + 100 * MS)
    assert not list(waiting.advance(START_NS + 100 * MS))
    waiting.push("right", SpikeBatch.empty((3,)), START_NS + 60 * MS, START_NS + 60 * MS)
    steps = list(waiting.advance(START_NS + 100 * MS))
    assert [step.stop_ns - START_NS for step in steps] == [20 * MS, 40 * MS, 60 * MS]


def test_a_tick_waits_no_longer_than_max_lateness() -> None:
    waiting = core()
    waiting.push("left", SpikeBatch.empty((3,)), START_NS, START_NS)
    assert not list(waiting.advance(START_NS + 169 * MS))
    steps = list(waiting.advance(START_NS + 170 * MS))
    assert [step.stop_ns - START_NS for step in steps] == [20 * MS]


def test_lateness_counts_from_what_has_been_heard() -> None:
    stalled = core()
    stalled.push("left", SpikeBatch.empty((3,)), START_NS, START_NS)
    assert not list(stalled.advance(START_NS + 900 * MS, heard_ns=START_NS + 100 * MS))
    assert list(stalled.advance(START_NS + 900 * MS, heard_ns=START_NS + 900 * MS))


def test_the_network_never_runs_ahead_of_the_clock() -> None:
    ahead = core()
    for source in ("left", "right"):
        ahead.push(source, SpikeBatch.empty((3,)), START_NS, START_NS + 500 * MS)
    assert not list(ahead.advance(START_NS + 19 * MS))
    assert list(ahead.advance(START_NS + 20 * MS))


def test_a_step_ends_at_the_stamp_of_a_sample_that_triggers() -> None:
    samples = [
        sample("left", START_NS, START_NS),
        sample("right", START_NS, START_NS),
        sample("left", START_NS + 7 * MS, START_NS + 7 * MS),
        sample("right", START_NS + 30 * MS, START_NS + 30 * MS),
        sample("left", START_NS + 30 * MS, START_NS + 30 * MS),
    ]
    stops = [step.stop_ns - START_NS for step in run(samples, [], core())]
    assert stops == [7 * MS, 20 * MS, 30 * MS]
    stops = [step.stop_ns - START_NS for step in run(samples, [], core(trigger=False))]
    assert stops == [20 * MS]


def test_spikes_behind_the_network_are_counted_and_dropped() -> None:
    late = core()
    late.push("left", SpikeBatch.empty((3,)), START_NS, START_NS)
    list(late.advance(START_NS + 400 * MS))
    behind = sample("right", START_NS + 10 * MS, 0, (0, START_NS), (1, START_NS + 9 * MS))
    late.push("right", behind.spikes, behind.stamp_ns, behind.stamp_ns)
    assert late.late_spikes == 2
    list(late.advance(START_NS + 900 * MS))
    assert late.runner.counts().spikes[:2].sum() == 0


def test_a_sample_far_in_the_past_is_a_new_start_once_the_clock_follows() -> None:
    looped = core(trigger=False)
    for source in ("left", "right"):
        looped.push(source, SpikeBatch.empty((3,)), START_NS, START_NS)
    list(looped.advance(START_NS + 2_000 * MS))
    again_ns = START_NS - 3_000 * MS
    spike = sample("left", again_ns, 0, (0, again_ns))
    looped.push("left", spike.spikes, again_ns, again_ns)
    # /clock has not jumped yet: running up to it would make all that follows late.
    assert not list(looped.advance(START_NS + 2_010 * MS))
    steps = list(looped.advance(again_ns + 200 * MS))
    assert steps[0].start_ns == again_ns
    assert looped.late_spikes == 0
    assert looped.runner.counts().spikes[0] == 1


def test_a_sensor_that_jumps_back_alone_does_not_stop_the_network() -> None:
    alone = core()
    alone.push("left", SpikeBatch.empty((3,)), START_NS, START_NS)
    list(alone.advance(START_NS + 200 * MS))
    alone.push("left", SpikeBatch.empty((3,)), START_NS - 3_000 * MS, START_NS - 3_000 * MS)
    assert not list(alone.advance(START_NS + 210 * MS))
    assert list(alone.advance(START_NS + 1_200 * MS))


def test_a_long_silence_is_skipped_and_not_run_through() -> None:
    silent = core()
    silent.push("left", SpikeBatch.empty((3,)), START_NS, START_NS)
    list(silent.advance(START_NS + 200 * MS))
    ticks = silent.runner.counts().ticks
    list(silent.advance(START_NS + 2 * MAX_GAP_NS))
    assert silent.runner.counts().ticks == ticks
    steps = list(silent.advance(START_NS + 2 * MAX_GAP_NS + 50 * MS))
    assert steps[-1].stop_ns > START_NS + 2 * MAX_GAP_NS - LATENESS_MS * MS


def test_a_step_knows_the_newest_sample_of_each_input_up_to_its_end() -> None:
    samples = [
        sample("left", START_NS, START_NS),
        sample("left", START_NS + 15 * MS, START_NS + 15 * MS),
        sample("left", START_NS + 25 * MS, START_NS + 25 * MS),
    ]
    steps = run(samples, [START_NS + 400 * MS], core(trigger=False))
    assert steps[0].input_stamps == {"left": START_NS + 15 * MS, "right": None}
    assert steps[1].input_stamps == {"left": START_NS + 25 * MS, "right": None}


def test_a_population_is_as_old_as_the_oldest_of_its_inputs() -> None:
    aged = core()
    step = Step(0, 1, {}, {"left": 30, "right": 10}, aged.runner)
    assert aged.input_stamp("out", step) == 10
    assert aged.input_stamp("out", step._replace(input_stamps={"left": 30, "right": None})) is None


def test_samples_that_no_clock_comes_to_are_refused_before_memory_is_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(core_module, "MAX_WAITING_SAMPLES", 5)
    waiting = core()
    for index in range(6):
        waiting.push("left", SpikeBatch.empty((3,)), START_NS + index, START_NS)
        assert not list(waiting.advance(0))
    with pytest.raises(SensorError, match="wait for the clock, which is at 0"):
        waiting.push("left", SpikeBatch.empty((3,)), START_NS + 6, START_NS)


def test_steps_are_computed_only_as_they_are_asked_for() -> None:
    lazy = core()
    lazy.push("left", SpikeBatch.empty((3,)), START_NS, START_NS)
    next(iter(lazy.advance(START_NS + 1_000 * MS)))
    assert lazy.runner.counts().ticks == 20


@st.composite
def sparse_streams(draw: st.DrawFn) -> list[Sample]:
    """Draw samples with silences in between that are longer than a sleep needs."""
    samples = []
    for source in ("left", "right"):
        stamp_ns = START_NS
        for _ in range(draw(st.integers(1, 6))):
            before_ns = stamp_ns + draw(st.sampled_from([0, 30, 300, 4_000])) * MS
            stamp_ns = before_ns + draw(st.integers(1, 60 * MS))
            times = st.integers(before_ns, stamp_ns - 1)
            spikes = draw(st.lists(st.tuples(st.integers(0, 2), times), max_size=4))
            spikes.sort(key=lambda spike: spike[1])
            samples.append(sample(source, stamp_ns, stamp_ns, *spikes))
    return samples


def sleeper() -> SpikingCore:
    made = core()
    made.sleep = SleepParameters(after_s=0.2)
    return made


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_sleep_depends_on_stamps_alone_and_drops_no_spike(data: st.DataObject) -> None:
    samples = data.draw(sparse_streams())
    end_ns = max(item.stamp_ns for item in samples) + 1_000 * MS
    expected_core, other_core = sleeper(), sleeper()
    expected = run(samples, [end_ns], expected_core)
    clocks = data.draw(st.lists(st.integers(START_NS, end_ns), max_size=10))
    other = run(data.draw(arrivals(samples)), [*clocks, end_ns], other_core)
    assert [step[:4] for step in other] == [step[:4] for step in expected]
    assert other_core.late_spikes == expected_core.late_spikes == 0
    counts = expected_core.runner.counts()
    assert counts.spikes[:2].sum() == sum(len(item.spikes) for item in samples)


def test_a_network_sleeps_when_nothing_spikes_and_wakes_with_the_next_spike() -> None:
    sleeping = sleeper()
    steps = run(
        [sample("left", START_NS + 10 * MS, 0, (0, START_NS))], [START_NS + 9_000 * MS], sleeping
    )
    assert sleeping.asleep
    assert sleeping.rests
    assert steps[-1].last
    assert steps[-1].stop_ns == START_NS + 220 * MS
    assert not any(step.last for step in steps[:-1])
    ticks = sleeping.runner.counts().ticks
    wake_ns = START_NS + 9_105 * MS
    sleeping.push(
        "left", sample("left", wake_ns, 0, (0, wake_ns - 5 * MS)).spikes, wake_ns, wake_ns
    )
    assert not sleeping.rests
    woken = list(sleeping.advance(wake_ns + 200 * MS))
    assert not sleeping.asleep
    assert woken[0].start_ns == wake_ns - 5 * MS
    assert sleeping.runner.counts().ticks - ticks == (woken[-1].stop_ns - woken[0].start_ns) / MS


def test_samples_without_spikes_do_not_wake_and_are_not_kept() -> None:
    sleeping = sleeper()
    run([sample("left", START_NS, START_NS, (0, START_NS))], [START_NS + 1_000 * MS], sleeping)
    ticks = sleeping.runner.counts().ticks
    for at_ns in range(START_NS + 1_000 * MS, START_NS + 1_000_000 * MS, 33 * MS):
        sleeping.push("left", sample("left", at_ns, 0).spikes, at_ns, at_ns)
        assert list(sleeping.advance(at_ns)) == []
    assert sleeping.runner.counts().ticks == ticks
    assert len(sleeping._decisions_ns) + sum(map(len, sleeping._stamps.values())) < 20


def test_a_spike_under_way_keeps_it_awake() -> None:
    delayed = NetworkSpec(
        name="slow",
        dt_ms=1.0,
        inputs=(Input("left", (3,), "camera", "dvs"),),
        populations=(Population("out", (2,)),),
        projections=(Projection("left", "out", 2.0, delay_ticks=600),),
    )
    waiting = SpikingCore(StreamingNetwork(delayed), CoreParameters())
    waiting.sleep = SleepParameters(after_s=0.2)
    steps = run(
        [sample("left", START_NS, START_NS, (0, START_NS))], [START_NS + 9_000 * MS], waiting
    )
    assert waiting.runner.counts().by_population()["out"] == 2
    assert steps[-1].stop_ns == START_NS + (600 + 600 + 220) * MS


def test_zero_seconds_mean_that_it_never_sleeps() -> None:
    awake = core()
    awake.sleep = SleepParameters(after_s=0.0)
    end_ns = START_NS + 9_000 * MS
    steps = run([sample("left", START_NS, START_NS, (0, START_NS))], [end_ns], awake)
    assert not awake.asleep
    assert steps[-1].stop_ns >= end_ns - 200 * MS


def counted(dt_ms: float = 1.0, *inputs: str) -> StreamingNetwork:
    """A network that fires once for every spike of its inputs, left and right if none are named."""
    names = inputs or ("left", "right")
    neuron = If(reset="subtract")
    return StreamingNetwork(
        NetworkSpec(
            name="counter",
            dt_ms=dt_ms,
            inputs=tuple(Input(name, (3,), trigger=False) for name in names),
            populations=(Population("out", (1,), neuron),),
            projections=tuple(Projection(name, "out", 1.0) for name in names),
        )
    )


def spiking(source: str, time_ns: int, address: int = 2) -> tuple[str, SpikeBatch, int, int]:
    spikes = SpikeBatch((3,), np.array([address], np.uint32), np.array([time_ns], np.int64))
    return source, spikes, time_ns, time_ns + 100 * MS


def test_a_core_that_has_not_begun_switches_at_once() -> None:
    core, other = SpikingCore(counted(), CoreParameters()), counted(4.0, "right")
    core.switch(other)
    assert core.runner is other
    core.reset()
    assert core.runner is other


@settings(deadline=None, max_examples=60)
@given(
    times=st.lists(st.integers(0, 400 * MS), min_size=1, max_size=30),
    switches=st.lists(
        st.tuples(st.integers(0, 450), st.sampled_from([1.0, 2.0, 3.0, 4.0])), max_size=5
    ),
)
def test_no_spike_is_lost_or_late_when_networks_take_turns(
    times: list[int], switches: list[tuple[int, float]]
) -> None:
    # 4 ms of charge beyond a spike per tick are worked off in the second after the last one.
    runners = {dt_ms: counted(dt_ms) for dt_ms in (1.0, 2.0, 3.0, 4.0)}
    core = SpikingCore(runners[1.0], CoreParameters())
    fired = 0
    previous_ns = 0
    waiting = [(time_ns, spiking("left", START_NS + time_ns)) for time_ns in sorted(times)]
    core.push("left", SpikeBatch.empty((3,)), START_NS, START_NS)
    core.push("right", SpikeBatch.empty((3,)), START_NS, START_NS + 3_000 * MS)
    for elapsed in range(0, 2_000, 5):
        while waiting and waiting[0][0] <= elapsed * MS:
            core.push(*waiting.pop(0)[1])
        for at, dt_ms in switches:
            if at // 5 * 5 == elapsed:
                core.switch(runners[dt_ms])
        for step in core.advance(START_NS + elapsed * MS):
            assert step.start_ns == previous_ns or not previous_ns
            assert step.start_ns % step.runner.spec.dt_ns == 0
            previous_ns = step.stop_ns
            fired += len(step.spikes["out"])
    assert core.late_spikes == 0
    assert fired == len(times)


def test_an_input_that_is_left_out_is_not_waited_for_and_its_spikes_are_dropped() -> None:
    core = SpikingCore(counted(), CoreParameters())
    core.sleep = SleepParameters(after_s=0.0)
    core.push(*spiking("left", START_NS))
    core.push(*spiking("right", START_NS))
    assert [step.stop_ns for step in core.advance(START_NS + 100 * MS)][-1] == START_NS + 100 * MS
    core.push(*spiking("right", START_NS + 150 * MS))
    core.push(*spiking("left", START_NS + 150 * MS))
    core.switch(counted(2.0, "right"))
    steps = list(core.advance(START_NS + 240 * MS))
    assert steps[-1].stop_ns == START_NS + 240 * MS
    assert [len(step.spikes["out"]) for step in steps].count(1) == 1
    core.push(*spiking("left", START_NS + 250 * MS))
    assert set(steps[-1].input_stamps) == {"right"}
    assert core.input_stamp("out", steps[-1]) == START_NS + 150 * MS


def test_a_sleeping_core_switches_when_it_wakes() -> None:
    core, other = SpikingCore(counted(), CoreParameters()), counted(4.0)
    for source in ("left", "right"):
        core.push(*spiking(source, START_NS))
    list(core.advance(START_NS + 3_000 * MS))
    assert core.asleep
    core.switch(other)
    for source in ("left", "right"):
        core.push(*spiking(source, START_NS + 3_201 * MS))
    steps = list(core.advance(START_NS + 3_300 * MS))
    assert sum(len(step.spikes["out"]) for step in steps) == 2
    assert core.runner is other
    assert core.late_spikes == 0
