"""Encoders, core and decoders in one process, with plain function calls between them."""

from __future__ import annotations

from typing import Any

from neuromorphic_ros.nodes.backend_parameters import compiler_of, declare_backend
from neuromorphic_ros.nodes.convert_ann import ConvertAnnService
from neuromorphic_ros.nodes.describe_hardware import DescribeHardwareService
from neuromorphic_ros.nodes.event_reports import EventReports
from neuromorphic_ros.nodes.learning import Learning
from neuromorphic_ros.nodes.load_network import LoadNetworkService
from neuromorphic_ros.nodes.managed_node import ManagedNode, run
from neuromorphic_ros.nodes.model_list import ModelList
from neuromorphic_ros.nodes.motion_publisher import MotionPublisher
from neuromorphic_ros.nodes.network_parameter import declare_network, network_of
from neuromorphic_ros.nodes.output_publishers import OutputPublishers
from neuromorphic_ros.nodes.process_graph import ProcessGraphService
from neuromorphic_ros.nodes.process_sequence import ProcessSequenceService
from neuromorphic_ros.nodes.process_spikes import ProcessSpikesService
from neuromorphic_ros.nodes.quality_subscription import QualitySubscription
from neuromorphic_ros.nodes.rest import Rest
from neuromorphic_ros.nodes.run_benchmark import RunBenchmarkService
from neuromorphic_ros.nodes.sensor_subscription import SensorSubscription, declare_transports
from neuromorphic_ros.pipeline.alert_readout import health
from neuromorphic_ros.pipeline.live import LivePipeline, Now
from neuromorphic_ros.pipeline.outputs import (
    ALERT,
    DETECTIONS,
    JOINT_TRAJECTORY,
    RATES,
    TIME_TO_CONTACT,
)
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.quality_control import compile_lower
from neuromorphic_ros.power.quality import Quality


class PipelineNode(ManagedNode):
    """Sensor topics in; cmd_vel, detections, alerts, rates and, if somebody listens, spikes out."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__("pipeline")
        declare_network(self)
        declare_transports(self)
        declare_backend(self)
        self._motion = MotionPublisher(self)
        self._outputs = OutputPublishers(self)
        self._rest = Rest(self)
        self._learning = Learning(self)
        self._processing = ProcessSpikesService(self)
        self._graph_processing = ProcessGraphService(self)
        self._sequence_processing = ProcessSequenceService(self)
        self._description = DescribeHardwareService(self)
        self._benchmark = RunBenchmarkService(self)
        LoadNetworkService(self)
        ConvertAnnService(self)
        ModelList(self)
        self._events = EventReports(self, self._outputs)
        self._live: LivePipeline | None = None
        self._sensors: dict[str, SensorSubscription] = {}

    def configure(self) -> None:
        """Compile the network and advertise its outputs."""
        spec, compile_network = network_of(self), compiler_of(self)
        pipeline = Pipeline(compile_network(spec), compile_lower(spec, compile_network))
        self._learning.configure(pipeline.core)
        self._processing.configure(pipeline.core, compile_network)
        self._description.configure(spec)
        self._benchmark.configure(spec, compile_network)
        self._graph_processing.configure()
        self._sequence_processing.configure()
        self.tuned.declare(pipeline.tunables)
        images = self._events.configure(pipeline.inputs.values())
        self._live = LivePipeline(pipeline, self._outputs.wanted, images)
        self._outputs.add_spikes(pipeline.core.runner.spec.shapes)
        self._outputs.add("rates", RATES)
        if pipeline.detection:
            self._outputs.add("detections", DETECTIONS)
        if pipeline.joints:
            self._outputs.add("joint_trajectory", JOINT_TRAJECTORY)
        if pipeline.alert:
            self._outputs.add("alert", ALERT)
        if pipeline.contact:
            self._outputs.add("time_to_contact", TIME_TO_CONTACT)

    def activate(self) -> None:
        """Begin to listen."""
        assert self._live is not None
        self._live.restart()
        self._sensors = {}
        self._listen()
        QualitySubscription(self, self._on_quality)
        self._learning.activate()
        self._timer = self.every(self._live.timer_ns / 1e9, self._on_timer)

    def brake(self, reason: str) -> None:
        """Stop the robot."""
        if self._live and self._live.pipeline.motor:
            self._live.failed(reason)
            self._motion.stop(self._live.pipeline.motor.safety.zero_hold_s)

    def deactivate(self) -> None:
        """Tell that no tick is run, and keep what was learned."""
        self._rest.tell(asleep=True)
        self._learning.deactivate()

    def cleanup(self) -> None:
        """Drop the network."""
        self._live = None
        self._learning.cleanup()
        self._processing.cleanup()
        self._description.cleanup()
        self._benchmark.cleanup()
        self._graph_processing.cleanup()
        self._sequence_processing.cleanup()
        self._outputs.close()

    def finish(self) -> None:
        """Let the last zeros go out."""
        self._motion.finish()

    def status(self) -> None:
        """Report inputs and the time of a tick."""
        for subscription in self._sensors.values():
            subscription.status()
        self._outputs.status(optional=True)
        self._events.status()
        if self._live:
            level, message, values = self._live.core.health(self.now_ns)
            self.diagnostics.set("core", level, message, **values)
        self._learning.status()

    def _on_sensor(self, sensor: str, message: Any) -> None:
        assert self._live is not None
        self._outputs.publish(self._live.receive(sensor, message, self._now()))
        self._advance()

    def _listen(self) -> None:
        """Listen to the sensors that the network in force needs, and to no other."""
        assert self._live is not None
        pipeline = self._live.pipeline
        for sensor in self._sensors.keys() - set(pipeline.sensors):
            self._sensors.pop(sensor).close()
        for sensor in set(pipeline.sensors) - self._sensors.keys():
            self._sensors[sensor] = SensorSubscription(
                self, sensor, self._on_sensor, pipeline.inputs.values()
            )

    def _on_quality(self, quality: Quality) -> str:
        assert self._live is not None
        spec = self._live.pipeline.apply(quality)
        self._timer.timer_period_ns = self._live.timer_ns
        self._listen()
        return f"{quality.name.lower()}: {spec.neurons} neurons, ticks of {spec.dt_ms:g} ms"

    def _on_timer(self) -> None:
        assert self._live is not None
        clock_ns = self.now_ns
        if self.take_waiting():
            self._live.core.settle(clock_ns)
        self._advance()

    def _advance(self) -> None:
        assert self._live is not None
        advanced = self._live.advance(self._now())
        self._outputs.publish(advanced.messages)
        for alert in advanced.alerts:
            told = health(alert)
            self.diagnostics.set("alert", told.level, told.message, **told.values)
        for command in advanced.commands:
            self._motion.publish(command)
            level = "warn" if command.reason else "ok"
            self.diagnostics.set("motion", level, command.reason or "moving is allowed")
        if advanced.failure:
            self.diagnostics.set("core", "error", advanced.failure)
        live = self._live
        asleep = live.core.core.asleep
        self._rest.update(self._timer, rests=live.rests, asleep=asleep)

    def _now(self) -> Now:
        return Now(self.now_ns, self.steady_ns)


def main() -> int:
    """Run the node."""
    return run(PipelineNode)
