"""The tick: spikes that arrive asynchronously, run through a network in fixed steps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.backends.base import Runner, learner
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.pipeline.online_learning import OnlineLearning
from neuromorphic_ros.pipeline.time_jump import RESTART_NS, restarted
from neuromorphic_ros.pipeline.tuning import Tunable
from neuromorphic_ros.power.sleep import SleepParameters, is_asleep
from neuromorphic_ros.snn.streaming import REWARD
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.spikes import SpikeBatch, merge

MAX_GAP_NS = 60_000_000_000
END_NS = 2**63 - 1
MAX_WAITING_SAMPLES = 20_000
MAX_WAITING_SPIKES = 1_000_000
MAX_WAITING_MODULATIONS = 1000


@dataclass(frozen=True, config=STRICT)
class CoreParameters:
    """How arriving spikes and the network's ticks are brought together."""

    control_period_ms: Annotated[
        float, Field(ge=1, le=1000, description="Period at which readouts decide [ms]")
    ] = 20.0
    max_lateness_ms: Annotated[
        float,
        Field(
            ge=0,
            le=10_000,
            description="How long a tick waits for spikes of sensors that are behind [ms]",
        ),
    ] = 150.0


class _Modulation(NamedTuple):
    stamp_ns: int
    modulator: str
    level: float


class Step(NamedTuple):
    """The ticks between two decisions.

    start_ns, stop_ns: the span, multiples of the tick. spikes: of every population by name, stamped
    with the start of their tick.
    input_stamps: per input, stamp of its newest sample up to `stop_ns`; none: no sample yet.
    runner: the network that ran it. last: whether it sleeps from `stop_ns` on.
    """

    start_ns: int
    stop_ns: int
    spikes: dict[str, SpikeBatch]
    input_stamps: dict[str, int | None]
    runner: Runner
    last: bool = False


class SpikingCore:
    """Bin spikes by their own stamps into ticks and run every tick once, in order.

    decisions_hz: how often readouts decide at most, apart from triggers; assign to change it.
    wanted: the runner that goes on at the next decision, mostly `runner` itself.
    learning: none if no projection is plastic and no modulator acts.

    A tick is run when the clock has passed its end and every input is complete up to it, or has
    been waited for by max_lateness_ms. What a tick holds depends on stamps alone, and so do the
    decisions: at the multiples of the control period and at the stamps of triggering samples.
    Spikes for ticks that have been run are counted in `late_spikes` and dropped.

    A network in which, inputs included, nothing has spiked for sleep.after_s and its longest delay
    sleeps: no tick is run until that of the next spike, from the state in which it fell asleep.
    This too depends on stamps alone.
    """

    def __init__(self, runner: Runner, parameters: CoreParameters) -> None:
        """Wait for the first sample; runner: of the whole network."""
        self.parameters = parameters
        self.sleep = SleepParameters()
        self.decisions_hz = math.inf
        main = learner(runner)
        self.learning = OnlineLearning(main) if main else None
        spec = runner.spec
        self.sources = {each.name: spec.sources_of(each.name) for each in spec.populations}
        self._next_tick: int | None = None
        self._stamps: dict[str, list[int]] = {}
        self._complete: dict[str, int] = {}
        self._pending: dict[str, SpikeBatch] = {}
        self._quiet_from = 0
        self._run_by(runner)
        self.reset()

    def _run_by(self, runner: Runner) -> None:
        self.runner = self.wanted = runner
        spec = runner.spec
        self._dt_ns = spec.dt_ns
        self._inputs = {source.name: source for source in spec.inputs}
        self._offsets = _offsets([math.prod(source.shape) for source in spec.inputs])
        self._order = spec.execution_order()
        self._longest_delay = max(spec.longest_delays().values())

    @property
    def tunables(self) -> dict[str, Tunable]:
        """Its parameter sets."""
        sets = {"core": Tunable(self, "parameters"), "sleep": Tunable(self, "sleep")}
        if self.learning and self.learns:
            sets["learning"] = Tunable(self.learning, "parameters")
        return sets

    @property
    def learns(self) -> bool:
        """Whether it has weights that change."""
        return bool(self.learning and self.learning.drift)

    @property
    def modulators(self) -> tuple[str, ...]:
        """Which of reward, dopamine and serotonin have an effect."""
        return self.learning.modulators if self.learning else ()

    def switch(self, runner: Runner) -> None:
        """Go on with a variant of the network, from the state in which this one is.

        At once if no tick has been run, else at the next decision at which ticks of both begin. The
        spikes of inputs that the variant has not are dropped.
        """
        self.wanted = runner
        if self._next_tick is None:
            self._take_over()

    def _take_over(self) -> None:
        """Let the wanted runner go on, if one of its ticks begins with the next one."""
        runner, before_ns = self.wanted, self._dt_ns
        next_ns = (self._next_tick or 0) * before_ns
        if runner is self.runner or next_ns % runner.spec.dt_ns:
            return
        runner.adopt(self.runner)
        self._run_by(runner)
        if self.learning:
            self.learning.taken_over(runner)
        if self._next_tick is not None:
            self._next_tick = next_ns // self._dt_ns
        self._quiet_from = self._quiet_from * before_ns // self._dt_ns
        self._stamps = {name: self._stamps.get(name, []) for name in self._inputs}
        self._complete = {name: x for name, x in self._complete.items() if name in self._inputs}
        self._pending = {name: x for name, x in self._pending.items() if name in self._inputs}

    def reset(self) -> None:
        """Return to rest and wait for the first sample."""
        if self.wanted is not self.runner:
            self.wanted.adopt(self.runner)
        self._run_by(self.wanted)
        if self.learning:
            self.learning.taken_over(self.wanted)
        self.runner.reset()
        self._modulations: list[_Modulation] = []
        self.late_spikes = 0
        self._next_tick = None
        self._stamps = {name: [] for name in self._inputs}
        self._complete = {}
        self._decisions_ns: set[int] = set()
        self._pending = {}
        self._clock_ns: int | None = None
        self._stale_clock_ns: int | None = None
        self._quiet_from = self._awake_from_ns = 0
        self.asleep = False

    @property
    def rests(self) -> bool:
        """Tell whether there is nothing to run until the next sample."""
        return not self._waiting and (self.asleep or not self._complete)

    @property
    def _waiting(self) -> int:
        """Number of spikes that wait for their tick."""
        return sum(map(len, self._pending.values()))

    def _first_waiting(self, otherwise: int) -> int:
        """Return the tick of the first spike that waits, if before another one."""
        first_ns = (int(batch.time_ns[0]) for batch in self._pending.values() if len(batch))
        return min([otherwise, *(time_ns // self._dt_ns for time_ns in first_ns)])

    def push(self, source: str, spikes: SpikeBatch, stamp_ns: int, complete_ns: int) -> None:
        """Take the spikes of one sample of an input; no later sample spikes before `complete_ns`.

        Those of an input that the network has not are ignored: a variant may leave it out. A stamp
        far before the previous one of the input is taken as a new start.
        Raises SensorError if too much waits for a clock that does not come to its stamps.
        """
        if source not in self._inputs:
            return
        if restarted(self._stamps[source][-1] if self._stamps[source] else None, stamp_ns):
            clock_ns = self._clock_ns
            self.reset()
            self._stale_clock_ns = self._clock_ns = clock_ns
        self._check_waiting(source, stamp_ns)
        if self._next_tick is not None:
            in_time = spikes.between(self._next_tick * self._dt_ns, END_NS)
            self.late_spikes += len(spikes) - len(in_time)
            spikes = in_time
        before = self._pending.get(source)
        self._pending[source] = merge([before, spikes]) if before else spikes
        self._stamps[source].append(stamp_ns)
        self._complete[source] = complete_ns
        if self._inputs[source].trigger:
            self._decisions_ns.add(stamp_ns)

    def modulate(self, modulator: str, level: float, stamp_ns: int) -> None:
        """Reward by an amount, or set the level of dopamine or serotonin; -1 to 1.

        It acts from the first decision at or after `stamp_ns` on; a reward while the network sleeps
        has no effect. Raises SensorError if it never has one here, or the level is outside.
        """
        if modulator not in self.modulators:
            name = self.runner.spec.name
            raise SensorError(f"{modulator}: it has no effect on network '{name}'")
        if not -1 <= level <= 1:
            raise SensorError(f"{modulator} {level} is outside of -1..1")
        if len(self._modulations) >= MAX_WAITING_MODULATIONS:
            kinds = [each.modulator for each in self._modulations]
            del self._modulations[kinds.index(REWARD) if REWARD in kinds else 0]
        self._modulations.append(_Modulation(stamp_ns, modulator, level))

    def advance(self, clock_ns: int, heard_ns: int | None = None) -> Iterator[Step]:
        """Run the ticks that are due at `clock_ns`, one step per decision, as they are asked for.

        heard_ns: everything that arrived before it has been pushed; none: that is `clock_ns`.
        """
        stale = self._is_stale(clock_ns)
        self._clock_ns = clock_ns
        if stale or not self._complete:
            return
        heard_ns = clock_ns if heard_ns is None else min(heard_ns, clock_ns)
        if self._next_tick is None:
            first = self._first_tick()
            if self._due(clock_ns, heard_ns) <= first:
                return
            self._next_tick = first
            self._wake(first)
        while True:
            self._take_over()
            due = self._due(clock_ns, heard_ns)
            if not self.asleep and (due - self._next_tick) * self._dt_ns > MAX_GAP_NS:
                self._skip_to(due)
            if self.asleep and not self._wakes(due):
                return
            stop = self._next_decision(self._next_tick)
            if stop > due:
                return
            yield self._step(self._next_tick, stop)

    def _due(self, clock_ns: int, heard_ns: int) -> int:
        """Return the tick before which all can be run."""
        horizon_ns = heard_ns - round(self.parameters.max_lateness_ms * 1e6)
        # What a variant that is about to take over has not is sent no more.
        awaited = self._inputs.keys() & {source.name for source in self.wanted.spec.inputs}
        if awaited <= self._complete.keys():
            complete_ns = (self._complete[name] for name in awaited)
            horizon_ns = max(horizon_ns, min(clock_ns, *complete_ns))
        return horizon_ns // self._dt_ns

    def _next_decision(self, tick: int) -> int:
        """Return the next tick at which readouts decide: of the control period, or of a trigger."""
        period_ms = max(self.parameters.control_period_ms, 1e3 / self.decisions_hz)
        period = max(1, round(period_ms * 1e6 / self._dt_ns))
        triggers = (stamp_ns // self._dt_ns for stamp_ns in self._decisions_ns)
        grid = (tick // period + 1) * period
        return min([grid, *(trigger for trigger in triggers if trigger > tick)])

    def input_stamp(self, population: str, step: Step) -> int | None:
        """Return the stamp of the oldest of the newest samples that a population depends on.

        None: an input that can reach the population has had no sample yet.
        """
        stamps = [
            stamp for name, stamp in step.input_stamps.items() if name in self.sources[population]
        ]
        known = [stamp for stamp in stamps if stamp is not None]
        return min(known) if known and len(known) == len(stamps) else None

    def _first_tick(self) -> int:
        stamps = [stamps[0] // self._dt_ns for stamps in self._stamps.values() if stamps]
        # The first sample of one input may spike before that of another is taken.
        return self._first_waiting(min(stamps))

    def _check_waiting(self, source: str, stamp_ns: int) -> None:
        samples, spikes = len(self._stamps[source]), self._waiting
        if samples > MAX_WAITING_SAMPLES or spikes > MAX_WAITING_SPIKES:
            raise SensorError(
                f"{samples} samples and {spikes} spikes wait for the clock, which is at "
                f"{(self._clock_ns or 0) / 1e9:.3f} s while the sensor is at {stamp_ns / 1e9:.3f} "
                "s; synchronise them, or with use_sim_time see that /clock is published"
            )

    def _is_stale(self, clock_ns: int) -> bool:
        """Tell whether the clock still shows the time before a new start.

        A recording that begins anew sets back stamps and clock, and either may arrive first.
        """
        stale_ns = self._stale_clock_ns
        if stale_ns is None or not stale_ns <= clock_ns < stale_ns + RESTART_NS:
            self._stale_clock_ns = None
            return False
        return True

    def _skip_to(self, tick: int) -> None:
        """Restart at a tick: running through a long silence would only stall the robot."""
        self.runner.reset()
        self._next_tick = tick
        self._wake(tick)
        self._drop_before(tick)

    def _wake(self, tick: int) -> None:
        self._quiet_from = tick
        self._awake_from_ns = tick * self._dt_ns

    def _wakes(self, due: int) -> bool:
        """Tell whether a spike before the tick `due` ends the sleep; let time pass by otherwise."""
        wake = self._first_waiting(due)
        self._next_tick = max(self._next_tick or 0, wake)
        self.asleep = wake >= due
        if self.asleep:
            self._forget_decisions(self._next_tick)
            for source in self._inputs:
                self._newest(source, self._next_tick * self._dt_ns)
        else:
            self._wake(self._next_tick)
        return not self.asleep

    def _drop_before(self, tick: int) -> None:
        begin_ns = tick * self._dt_ns
        self._pending = {
            name: batch.between(begin_ns, END_NS) for name, batch in self._pending.items()
        }

    def _forget_decisions(self, until: int) -> None:
        until_ns = (until + 1) * self._dt_ns
        self._decisions_ns = {stamp_ns for stamp_ns in self._decisions_ns if stamp_ns >= until_ns}

    def _modulate(self, learning: OnlineLearning, until_ns: int) -> None:
        due = [each for each in self._modulations if each.stamp_ns <= until_ns]
        self._modulations = [each for each in self._modulations if each.stamp_ns > until_ns]
        for each in sorted(due, key=lambda modulation: modulation.stamp_ns):
            if each.modulator != REWARD or each.stamp_ns >= self._awake_from_ns:
                learning.modulate(each.modulator, each.level)

    def _step(self, start: int, stop: int) -> Step:
        if self.learning:
            self._modulate(self.learning, start * self._dt_ns)
        keys = [np.empty(0, np.int64)]
        for name, offset in zip(self._inputs, self._offsets, strict=False):
            if batch := self._pending.get(name):
                due = batch.between(start * self._dt_ns, stop * self._dt_ns)
                ticks = due.time_ns // self._dt_ns - start
                keys.append(ticks * self._offsets[-1] + due.address + offset)
        # Sorted by tick, then address: the order of arrival must not change any sum.
        tick, address = np.divmod(np.sort(np.concatenate(keys)), self._offsets[-1])
        first = np.searchsorted(tick, np.arange(stop - start + 1))
        fired = self.runner.run(TickSpikes(address.astype(np.uint32), first)).one_by_one()
        for spikes in (first, fired.first):
            if spikes[-1]:
                after_last = int(np.searchsorted(spikes, spikes[-1]))
                self._quiet_from = max(self._quiet_from, start + after_last)
        quiet_s = (stop - self._quiet_from - self._longest_delay) * self._dt_ns / 1e9
        self.asleep = is_asleep(self.sleep, quiet_s, pending=False)
        if self.learning:
            self.learning.ran(stop * self._dt_ns)
        self._drop_before(stop)
        self._next_tick = stop
        self._forget_decisions(stop)
        return Step(
            start * self._dt_ns,
            stop * self._dt_ns,
            fired.by_node(self._order, self._dt_ns, start),
            {name: self._newest(name, stop * self._dt_ns) for name in self._inputs},
            self.runner,
            self.asleep,
        )

    def _newest(self, source: str, until_ns: int) -> int | None:
        """Return the newest stamp up to a time and forget those before it."""
        stamps = self._stamps[source]
        known = [index for index, stamp in enumerate(stamps) if stamp <= until_ns]
        if not known:
            return None
        del stamps[: known[-1]]
        return stamps[0]


def _offsets(sizes: list[int]) -> list[int]:
    return [sum(sizes[:index]) for index in range(len(sizes) + 1)]
