"""What a pipeline publishes: the same topics live and in replay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from neuromorphic_ros.decoding.detection import Detections
from neuromorphic_ros.encoding.region import View
from neuromorphic_ros.pipeline.alert_readout import Alert
from neuromorphic_ros.pipeline.contact_readout import Contact
from neuromorphic_ros.pipeline.core import SpikingCore, Step
from neuromorphic_ros.pipeline.joint_readout import JointCommand
from neuromorphic_ros.pipeline.messages import (
    Fields,
    StepTimes,
    alert,
    detection_array,
    joint_trajectory,
    population_rates,
    sample_arrays,
    spike_arrays,
    twist,
    twist_stamped,
)
from neuromorphic_ros.pipeline.readouts import Command
from neuromorphic_ros.pipeline.sensor_input import Encoded

SPIKES = "neuromorphic_ros/msg/SpikeArray"
RATES = "neuromorphic_ros/msg/PopulationRates"
ENERGY = "neuromorphic_ros/msg/EnergyReport"
DETECTIONS = "neuromorphic_ros/msg/DetectionArray"
ALERT = "neuromorphic_ros/msg/Alert"
TIME_TO_CONTACT = "std_msgs/msg/Float32"
TWIST_STAMPED = "geometry_msgs/msg/TwistStamped"
TWIST = "geometry_msgs/msg/Twist"
JOINT_TRAJECTORY = "trajectory_msgs/msg/JointTrajectory"
IMAGE = "sensor_msgs/msg/Image"

REPORT_PERIOD_NS = 1_000_000_000


class OutputMessage(NamedTuple):
    """One message: relative topic, ROS type, time in the network's clock [ns], fields."""

    topic: str
    type: str
    stamp_ns: int
    fields: Fields


def spike_topic(name: str) -> str:
    """Return the topic of the spikes of an input or population."""
    return f"spikes/{name}"


class Numbering:
    """Number the SpikeArrays of each population, so that a gap shows loss."""

    def __init__(self) -> None:
        """Start at zero."""
        self._next: dict[str, int] = {}

    def messages(self, arrays: Iterable[Fields], stamp_ns: int) -> Iterator[OutputMessage]:
        """Yield the messages of SpikeArray fields."""
        for fields in arrays:
            topic = spike_topic(fields["population"])
            fields["sequence"] = self._next.get(topic, 0)
            self._next[topic] = (fields["sequence"] + 1) % 2**32
            yield OutputMessage(topic, SPIKES, stamp_ns, fields)


class CoreOutputs:
    """Turn the steps of a core into messages.

    wanted: tells whether anybody listens to a topic; spikes of others are not even built.
    """

    def __init__(self, core: SpikingCore, wanted: Callable[[str], bool]) -> None:
        """Start with nothing reported."""
        self._core = core
        self._wanted = wanted
        self._numbering = Numbering()
        self._frame_ids: dict[str, str] = {}
        self._runner = core.runner
        self._reported = {id(core.runner): core.runner.counts()}
        self._reported_ns: int | None = None
        self._stepped_ns = 0

    def sensed(self, name: str, frame_id: str) -> None:
        """Remember the frame of an input."""
        self._frame_ids[name] = frame_id

    def encoded(self, name: str, sample: Encoded) -> Iterator[OutputMessage]:
        """Yield the spikes of one sample of an input."""
        self.sensed(name, sample.frame_id)
        if self._wanted(spike_topic(name)):
            yield from self._numbering.messages(sample_arrays(name, sample), sample.stamp_ns)

    def stepped(self, step: Step) -> Iterator[OutputMessage]:
        """Yield the spikes of one step, after the rates of another variant that ran before it."""
        if step.runner is not self._runner:
            yield from self.report(step.start_ns, StepTimes())
            self._runner, self._reported_ns = step.runner, step.start_ns
        if self._reported_ns is None or step.start_ns < self._reported_ns:
            self._reported_ns = step.start_ns
        self._stepped_ns = step.stop_ns
        for name, spikes in step.spikes.items():
            if self._wanted(spike_topic(name)):
                stamp_ns = self._core.input_stamp(name, step)
                frame_id = self.frame_of(name)
                arrays = spike_arrays(name, frame_id, spikes, step.start_ns, step.stop_ns, stamp_ns)
                yield from self._numbering.messages(arrays, step.stop_ns)

    def frame_of(self, population: str) -> str:
        """Return the frame of the sensors behind a population; empty if they have several."""
        frames = {self._frame_ids.get(name, "") for name in self._core.sources[population]}
        return frames.pop() if len(frames) == 1 else ""

    @property
    def report_is_due(self) -> bool:
        """Tell whether a second of network time has passed since the last report."""
        return self._unreported_ns >= REPORT_PERIOD_NS

    @property
    def _unreported_ns(self) -> int:
        """Network time since the last report, time asleep included."""
        return 0 if self._reported_ns is None else self._stepped_ns - self._reported_ns

    def report(self, stamp_ns: int, times: StepTimes) -> Iterator[OutputMessage]:
        """Yield the rates since the last report; nothing if no tick was run."""
        total = self._runner.counts()
        reported = self._reported.get(id(self._runner))
        window = total.since(reported) if reported else total
        if window.ticks:
            fields = population_rates(
                self._runner.spec,
                window,
                self._unreported_ns / 1e9,
                stamp_ns,
                self._core.late_spikes,
                times,
            )
            self._reported[id(self._runner)], self._reported_ns = total, self._stepped_ns
            yield OutputMessage("rates", RATES, stamp_ns, fields)


def command_messages(
    command: Command, stamp_ns: int, base_frame: str, *, stamped: bool
) -> Iterator[OutputMessage]:
    """Yield the message of a command; nothing if the command is silence."""
    if command.velocity is None:
        return
    if stamped:
        fields = twist_stamped(command.velocity, stamp_ns, base_frame)
        yield OutputMessage("cmd_vel", TWIST_STAMPED, command.stamp_ns, fields)
    else:
        yield OutputMessage("cmd_vel", TWIST, command.stamp_ns, twist(command.velocity))


def joint_messages(command: JointCommand | None) -> Iterator[OutputMessage]:
    """Yield the message of a command to joints; nothing if there is none."""
    if command:
        fields = joint_trajectory(command)
        yield OutputMessage("joint_trajectory", JOINT_TRAJECTORY, command.stamp_ns, fields)


def detection_messages(
    found: Iterable[Detections], frame_id: str, view: View
) -> Iterator[OutputMessage]:
    """Yield one message per window, also without detections."""
    for detections in found:
        fields = detection_array(detections, frame_id, view)
        yield OutputMessage("detections", DETECTIONS, detections.stamp_ns, fields)


def alert_messages(found: Alert | None, frame_id: str) -> Iterator[OutputMessage]:
    """Yield the message of an alert; nothing if there is none."""
    if found:
        yield OutputMessage("alert", ALERT, found.stamp_ns, alert(found, frame_id))


def contact_messages(found: Contact | None) -> Iterator[OutputMessage]:
    """Yield the message of a time to contact [s]; nothing if there is none."""
    if found:
        fields = {"data": found.time_s}
        yield OutputMessage("time_to_contact", TIME_TO_CONTACT, found.stamp_ns, fields)
