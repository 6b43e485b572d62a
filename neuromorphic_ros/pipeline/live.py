"""Cores and pipelines that keep up with the clock, without ROS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from neuromorphic_ros.pipeline.alert_readout import Alert
from neuromorphic_ros.pipeline.core import SpikingCore, Step
from neuromorphic_ros.pipeline.decision_messages import decision_messages
from neuromorphic_ros.pipeline.event_images import EventImages
from neuromorphic_ros.pipeline.health import Health
from neuromorphic_ros.pipeline.messages import ReceivedSpikes
from neuromorphic_ros.pipeline.outputs import (
    CoreOutputs,
    OutputMessage,
)
from neuromorphic_ros.pipeline.pipeline import Decision, Pipeline
from neuromorphic_ros.pipeline.readouts import Command
from neuromorphic_ros.pipeline.step_clock import StepClock
from neuromorphic_ros.pipeline.watchdog import Watchdog

# Bounds how long a network that is too slow keeps the node from stopping the robot.
BUDGET_NS = 50_000_000
TIMER_NS = 10_000_000


class Now(NamedTuple):
    """The time twice [ns]: the clock that stamps follow, and one that nothing can set or stop."""

    clock_ns: int
    steady_ns: int


class Advanced(NamedTuple):
    """What to publish after an advance; failure: what broke, else empty.

    alerts: those that are among the messages.
    """

    messages: list[OutputMessage]
    commands: list[Command]
    failure: str
    alerts: tuple[Alert, ...] = ()


class LiveCore:
    """Run a core against the clock, survive its failure and measure its steps."""

    def __init__(
        self,
        core: SpikingCore,
        wanted: Callable[[str], bool],
        timer_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        """Start without inputs; wanted: tells whether anybody listens to a spike topic."""
        self.core = core
        self.outputs = CoreOutputs(core, wanted)
        self._timer_ns = timer_ns
        self.restart()

    def restart(self) -> None:
        """Return to rest and wait for the first input."""
        self.core.reset()
        self.clock = StepClock()
        self._late_before = 0
        self._heard_ns = 0
        self._healthy_ns: int | None = None

    def settle(self, clock_ns: int) -> None:
        """Note that everything that arrived before `clock_ns` has been received.

        Messages that queued up while the process did not run would otherwise be late at once.
        """
        self._heard_ns = clock_ns

    def receive(self, received: ReceivedSpikes, frame_id: str) -> None:
        """Take the spikes of an input from another process."""
        self.outputs.sensed(received.population, frame_id)
        stamp_ns = received.input_stamp_ns or received.complete_ns
        self.core.push(received.population, received.spikes, stamp_ns, received.complete_ns)

    def steps(self, clock_ns: int) -> tuple[list[Step], str]:
        """Run ticks that are due; return the steps and what failed, else an empty string.

        After 0.05 s the rest is left to the next call.
        """
        steps: list[Step] = []
        begun_ns = before_ns = self._timer_ns()
        try:
            for step in self.core.advance(clock_ns, self._heard_ns):
                now_ns = self._timer_ns()
                covered_ns = step.stop_ns - step.start_ns
                ticks = covered_ns // step.runner.spec.dt_ns
                self.clock.observe(covered_ns, ticks, now_ns - before_ns)
                steps.append(step)
                if now_ns - begun_ns > BUDGET_NS:
                    break
                before_ns = now_ns
        except Exception as error:
            # A backend may fail in any way; the node must live on and say so.
            self.core.reset()
            return [], f"the core failed: {error!r}"
        return steps, ""

    def messages(self, step: Step) -> Iterator[OutputMessage]:
        """Yield the spikes of a step and, once per second, the rates."""
        yield from self.outputs.stepped(step)
        if self.outputs.report_is_due:
            yield from self.outputs.report(step.stop_ns, self.clock.report())

    @property
    def rests(self) -> bool:
        """Tell whether nothing is to be done until the next input."""
        return self.core.rests

    def advance(self, now: Now) -> Advanced:
        """Run the ticks that are due and return their spikes."""
        steps, failure = self.steps(now.clock_ns)
        return Advanced([item for step in steps for item in self.messages(step)], [], failure)

    def health(self, clock_ns: int) -> Health:
        """Return what the diagnostics should say of the time since the last call."""
        stands, self._healthy_ns = clock_ns == self._healthy_ns, clock_ns
        late = self.core.late_spikes
        came_late, self._late_before = late > self._late_before, late
        times = self.clock.times()
        values: dict[str, object] = {
            "network": self.core.runner.spec.name,
            "tick_us_p50": f"{times.p50_us:.1f}",
            "tick_us_p99": f"{times.p99_us:.1f}",
            "late_spikes": late,
        }
        if self.core.asleep:
            return Health("ok", "asleep until the next spike", values)
        if stands:
            message = (
                f"the clock stands at {clock_ns / 1e9:.3f} s; with use_sim_time something must "
                "publish /clock"
            )
            return Health("warn", message, values)
        if came_late:
            message = (
                "spikes come later than core.max_lateness_ms and are dropped; raise it, or "
                "synchronise the clock of the sensor"
            )
            return Health("warn", message, values)
        if self.clock.misses_in_a_row:
            return Health("warn", "steps take longer than the time they stand for", values)
        return Health("ok", "running", values)


class LivePipeline:
    """Run a pipeline against the clock and stop motion when it cannot be trusted."""

    def __init__(
        self,
        pipeline: Pipeline,
        wanted: Callable[[str], bool],
        images: EventImages | None = None,
    ) -> None:
        """Start without inputs; wanted: tells whether anybody listens to a spike topic.

        images: draws the events of a camera.
        """
        self.pipeline = pipeline
        self._images = images
        self.core = LiveCore(pipeline.core, wanted)
        spec = pipeline.core.runner.spec
        self._moving = spec.sources_of(pipeline.motor.population) if pipeline.motor else frozenset()
        self.restart()

    def restart(self) -> None:
        """Return to rest and wait for the first input."""
        self.pipeline.reset()
        self.core.restart()
        self._watchdog = Watchdog(self._moving)

    @property
    def rests(self) -> bool:
        """Tell whether nothing is to be done, no zero to be sent either, until the next input."""
        return self.core.rests and (self.pipeline.motor is None or self._watchdog.is_silent)

    @property
    def timer_ns(self) -> int:
        """How often to advance without samples: some times per decision [ns]."""
        return max(TIMER_NS, round(0.25e9 / self.pipeline.core.decisions_hz))

    def failed(self, reason: str) -> None:
        """Stop motion until a sensor and then the network work again."""
        self._watchdog.failed(reason)

    def receive(self, sensor: str, message: Any, now: Now) -> list[OutputMessage]:
        """Take a sensor message and return its spikes as messages.

        Raises SensorError if the message cannot be used.
        """
        encoded = self.pipeline.receive(sensor, message, now.clock_ns)
        for name in encoded:
            self._watchdog.heard(name, now.steady_ns)
        outputs: list[OutputMessage] = []
        for name, sample in encoded.items():
            outputs += self.core.outputs.encoded(name, sample)
            if self._images:
                outputs += self._images.encoded(name, sample)
        return outputs

    def advance(self, now: Now) -> Advanced:
        """Run the ticks that are due and return what follows from them."""
        steps, failure = self.core.steps(now.clock_ns)
        if failure:
            self.pipeline.reset()
            self._watchdog.failed(failure)
        decisions = [self.pipeline.decide(step) for step in steps]
        outputs = self.core.outputs
        messages = [
            message
            for decision in decisions
            for message in (
                *self.core.messages(decision.step),
                *decision_messages(self.pipeline, decision, outputs),
            )
        ]
        alerts = tuple(decision.alert for decision in decisions if decision.alert)
        return Advanced(messages, self._commands(decisions, now), failure, alerts)

    def _commands(self, decisions: list[Decision], now: Now) -> list[Command]:
        if self.pipeline.motor is None:
            return []
        if decisions:
            step = decisions[-1].step
            stamp_ns = self.pipeline.core.input_stamp(self.pipeline.motor.population, step)
            self._watchdog.decided(stamp_ns)
        stop = self._watchdog.check(
            self.pipeline.motor.safety,
            now.steady_ns,
            now.clock_ns,
            self.core.clock.misses_in_a_row,
            asleep=self.pipeline.core.asleep,
        )
        if stop:
            self.pipeline.motor.halt()
            return [stop]
        return [decision.command for decision in decisions if decision.command]
