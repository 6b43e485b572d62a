"""Spikes of the motor population to velocity commands."""

from __future__ import annotations

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.motion_publisher import MotionPublisher
from neuromorphic_ros.nodes.network_parameter import declare_network, network_of
from neuromorphic_ros.nodes.spike_subscription import SpikeSubscription
from neuromorphic_ros.pipeline.live import Now
from neuromorphic_ros.pipeline.live_motor import LiveMotor
from neuromorphic_ros.pipeline.messages import ReceivedSpikes
from neuromorphic_ros.pipeline.readouts import Command, motor_readout

TIMER_S = 0.01


class MotorDecoder(ManagedNode):
    """Decode, limit and guard the velocity of the base."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("motor_decoder")
        declare_network(self)
        self._motion = MotionPublisher(self)
        self._live: LiveMotor | None = None

    def configure(self) -> None:
        """Build the readout of the network."""
        spec = network_of(self)
        motor = motor_readout(spec)
        if motor is None:
            raise NetworkError(f"network '{spec.name}' has no differential_drive readout")
        self.tuned.declare(motor.tunables)
        self._live = LiveMotor(motor)
        self._shape = spec.shapes[motor.population]

    def activate(self) -> None:
        """Begin to listen."""
        assert self._live is not None
        self._live.restart()
        SpikeSubscription(self, self._live.motor.population, self._shape, self._on_spikes)
        self.every(TIMER_S, self._watch)

    def brake(self, reason: str) -> None:
        """Stop the robot."""
        if self._live:
            self._live.failed(reason)
            self._motion.stop(self._live.motor.safety.zero_hold_s)

    def cleanup(self) -> None:
        """Drop the readout."""
        self._live = None

    def finish(self) -> None:
        """Let the last zeros go out."""
        self._motion.finish()

    def _on_spikes(self, received: ReceivedSpikes, frame_id: str) -> None:
        assert self._live is not None
        self._publish(self._live.receive(received, self._now()))

    def _watch(self) -> None:
        assert self._live is not None
        stop = self._live.check(self._now())
        if stop:
            self._publish(stop)

    def _publish(self, command: Command) -> None:
        self._motion.publish(command)
        level = "warn" if command.reason else "ok"
        self.diagnostics.set("motion", level, command.reason or "moving is allowed")

    def _now(self) -> Now:
        return Now(self.now_ns, self.steady_ns)


def main() -> int:
    """Run the node."""
    return run(MotorDecoder)
