"""The sleep of a network, as the node that runs it lives and tells it."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.timer import Timer
from std_msgs.msg import Bool

from neuromorphic_ros.nodes.managed_node import ManagedNode

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Rest:
    """Hold a timer while there is nothing to do, and tell on `asleep` whether the network sleeps.

    Sensor messages wake the node: nothing polls.
    """

    def __init__(self, node: ManagedNode) -> None:
        """Advertise the topic, for the lifetime of the node."""
        self._publisher = node.create_publisher(Bool, "asleep", LATCHED)
        self._told: bool | None = None

    def update(self, timer: Timer, *, rests: bool, asleep: bool) -> None:
        """Let the timer rest or run, and tell a change.

        rests: nothing is to be done until the next message, not even a zero to be sent.
        """
        if rests and not timer.is_canceled():
            timer.cancel()
        elif timer.is_canceled() and not rests:
            timer.reset()
        self.tell(asleep)

    def tell(self, asleep: bool) -> None:
        """Tell whether the network sleeps, if that is new."""
        if asleep != self._told:
            self._publisher.publish(Bool(data=asleep))
            self._told = asleep
