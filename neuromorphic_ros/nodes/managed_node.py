"""What all nodes share: lifecycle, parameters, diagnostics, a clean end."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import rclpy
from lifecycle_msgs.msg import State
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import ParameterException
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.signals import SignalHandlerOptions
from rclpy.subscription import Subscription
from rclpy.timer import Timer

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.nodes.diagnostics import PERIOD_S, Diagnostics
from neuromorphic_ros.nodes.tuned_parameters import TunedParameters, descriptor
from neuromorphic_ros.parameters import ParameterField
from neuromorphic_ros.pipeline.tuning import ParameterError

# Bounds how long an end waits for an idle executor that nothing wakes.
SPIN_S = 1.0
TRACE_PERIOD_S = 5.0
# Bounds how long messages that never end keep a timer.
MOST_WAITING = 1000
# One file may speak to all nodes: not every node has a use for each of these, and not every
# network has such readouts.
SHARED_PARAMETERS = frozenset(
    {
        "network",
        "variant",
        "backend",
        "engine",
        "device",
        "graph",
        "liquid",
        "liquid_step_ticks",
        "conversion_folder",
        "learned_weights",
        "checkpoint_s",
        "hardware",
        "baseline",
        "image_transport",
        "scan_transport",
        "event_image_hz",
        "base_frame",
        "stamped",
        "qos_overrides",
    }
)
SHARED_SETS = frozenset(
    {
        "core",
        "sleep",
        "learning",
        "quality",
        "drive",
        "limits",
        "safety",
        "detection",
        "joints",
        "alert",
        "contact",
    }
)
EXECUTORS = ("single", "events")


class ManagedNode(LifecycleNode):
    """A lifecycle node that stays alive whatever is wrong, and says so on /diagnostics.

    Subclasses fill in `configure`, `activate`, `deactivate`, `brake` and `cleanup`. An error in one
    of them makes the transition fail, and one in a callback brakes; both become diagnostics.
    """

    def __init__(self, name: str) -> None:
        """Declare the parameters that all nodes have."""
        super().__init__(name)
        self._refused: list[str] = []
        self.diagnostics = Diagnostics(self)
        self.tuned = TunedParameters(self)
        self.steady_clock = Clock(clock_type=ClockType.STEADY_TIME)
        self.parameter("autostart", True, "Configure and activate at start")
        self.parameter("executor", "single", "Executor: single, or events where rclpy has it")
        self._activity_inputs: list[Subscription[Any]] = []
        self._activity_timers: list[Timer] = []
        self.ended = False
        self.exit_code = 0
        self.create_timer(PERIOD_S, self._report, clock=self.steady_clock)

    def parameter(
        self,
        name: str,
        default: Any,
        description: str,
        *,
        low: float | None = None,
        high: float | None = None,
        read_only: bool = False,
        dynamic: bool = False,
    ) -> Any:
        """Declare a parameter and return its value; low, high: inclusive limits.

        dynamic: whether its type may change, as that of a name which may be a number.
        A given value that is refused leaves the default and keeps the node from being configured.
        """
        field = ParameterField(name, default, low, high, description)
        described = descriptor(field, read_only=read_only, dynamic=dynamic)
        try:
            return self.declare_parameter(name, default, described).value
        except ParameterException as refused:
            self._refused.append(f"parameter '{name}': {refused}")
            return self.declare_parameter(name, default, described, ignore_override=True).value

    def value(self, name: str) -> Any:
        """Return the present value of a parameter."""
        return self.get_parameter(name).value

    @property
    def now_ns(self) -> int:
        """Time of the node's clock, which follows /clock with use_sim_time [ns]."""
        return int(self.get_clock().now().nanoseconds)

    @property
    def steady_ns(self) -> int:
        """Time that no clock setting can change [ns]."""
        return int(self.steady_clock.now().nanoseconds)

    def listen(
        self,
        message_type: type,
        topic: str,
        callback: Callable[[Any], None],
        qos: QoSProfile,
        *,
        raw: bool = False,
    ) -> Subscription[Any]:
        """Subscribe until the node is deactivated; raw: to the bytes of the messages."""
        subscription = self.create_subscription(
            message_type,
            topic,
            callback,
            qos,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            raw=raw,
        )
        self._activity_inputs.append(subscription)
        return subscription

    def unlisten(self, subscription: Subscription[Any]) -> None:
        """End a subscription before that."""
        self._activity_inputs.remove(subscription)
        self.destroy_subscription(subscription)

    def take_waiting(self) -> bool:
        """Handle the messages that the executor has not come to yet; return whether that was all.

        The executor takes one message of a topic at a time and a timer in between: after the
        process has not run for a while, the clock is ahead of what it has seen.
        """
        for subscription in [*self._activity_inputs]:
            if subscription not in self._activity_inputs:
                continue  # a message has ended it
            handle: Any = subscription.handle
            callback: Any = subscription.callback
            for _ in range(MOST_WAITING):
                with handle:
                    taken = handle.take_message(subscription.msg_type, subscription.raw)
                if taken is None:
                    break
                callback(taken[0])
            else:
                return False
        return True

    def every(self, period_s: float, callback: Callable[[], None]) -> Timer:
        """Call back periodically, in steady time, until the node is deactivated."""
        timer = self.create_timer(period_s, callback, clock=self.steady_clock)
        self._activity_timers.append(timer)
        return timer

    def restart(self) -> bool:
        """Take up the parameters anew, back to the state in which the node is; tell if it could."""
        label = self._state_machine.current_state[1]
        if label == "active":
            self.trigger_deactivate()
        if label != "unconfigured":
            self.trigger_cleanup()
        done = TransitionCallbackReturn.SUCCESS
        return self.trigger_configure() == done and (
            label != "active" or self.trigger_activate() == done
        )

    def end(self, exit_code: int = 0) -> None:
        """Let the process end, as a signal would."""
        self.ended = True
        self.exit_code = exit_code

    def configure(self) -> None:
        """Read parameters and allocate."""

    def activate(self) -> None:
        """Begin to listen and publish."""

    def deactivate(self) -> None:
        """Stop whatever moves; inputs are closed already."""

    def brake(self, reason: str) -> None:
        """Stop the robot: the node is deactivated, or a callback failed."""

    def cleanup(self) -> None:
        """Free what `configure` allocated, also if it came only half way."""

    def finish(self) -> None:
        """Do what must still be done before the process ends."""

    def status(self) -> None:
        """Update the diagnostics; called once per second while active."""

    def failed(self, error: Exception) -> None:
        """Brake because a callback failed; the node goes on with the next one."""
        self.diagnostics.set("callback", "error", f"failed: {error!r}")
        trace = "".join(traceback.format_exception(error))
        self.get_logger().error(trace, throttle_duration_sec=TRACE_PERIOD_S)
        self.brake(f"a callback failed: {error!r}")

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Transition to inactive."""
        with self._transition("configure") as outcome:
            if self._refused:
                raise ParameterError("; ".join(self._refused))
            self.configure()
        if not outcome.succeeded:
            self.cleanup()
            self.tuned.forget()
        return outcome.result(super().on_configure(state))

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Transition to active."""
        with self._transition("activate") as outcome:
            self.activate()
        if outcome.succeeded:
            self._report_unknown_parameters()
        else:
            self._close_inputs()
        return outcome.result(super().on_activate(state))

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Transition to inactive."""
        with self._transition("deactivate") as outcome:
            self._end_activity()
        return outcome.result(super().on_deactivate(state))

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Transition to unconfigured."""
        with self._transition("cleanup") as outcome:
            self.cleanup()
            self.tuned.forget()
            self.diagnostics.clear()
        return outcome.result(super().on_cleanup(state))

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Transition to finalized."""
        with self._transition("shutdown") as outcome:
            # An inactive node may have left the robot to another one, whom zeros would disturb.
            if state.state_id == State.PRIMARY_STATE_ACTIVE:
                self._end_activity()
        return outcome.result(super().on_shutdown(state))

    def _end_activity(self) -> None:
        self.brake("deactivated")
        self._close_inputs()
        self.deactivate()

    def _report_unknown_parameters(self) -> None:
        # rclpy takes no notice of values for parameters that nobody declares.
        known = sorted(self._parameters)
        elsewhere = SHARED_PARAMETERS | (SHARED_SETS - self.tuned.sets)
        unknown = [
            name
            for name in sorted(set(self._parameter_overrides) - set(known))
            if name.partition(".")[0] not in elsewhere
        ]
        if unknown:
            self.diagnostics.set(
                "parameters",
                "warn",
                f"no such parameters: {', '.join(unknown)}; there are {', '.join(known)}",
            )

    def _close_inputs(self) -> None:
        for subscription in self._activity_inputs:
            self.destroy_subscription(subscription)
        for timer in self._activity_timers:
            self.destroy_timer(timer)
        self._activity_inputs, self._activity_timers = [], []

    def _report(self) -> None:
        if self._activity_timers or self._activity_inputs:
            self.status()
        self.diagnostics.publish()

    @contextmanager
    def _transition(self, name: str) -> Iterator[_Outcome]:
        outcome = _Outcome()
        try:
            yield outcome
        except NeuromorphicError as error:
            outcome.succeeded = False
            self.diagnostics.set("lifecycle", "error", f"cannot {name}: {error}")
        except Exception as error:
            # rclpy would swallow it and leave no trace but a state.
            outcome.succeeded = False
            self.diagnostics.set("lifecycle", "error", f"cannot {name}: {error!r}")
        else:
            self.diagnostics.set("lifecycle", "ok", f"{name} done")


class _Outcome:
    def __init__(self) -> None:
        self.succeeded = True

    def result(self, otherwise: TransitionCallbackReturn) -> TransitionCallbackReturn:
        return otherwise if self.succeeded else TransitionCallbackReturn.FAILURE


def run(make_node: Callable[[], ManagedNode], arguments: Sequence[str] | None = None) -> int:
    """Run a node until SIGINT, SIGTERM or its own end, then shut it down; return the exit code.

    Signals are handled here because rclpy's own handler closes the context before a last command
    could be published.
    """
    stopping: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.append(number)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    rclpy.init(
        args=sys.argv if arguments is None else [sys.argv[0], *arguments],
        signal_handler_options=SignalHandlerOptions.NO,
    )
    node = make_node()
    executor = _executor(node)
    executor.add_node(node)
    if node.value("autostart") and (node.trigger_configure() == TransitionCallbackReturn.SUCCESS):
        node.trigger_activate()
    with _woken_by_signals(executor):
        while not stopping and not node.ended:
            try:
                executor.spin_once(timeout_sec=SPIN_S)
            except Exception as error:
                # Whatever fails, the robot must stop and the next message be heard.
                node.failed(error)
    # After a shutdown by service there is no transition left.
    with suppress(RuntimeError):
        node.trigger_shutdown()
    node.finish()
    node.destroy_node()
    rclpy.shutdown()
    # Python gives signals back to the system when it ends: one that comes then would kill.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    return node.exit_code


@contextmanager
def _woken_by_signals(executor: Executor) -> Iterator[None]:
    """Let a signal end the wait of an idle executor, in which Python does not handle signals."""
    heard, sent = socket.socketpair()
    sent.setblocking(False)

    def wake() -> None:
        while heard.recv(1):
            executor.wake()

    thread = threading.Thread(target=wake, daemon=True)
    thread.start()
    before = signal.set_wakeup_fd(sent.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        sent.close()
        thread.join()
        heard.close()


def _executor(node: ManagedNode) -> Executor:
    kind = node.value("executor")
    if kind == "events":
        try:
            from rclpy.experimental.events_executor import EventsExecutor
        except ImportError:
            node.diagnostics.set("executor", "warn", "this rclpy has no events executor")
        else:
            return EventsExecutor()
    elif kind != "single":
        reason = f"executor '{kind}' is unknown; there are {', '.join(EXECUTORS)}"
        node.diagnostics.set("executor", "warn", reason)
    return SingleThreadedExecutor()
