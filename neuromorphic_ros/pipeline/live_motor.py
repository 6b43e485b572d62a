"""Commands from spikes that another process sends, without ROS."""

from __future__ import annotations

from neuromorphic_ros.pipeline.live import Now
from neuromorphic_ros.pipeline.messages import ReceivedSpikes
from neuromorphic_ros.pipeline.readouts import Command, MotorReadout
from neuromorphic_ros.pipeline.watchdog import Watchdog


class LiveMotor:
    """Decode spikes as they come and stop motion when they end."""

    def __init__(self, motor: MotorReadout) -> None:
        """Wait for the first spikes."""
        self.motor = motor
        self.restart()

    def restart(self) -> None:
        """Start from standstill and wait for the first spikes."""
        self.motor.reset()
        self._watchdog = Watchdog([self.motor.population])

    def failed(self, reason: str) -> None:
        """Stop motion until spikes can be used again."""
        self._watchdog.failed(reason)

    def receive(self, received: ReceivedSpikes, now: Now) -> Command:
        """Return the command that follows from the spikes of one span."""
        command = self.motor.decide(
            received.spikes, received.start_ns, received.complete_ns, received.input_stamp_ns
        )
        self._watchdog.heard(self.motor.population, now.steady_ns)
        self._watchdog.decided(received.input_stamp_ns)
        return self.check(now) or command

    def check(self, now: Now) -> Command | None:
        """Return the command to send although no spikes came; none: nothing is wrong."""
        stop = self._watchdog.check(self.motor.safety, now.steady_ns, now.clock_ns, 0)
        if stop:
            self.motor.halt()
        return stop
