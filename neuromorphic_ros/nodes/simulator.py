"""A simulated robot, in real time or in step: sensors and /clock out, velocity commands in."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from geometry_msgs.msg import TwistStamped
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock

from neuromorphic_ros.bags.typestore import stamp_ns
from neuromorphic_ros.nodes.conversion import message_class, stamp_message, to_ros
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.worker import Worker
from neuromorphic_ros.simulation.plant import TICK_NS
from neuromorphic_ros.simulation.plants import PLANTS, plant_kind
from neuromorphic_ros.simulation.sensor_sample import START_NS, SensorSample

COMMAND_TIMEOUT_NS = 500_000_000
# Generous: in step nothing is late, and a command that is given up makes another drive of it.
STEP_TIMEOUT_NS = 5_000_000_000
POLL_NS = 20_000_000


class Simulator(ManagedNode):
    """Drive the simulated robot by cmd_vel; it stops when commands end, as a real base does.

    In step with what drives it, time stands after every message of the sensor that paces it but the
    first, of which no command can follow yet, until a command with its stamp has come. A pipeline
    that decides once per message, by `core.control_period_ms` and `use_sim_time`, then drives as it
    does in one process.
    """

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("simulator")
        self.parameter("robot", next(iter(PLANTS)), f"Which robot: {', '.join(PLANTS)}")
        self.parameter("seed", 0, "Seed of room, obstacles and noise", low=0, high=2**31 - 1)
        self.parameter("camera", True, "Render the camera; needs OpenGL")
        self.parameter("lockstep", False, "Let time stand until the command of a reading comes")
        self.parameter("wait_for", [""], "Topics that must be subscribed to before it begins")
        self._time: Publisher[Clock] | None = None
        self._sensors: dict[str, Publisher[Any]] = {}
        self._worker: Worker | None = None
        self._wanted = (0.0, 0.0)
        self._commanded_ns = 0
        self._command_stamp_ns = 0
        self._command_came = threading.Event()

    def configure(self) -> None:
        """Advertise the sensors."""
        kind = plant_kind(self.value("robot"))
        self._time = self.create_publisher(Clock, "/clock", QoSProfile(depth=10))
        self._sensors = {
            topic: self.create_publisher(
                message_class(type_name), _relative(topic), QoSProfile(depth=10)
            )
            for topic, type_name in kind.topics.items()
        }

    def activate(self) -> None:
        """Begin to simulate."""
        self.listen(TwistStamped, "cmd_vel", self._on_command, QoSProfile(depth=10))
        self._worker = Worker(self, self._simulate)

    def deactivate(self) -> None:
        """Stop simulating."""
        if self._worker:
            self._worker.stop()
            self._worker = None

    def cleanup(self) -> None:
        """Withdraw the sensors."""
        for publisher in (*self._sensors.values(), *filter(None, [self._time])):
            self.destroy_publisher(publisher)
        self._sensors, self._time = {}, None

    def _on_command(self, command: TwistStamped) -> None:
        self._wanted = (command.twist.linear.x, command.twist.angular.z)
        self._commanded_ns = self.steady_ns
        self._command_stamp_ns = stamp_ns(command) or 0
        self._command_came.set()

    def _simulate(self, worker: Worker) -> None:
        assert self._time is not None
        # OpenGL contexts belong to the thread that makes them.
        kind = plant_kind(self.value("robot"))
        robot = kind.make(self.value("seed"), bool(self.value("camera")))
        lockstep = bool(self.value("lockstep"))
        self._wait_for_subscribers(worker)
        begun_ns, elapsed_ns = self.steady_ns, 0
        while worker.sleep_until(0 if lockstep else begun_ns + elapsed_ns):
            fresh = lockstep or self.steady_ns - self._commanded_ns < COMMAND_TIMEOUT_NS
            robot.command(*(self._wanted if fresh else (0.0, 0.0)))
            robot.step(elapsed_ns)
            self._time.publish(Clock(clock=stamp_message(START_NS + elapsed_ns)))
            samples = robot.sense(elapsed_ns)
            self._publish(samples)
            level = "warn" if robot.in_collision else "ok"
            self.diagnostics.set("robot", level, "collision" if robot.in_collision else "driving")
            paced = any(sample.topic == kind.paced_by for sample in samples)
            if lockstep and paced and elapsed_ns > 0:
                self._await_command(worker, START_NS + elapsed_ns)
            elapsed_ns += TICK_NS
        robot.close()

    def _publish(self, samples: Iterable[SensorSample]) -> None:
        for sample in samples:
            self._sensors[sample.topic].publish(to_ros(sample.type_name, sample.fields))

    def _await_command(self, worker: Worker, sensed_ns: int) -> None:
        """Wait for the command that follows a message; without one the robot stops."""
        until_ns = self.steady_ns + STEP_TIMEOUT_NS
        while self._command_stamp_ns < sensed_ns:
            if self.steady_ns > until_ns or worker.stopping.is_set():
                self._wanted = (0.0, 0.0)
                return
            self._command_came.wait(POLL_NS * 1e-9)
            self._command_came.clear()

    def _wait_for_subscribers(self, worker: Worker) -> None:
        for topic in filter(None, self.value("wait_for")):
            while not self.count_subscribers(topic):
                if not worker.sleep_until(self.steady_ns + POLL_NS):
                    return


def _relative(topic: str) -> str:
    """Return a recorded topic as the other nodes name it before remapping."""
    return topic.removeprefix("/").removeprefix("camera/")


def main() -> int:
    """Run the node."""
    return run(Simulator)
