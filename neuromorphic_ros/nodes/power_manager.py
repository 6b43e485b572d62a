"""Battery, temperature and load to power mode and quality."""

from __future__ import annotations

import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecyclePublisher
from rclpy.qos import (
    DurabilityPolicy,
    QoSProfile,
    ReliabilityPolicy,
    qos_profile_sensor_data,
)
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.task import Future

from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.nodes.conversion import message_class, to_ros
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.worker import Worker
from neuromorphic_ros.pipeline.outputs import RATES
from neuromorphic_ros.pipeline.power_control import Wanted
from neuromorphic_ros.pipeline.power_situation import ASLEEP, BATTERY_STATE, TEMPERATURE
from neuromorphic_ros.pipeline.power_supervisor import AUTO, POWER_STATUS, PowerSupervisor
from neuromorphic_ros.pipeline.tuning import ParameterError
from neuromorphic_ros.power.jetson_info import read_jetson_info
from neuromorphic_ros.srv import SetPowerMode

# Whoever comes late must know what is in force.
LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
REPORT_PERIOD_NS = 1_000_000_000
# Bounds how long the end of the node waits for a program of the board.
STOP_S = 2.0


class PowerManager(ManagedNode):
    """Decide how much the robot may use, tell all others, and change the board if allowed."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("power_manager")
        self.parameter("root", "/", "Folder of the files of the computer", read_only=True)
        self.parameter(
            "allow_hardware_control",
            False,
            "Whether it may change the power mode and clocks of the board; needs root",
            read_only=True,
        )
        self.parameter(
            "hold_clocks",
            False,
            "Whether clocks are held at their maximum at the highest level (jetson_clocks)",
            read_only=True,
        )
        self.parameter("period_s", 0.5, "Time between decisions [s]", low=0.05, high=1.0)
        self.parameter(
            "program_timeout_s",
            10.0,
            "Time after which a program of the board is killed [s]",
            low=0.1,
            high=120.0,
        )
        self._supervisor: PowerSupervisor | None = None
        self._publisher: LifecyclePublisher[Any] | None = None
        self._worker: Worker | None = None
        self._outcomes: queue.SimpleQueue[tuple[Wanted, Exception | None]] = queue.SimpleQueue()
        self._deciding = False
        self._asked = ""
        self._answer: Future[str] | None = None
        # A request waits for the board, and everything else goes on meanwhile.
        group = ReentrantCallbackGroup()
        self.create_service(SetPowerMode, "set_power_mode", self._on_request, callback_group=group)

    def configure(self) -> None:
        """Read what the board offers."""
        root = Path(self.value("root"))
        if not root.is_dir():
            raise ParameterError(f"root '{root}' is no folder")
        self._supervisor = PowerSupervisor(
            root,
            allowed=self.value("allow_hardware_control"),
            hold_clocks=self.value("hold_clocks"),
            timeout_s=self.value("program_timeout_s"),
        )
        self.tuned.declare(self._supervisor.tunables)
        self._publisher = self.create_lifecycle_publisher(
            message_class(POWER_STATUS),
            "power_status",
            LATCHED,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    def activate(self) -> None:
        """Begin to listen and to decide."""
        assert self._supervisor
        situation = self._supervisor.situation
        self._hear(BATTERY_STATE, "battery_state", situation.battery, qos_profile_sensor_data)
        self._hear(TEMPERATURE, "temperature", situation.temperature, qos_profile_sensor_data)
        self._hear(RATES, "rates", situation.rates, QoSProfile(depth=10))
        self.listen(message_class(ASLEEP), "asleep", self._on_asleep, LATCHED)
        self._news: tuple[Any, ...] = ()
        self._published_ns = 0
        self._deciding = True
        self.every(self.value("period_s"), self._step)

    def deactivate(self) -> None:
        """Let the clocks follow the load again; the power mode stays."""
        assert self._supervisor
        self._deciding = False
        self._reply("the node was deactivated before the board has changed")
        if self._worker and not self._worker.stop(STOP_S):
            self.diagnostics.set("board", "warn", "a program of the board is still running")
            return
        self._supervisor.control.release()

    def cleanup(self) -> None:
        """Withdraw the topic."""
        if self._publisher:
            self.destroy_lifecycle_publisher(self._publisher)
        self._supervisor = self._publisher = None

    def status(self) -> None:
        """Tell what the computer is."""
        info = read_jetson_info(Path(self.value("root")))
        model = info.model or "unknown model"
        words = model if info.is_jetson else f"{model}, no Jetson"
        self.diagnostics.set("computer", "ok", words, **info._asdict())

    def _hear(
        self, kind: str, topic: str, keep: Callable[[Any, int], None], qos: QoSProfile
    ) -> None:
        def received(message: Any) -> None:
            try:
                keep(message, self.steady_ns)
            except NeuromorphicError as unusable:
                reason = f"message on {self.resolve_topic_name(topic)} rejected: {unusable}"
                self.diagnostics.set(f"input {topic}", "error", reason)
            else:
                self.diagnostics.set(f"input {topic}", "ok", "receiving")

        self.listen(message_class(kind), topic, received, qos)

    def _on_asleep(self, message: Any) -> None:
        assert self._supervisor
        self._supervisor.situation.asleep(message.data)
        self._step()

    def _step(self) -> None:
        assert self._supervisor
        assert self._publisher
        self._take_outcomes()
        now_ns = self.steady_ns
        decided = self._supervisor.step(now_ns)
        if self._answer and decided.held_back:
            # It got hot since the mode was asked for.
            self._supervisor.choose(AUTO)
            self._reply(decided.held_back)
        if decided.change.mode and self._worker is None:
            self._worker = Worker(self, lambda _: self._change(decided.change))
        for line, health in (("power", decided.power), ("board", decided.board)):
            self.diagnostics.set(line, health.level, health.message, **health.values)
        if decided.news != self._news or now_ns - self._published_ns >= REPORT_PERIOD_NS:
            self._news, self._published_ns = decided.news, now_ns
            fields = {"header": {"stamp": self.now_ns}} | decided.status
            self._publisher.publish(to_ros(POWER_STATUS, fields))

    def _change(self, wanted: Wanted) -> None:
        """Change the board, in a thread of its own: its programs may hang."""
        assert self._supervisor
        error: Exception | None = None
        try:
            self._supervisor.control.apply(wanted)
        except Exception as failed:
            # Whatever it is, somebody waits for the outcome.
            error = failed
        self._outcomes.put((wanted, error))

    def _take_outcomes(self) -> None:
        assert self._supervisor
        while not self._outcomes.empty():
            wanted, error = self._outcomes.get()
            self._worker = None
            self._supervisor.control.applied(wanted, error, self.steady_ns)
            if wanted.mode == self._asked:
                if error:
                    self._supervisor.choose(AUTO)
                self._reply(str(error or ""))

    async def _on_request(
        self, request: SetPowerMode.Request, response: SetPowerMode.Response
    ) -> SetPowerMode.Response:
        supervisor = self._supervisor
        if supervisor is None or not self._deciding:
            response.message = "the node is not active"
            return response
        try:
            supervisor.choose(request.mode)
        except NeuromorphicError as refused:
            response.message = str(refused)
        else:
            if request.mode != self._asked:
                self._reply(f"'{request.mode}' was asked for before the board had changed")
            response.message = await self._until_changed(request.mode)
        response.success = not response.message
        response.mode = supervisor.control.read()
        return response

    async def _until_changed(self, mode: str) -> str:
        """Wait for the board; return why it has not changed, empty if it has."""
        assert self._supervisor
        if mode in (AUTO, self._supervisor.control.read()):
            self._step()
            return ""
        if self._answer is None:
            self._asked, self._answer = mode, Future(executor=self.executor)
        answer = self._answer
        self._step()
        return str(await answer)

    def _reply(self, problem: str) -> None:
        """Let the request that waits go on; problem: why the board has not changed."""
        if self._answer and not self._answer.done():
            self._answer.set_result(problem)
        self._asked, self._answer = "", None


def main() -> int:
    """Run the node."""
    return run(PowerManager)
