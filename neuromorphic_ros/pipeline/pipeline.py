"""Sensors to commands in one process, without ROS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from neuromorphic_ros.backends.base import Runner
from neuromorphic_ros.decoding.detection import Detections
from neuromorphic_ros.encoding.region import View
from neuromorphic_ros.pipeline.alert_readout import Alert, AlertReadout
from neuromorphic_ros.pipeline.contact_readout import Contact, ContactReadout
from neuromorphic_ros.pipeline.core import CoreParameters, SpikingCore, Step
from neuromorphic_ros.pipeline.joint_readout import JointCommand, JointReadout
from neuromorphic_ros.pipeline.quality_control import QualityControl
from neuromorphic_ros.pipeline.readouts import (
    Command,
    alert_readout,
    contact_readout,
    detection_readout,
    joint_readout,
    motor_readout,
)
from neuromorphic_ros.pipeline.sensor_input import Encoded, SensorInput
from neuromorphic_ros.pipeline.tuning import Tunable
from neuromorphic_ros.power.quality import Quality
from neuromorphic_ros.snn.spec import NetworkSpec


class Decision(NamedTuple):
    """What one step of the network led to."""

    step: Step
    command: Command | None
    detections: tuple[Detections, ...] = ()
    joints: JointCommand | None = None
    alert: Alert | None = None
    contact: Contact | None = None


class Pipeline:
    """Encode, step and decode by plain function calls."""

    def __init__(self, runner: Runner, lower: Mapping[Quality, Runner] | None = None) -> None:
        """Build encoders and readouts around a compiled network.

        lower: its variants for lower qualities; none: it runs itself at all.
        Raises NetworkError if the network asks for an encoder or decoder that does not fit.
        """
        spec = runner.spec
        self.core = SpikingCore(runner, CoreParameters())
        self.inputs = {source.name: SensorInput(source, spec.seed) for source in spec.inputs}
        self.quality = QualityControl(self.inputs.values(), self.core)
        self._runners = {Quality.HIGH: runner, **(lower or {})}
        self.motor = motor_readout(spec)
        self.detection = detection_readout(spec)
        self.joints = joint_readout(spec)
        self.alert = alert_readout(spec)
        self.contact = contact_readout(spec)
        readouts = (self.motor, self.detection, self.joints, self.alert, self.contact)
        self._readouts = [readout for readout in readouts if readout]

    @property
    def sensors(self) -> list[str]:
        """The kinds of message that the network listens to, at the quality in force."""
        return sorted({sensor for item in self._listening.values() for sensor in item.sensors})

    @property
    def _listening(self) -> dict[str, SensorInput]:
        return {source.name: self.inputs[source.name] for source in self.core.wanted.spec.inputs}

    @property
    def detection_view(self) -> View:
        """What the camera sees that detections refer to; of no size if there is none."""
        if self.detection:
            for name in sorted(self.core.sources[self.detection.population]):
                if camera := self.inputs[name].camera:
                    return camera.view
        return View.whole(0, 0)

    @property
    def tunables(self) -> dict[str, Tunable]:
        """Everything that can be changed while it runs, by parameter set."""
        sets = {name: item.tunable for name, item in self.inputs.items()}
        sets |= self.core.tunables
        sets["quality"] = Tunable(self.quality, "rates")
        for readout in self._readouts:
            sets |= readout.tunables
        return sets

    def apply(self, quality: Quality) -> NetworkSpec:
        """Put a quality into force and return the network that goes on, at its next decision."""
        before = self._listening
        self.quality.apply(quality)
        self.core.switch(self._runners.get(quality, self._runners[Quality.HIGH]))
        for name in self._listening.keys() - before.keys():
            self.inputs[name].reset()
        return self.core.wanted.spec

    def reset(self) -> None:
        """Return to rest and forget all samples."""
        self.core.reset()
        for item in self.inputs.values():
            item.reset()
        for readout in self._readouts:
            readout.reset()

    def receive(self, sensor: str, message: Any, arrival_ns: int) -> dict[str, Encoded]:
        """Take a message of a sensor, or of what modulates learning; return its spikes by input.

        Raises SensorError if the message cannot be used; it has then no effect.
        """
        if sensor in self.core.modulators:
            self.core.modulate(sensor, float(message.data), arrival_ns)
            return {}
        encoded = {
            name: sample
            for name, item in self._listening.items()
            if (sample := item.receive(sensor, message, arrival_ns)) is not None
        }
        for name, sample in encoded.items():
            self.core.push(name, sample.spikes, sample.stamp_ns, sample.complete_ns)
        return encoded

    def advance(self, clock_ns: int) -> Iterator[Decision]:
        """Run the ticks that are due at `clock_ns` and decide after each step."""
        return map(self.decide, self.core.advance(clock_ns))

    def decide(self, step: Step) -> Decision:
        """Return what follows from one step."""
        command: Command | None = None
        detections: list[Detections] = []
        if self.motor:
            population = self.motor.population
            self.motor.dt_ns = step.runner.spec.dt_ns
            command = self.motor.decide(
                step.spikes[population],
                step.start_ns,
                step.stop_ns,
                self.core.input_stamp(population, step),
            )
            if step.last:
                command = self.motor.rest(command)
        if self.detection and self.detection.population in step.spikes:
            spikes = step.spikes[self.detection.population]
            detections = self.detection.decide(spikes, step.start_ns, step.stop_ns)
        return Decision(
            step,
            command,
            tuple(detections),
            self._move(step),
            self._alert(step),
            self._approach(step),
        )

    def _move(self, step: Step) -> JointCommand | None:
        if not self.joints or not _runs(self.joints, step):
            return None
        stamp_ns = self.core.input_stamp(self.joints.population, step)
        spikes = step.spikes[self.joints.population]
        return self.joints.decide(spikes, step.start_ns, step.stop_ns, stamp_ns)

    def _alert(self, step: Step) -> Alert | None:
        if not self.alert or not _runs(self.alert, step):
            return None
        spikes = step.spikes[self.alert.population]
        return self.alert.decide(spikes, step.start_ns, step.stop_ns)

    def _approach(self, step: Step) -> Contact | None:
        if not self.contact or not _runs(self.contact, step):
            return None
        spikes = step.spikes[self.contact.population]
        return self.contact.decide(spikes, step.start_ns, step.stop_ns)


def _runs(readout: AlertReadout | ContactReadout | JointReadout, step: Step) -> bool:
    """Give a readout the tick of a step; return false if a variant has left its population out."""
    readout.dt_ns = step.runner.spec.dt_ns
    return readout.population in step.spikes
