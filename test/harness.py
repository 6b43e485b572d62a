"""Real nodes as processes, as `ros2 run` starts them, and a node beside them that listens."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

import pytest

try:
    import rclpy
    from ament_index_python import get_package_prefix
    from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState, GetState
    from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
    from rclpy.context import Context
    from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
    from rclpy.node import Node
    from rclpy.parameter import Parameter, parameter_value_to_python
    from rclpy.publisher import Publisher
    from rclpy.qos import QoSProfile
    from rclpy.task import Future
    from rclpy.timer import Timer

    from neuromorphic_ros.cli.domain import own_domain
    from neuromorphic_ros.nodes.conversion import message_class, to_ros
except ImportError as missing:
    pytest.skip(
        f"no ROS 2 ({missing}); run `make`, or source a ROS installation", allow_module_level=True
    )

T = TypeVar("T")

PACKAGE = "neuromorphic_ros"
# Generous, because a loaded machine may take long; nothing waits for it when all is well.
PATIENCE_S = 60.0
POLL_S = 0.01
RETRY_S = 3.0

TRANSITIONS = {
    "configure": Transition.TRANSITION_CONFIGURE,
    "activate": Transition.TRANSITION_ACTIVATE,
    "deactivate": Transition.TRANSITION_DEACTIVATE,
    "cleanup": Transition.TRANSITION_CLEANUP,
    "shutdown": Transition.TRANSITION_ACTIVE_SHUTDOWN,
}


def eventually(condition: Callable[[], T], what: str, timeout_s: float = PATIENCE_S) -> T:
    """Return the first true value of a condition; raises AssertionError after `timeout_s`."""
    until = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"after {timeout_s} s still not: {what}")
        time.sleep(POLL_S)
    return value


class NodeProcess:
    """One executable of the package."""

    def __init__(
        self,
        name: str,
        domain: int,
        parameters: Mapping[str, object] | None = None,
        *,
        remap: Mapping[str, str] | None = None,
        params_file: Path | None = None,
        command: Sequence[str | Path] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it; parameters are given as `-p`, remappings as `-r`.

        command: what to run in place of the installed executable. environment: variables to set.
        """
        arguments = ["--ros-args"]
        for file in [params_file] if params_file else []:
            arguments += ["--params-file", str(file)]
        for key, value in (parameters or {}).items():
            arguments += ["-p", f"{key}:={_yaml(value)}"]
        for source, target in (remap or {}).items():
            arguments += ["-r", f"{source}:={target}"]
        installed = Path(get_package_prefix(PACKAGE), "lib", PACKAGE, name)
        local = {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
        self.name = name
        self._process = subprocess.Popen(
            [*(command or [installed]), *arguments],
            env={**os.environ, **(environment or {}), **local},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return "".join(self._lines)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Tell whether it runs."""
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        """Return the exit code once it has ended."""
        code = self._process.wait(timeout_s)
        self._reader.join()
        return code

    def close(self) -> None:
        """End it if it still runs."""
        if self.is_alive:
            self._process.kill()
        self.wait()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.append(line)


class Received(NamedTuple):
    """A message and when it arrived, in time.monotonic() [s]."""

    at_s: float
    message: Any


class Listener:
    """A node in this process that collects, publishes and asks; spun by a thread of its own."""

    def __init__(self, domain: int, name: str = "listener") -> None:
        """Join a domain."""
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = Node(f"{name}_{domain}", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._statuses: dict[str, DiagnosticStatus] = {}
        self._heard: list[str] = []
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 100)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave the domain."""
        self._context.try_shutdown()
        self._thread.join()
        self.node.destroy_node()

    def collect(self, topic: str, type_name: str, qos: QoSProfile | None = None) -> list[Received]:
        """Return a list that grows with every message of a topic."""
        received: list[Received] = []

        def keep(message: Any) -> None:
            received.append(Received(time.monotonic(), message))

        self.node.create_subscription(
            message_class(type_name), topic, keep, qos or QoSProfile(depth=1000)
        )
        return received

    @property
    def now_ns(self) -> int:
        """Time of the machine [ns]."""
        return int(self.node.get_clock().now().nanoseconds)

    @staticmethod
    def message(type_name: str, fields: Mapping[str, Any]) -> Any:
        """Build a message from its fields."""
        return to_ros(type_name, fields)

    def publisher(self, topic: str, type_name: str) -> Publisher[Any]:
        """Advertise a topic."""
        return self.node.create_publisher(message_class(type_name), topic, QoSProfile(depth=10))

    def publish(self, publisher: Publisher[Any], type_name: str, fields: Mapping[str, Any]) -> None:
        """Publish a message given by its fields."""
        publisher.publish(to_ros(type_name, fields))

    def repeat(self, publisher: Publisher[Any], make: Callable[[], Any], rate_hz: float) -> Timer:
        """Publish what `make` returns periodically until the timer is cancelled."""
        return self.node.create_timer(1 / rate_hz, lambda: publisher.publish(make()))

    def call(self, kind: Any, name: str, request: Any) -> Any:
        """Return the response of a service; raises AssertionError if there is none."""
        client = self.node.create_client(kind, name)
        try:
            eventually(client.service_is_ready, f"service {name}")
            futures: list[Future] = []
            asked_s = -math.inf

            # A server that has not discovered the client yet loses its answer, so ask again.
            def answer() -> Any:
                nonlocal asked_s
                if time.monotonic() > asked_s + RETRY_S:
                    asked_s = time.monotonic()
                    futures.append(client.call_async(request))
                return next((future.result() for future in futures if future.done()), None)

            return eventually(answer, f"answer of {name}")
        finally:
            self.node.destroy_client(client)

    def transition(self, node: str, name: str) -> bool:
        """Ask a node for a lifecycle transition and return whether it succeeded."""
        request = ChangeState.Request(transition=Transition(id=TRANSITIONS[name]))
        return bool(self.call(ChangeState, f"{node}/change_state", request).success)

    def state(self, node: str) -> str:
        """Return the lifecycle state of a node."""
        label = self.call(GetState, f"{node}/get_state", GetState.Request()).current_state.label
        return str(label)

    def set_parameters(self, node: str, **values: object) -> list[str]:
        """Set parameters, `__` for dots; return the reason of each refusal, empty if accepted."""
        parameters = [
            Parameter(name.replace("__", "."), value=value).to_parameter_msg()
            for name, value in values.items()
        ]
        request = SetParameters.Request(parameters=parameters)
        results = self.call(SetParameters, f"{node}/set_parameters", request).results
        return ["" if result.successful else result.reason or "refused" for result in results]

    def parameter(self, node: str, name: str) -> Any:
        """Return the value of a parameter."""
        request = GetParameters.Request(names=[name])
        values = self.call(GetParameters, f"{node}/get_parameters", request).values
        return parameter_value_to_python(values[0])

    def descriptors(self, node: str) -> dict[str, Any]:
        """Return the descriptors of all parameters of a node."""
        listed = self.call(ListParameters, f"{node}/list_parameters", ListParameters.Request())
        names = list(listed.result.names)
        request = DescribeParameters.Request(names=names)
        described = self.call(DescribeParameters, f"{node}/describe_parameters", request)
        return dict(zip(names, described.descriptors, strict=True))

    def status(self, name: str) -> tuple[int, str]:
        """Return level and message of the line `node: part` of the diagnostics; 0, "": none."""
        status = self._statuses.get(name)
        return (0, "") if status is None else (status.level[0], status.message)

    def status_values(self, name: str) -> dict[str, str]:
        """Return the values of a line of the diagnostics."""
        status = self._statuses.get(name)
        return {} if status is None else {item.key: item.value for item in status.values}

    def reports(self, name: str, words: str, timeout_s: float = PATIENCE_S) -> str:
        """Wait until a line of the diagnostics holds some words; return the message."""
        try:
            eventually(lambda: words in self.status(name)[1], "", timeout_s)
        except AssertionError:
            lines = {line: status.message for line, status in self._statuses.items()}
            raise AssertionError(f"'{name}' does not say '{words}'; heard: {lines}") from None
        return self.status(name)[1]

    def _on_diagnostics(self, array: DiagnosticArray) -> None:
        self._statuses.update({status.name: status for status in array.status})

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()


class Robot:
    """A ROS domain with the nodes of one test and a listener."""

    def __init__(self, domain: int) -> None:
        """Start the listener."""
        self.domain = domain
        self.listener = Listener(domain)
        self._processes: list[NodeProcess] = []

    def start(
        self,
        name: str,
        parameters: Mapping[str, object] | None = None,
        *,
        remap: Mapping[str, str] | None = None,
        params_file: Path | None = None,
        command: Sequence[str | Path] = (),
        environment: Mapping[str, str] | None = None,
        until: str = "active",
    ) -> NodeProcess:
        """Start an executable and wait for a lifecycle state of its node; empty: do not wait."""
        process = NodeProcess(
            name,
            self.domain,
            parameters,
            remap=remap,
            params_file=params_file,
            command=command,
            environment=environment,
        )
        self._processes.append(process)
        if until:
            self.reach(process, until)
        return process

    def reach(self, process: NodeProcess, state: str = "active") -> None:
        """Wait for a lifecycle state of a node."""
        name = f"/{process.name}"
        try:
            eventually(lambda: self.listener.state(name) == state, f"{name} is {state}")
        except AssertionError as late:
            raise AssertionError(f"{late}; it says:\n{process.output}") from None

    def stop(self, process: NodeProcess) -> int:
        """End a node as Ctrl-C does and return its exit code."""
        process.signal(signal.SIGINT)
        return process.wait()

    def __enter__(self) -> Robot:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            process.close()
            if kind is not None:
                print(f"--- {process.name}\n{process.output}")
        self.listener.close()


@contextlib.contextmanager
def robot_domain() -> Iterator[Robot]:
    """Give a domain of its own to a test and end everything in it afterwards."""
    with own_domain() as domain, Robot(domain) as robot:
        yield robot


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    return str(value)
