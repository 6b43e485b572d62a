"""Velocity commands on cmd_vel, ended by zeros whatever happens."""

from __future__ import annotations

import time

from geometry_msgs.msg import Twist, TwistStamped
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions

from neuromorphic_ros.decoding.velocity import STANDSTILL
from neuromorphic_ros.nodes.conversion import to_ros
from neuromorphic_ros.nodes.managed_node import ManagedNode
from neuromorphic_ros.pipeline.outputs import command_messages
from neuromorphic_ros.pipeline.readouts import Command

ZERO_PERIOD_S = 0.05
LAST_ZEROS_NS = 1_000_000_000


class MotionPublisher:
    """Publish commands stamped with the time of publishing; zeros do not depend on the lifecycle.

    rclpy's lifecycle publishers drop what an inactive node sends, and the last zero is sent by one.
    """

    def __init__(self, node: ManagedNode) -> None:
        """Declare the parameters of the output and advertise it."""
        self._node = node
        self._stamped = node.parameter(
            "stamped", True, "Publish TwistStamped; false: Twist", read_only=True
        )
        node.parameter("base_frame", "base_link", "Frame of the commands")
        self._publisher = node.create_publisher(
            TwistStamped if self._stamped else Twist,
            "cmd_vel",
            QoSProfile(depth=10),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        self._zero_until_ns = 0
        self._stopped = False
        self._timer = node.create_timer(ZERO_PERIOD_S, self._hold, clock=node.steady_clock)
        self._timer.cancel()

    def publish(self, command: Command) -> None:
        """Publish a command; a silent one is not sent."""
        self._zero_until_ns = 0
        if command.velocity not in (None, STANDSTILL):
            self._stopped = False
        self._send(command)

    def stop(self, hold_s: float) -> None:
        """Publish zero at once and for `hold_s`, but not again before the robot has moved."""
        if self._stopped:
            return
        self._stopped = True
        self._zero_until_ns = self._node.steady_ns + round(hold_s * 1e9)
        self._send(Command(self._node.now_ns, STANDSTILL, "stopped"))
        self._timer.reset()

    def finish(self) -> None:
        """Return when the zeros of the last stop have been sent; for the end of the process.

        Zeros that are to be sent for longer end after a second: a process must not refuse to end.
        """
        until_ns = min(self._zero_until_ns, self._node.steady_ns + LAST_ZEROS_NS)
        while self._node.steady_ns < until_ns:
            time.sleep(ZERO_PERIOD_S)
            self._hold()

    def _hold(self) -> None:
        if self._node.steady_ns < self._zero_until_ns:
            self._send(Command(self._node.now_ns, STANDSTILL, "stopped"))
        else:
            self._timer.cancel()

    def _send(self, command: Command) -> None:
        frame = self._node.value("base_frame")
        now_ns = self._node.now_ns
        for message in command_messages(command, now_ns, frame, stamped=self._stamped):
            self._publisher.publish(to_ros(message.type, message.fields))
