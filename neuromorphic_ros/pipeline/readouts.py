"""The readouts of a network: spikes of its populations to commands, detections and alerts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

from neuromorphic_ros.decoding.alert import AlertParameters
from neuromorphic_ros.decoding.classification import ClassDetector, Classification
from neuromorphic_ros.decoding.detection import BlobDetection, BlobDetector, Detections
from neuromorphic_ros.decoding.differential_drive import (
    NEURONS,
    DifferentialDrive,
    DifferentialDriveDecoder,
)
from neuromorphic_ros.decoding.joints import JointPositions
from neuromorphic_ros.decoding.motion_guard import GuardParameters, GuardState, guard
from neuromorphic_ros.decoding.time_to_contact import TimeToContact, check_shape
from neuromorphic_ros.decoding.velocity import STANDSTILL, Velocity, VelocityLimits, limit
from neuromorphic_ros.encoding.region import RegionOfInterest, View
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.alert_readout import AlertReadout
from neuromorphic_ros.pipeline.contact_readout import ContactReadout
from neuromorphic_ros.pipeline.joint_readout import JointReadout
from neuromorphic_ros.pipeline.tuning import Tunable
from neuromorphic_ros.snn.spec import NetworkSpec, Readout
from neuromorphic_ros.spikes import Shape, SpikeBatch

T = TypeVar("T")


class Detector(Protocol):
    """What decodes detections by parameters that can `check_shape`."""

    parameters: Any

    def reset(self) -> None:
        """Forget all spikes."""

    def decode(self, spikes: SpikeBatch, start_ns: int, stop_ns: int) -> list[Detections]:
        """Return the detections of every window that ends in (start_ns, stop_ns]."""


DETECTORS: dict[str, tuple[type, Callable[[Any], Detector]]] = {
    "blob_detection": (BlobDetection, BlobDetector),
    "classification": (Classification, ClassDetector),
}
DECODERS = ("differential_drive", "joint_positions", "alert", "time_to_contact", *DETECTORS)
ASLEEP = "the network sleeps: nothing has spiked for sleep.after_s"


class Command(NamedTuple):
    """What to publish at `stamp_ns`; velocity none: nothing. reason: why motion is stopped."""

    stamp_ns: int
    velocity: Velocity | None
    reason: str


class MotorReadout:
    """Decode, limit and guard the velocity of the base."""

    def __init__(
        self,
        population: str,
        decoder: DifferentialDriveDecoder,
        limits: VelocityLimits,
        safety: GuardParameters,
    ) -> None:
        """Start from standstill; population: name of the one to read."""
        self.population = population
        self.limits = limits
        self.safety = safety
        self._decoder = decoder
        self.reset()

    @property
    def drive(self) -> DifferentialDrive:
        """Parameters of the decoder; assign to change them at the next step."""
        return self._decoder.parameters

    @drive.setter
    def drive(self, parameters: DifferentialDrive) -> None:
        self._decoder.parameters = parameters

    @property
    def dt_ns(self) -> int:
        """Tick of the network that is read [ns]."""
        return self._decoder.dt_ns

    @dt_ns.setter
    def dt_ns(self, dt_ns: int) -> None:
        self._decoder.dt_ns = dt_ns

    @property
    def tunables(self) -> dict[str, Tunable]:
        """Everything that can be changed while it runs, by parameter set."""
        return {name: Tunable(self, name) for name in ("drive", "limits", "safety")}

    def reset(self) -> None:
        """Forget all spikes and start from standstill."""
        self._decoder.reset()
        self._velocity = STANDSTILL
        self._guard = GuardState()
        self._decided_ns = 0

    def decide(
        self, spikes: SpikeBatch, start_ns: int, stop_ns: int, input_stamp_ns: int | None
    ) -> Command:
        """Return the command at `stop_ns`, given all spikes of [start_ns, stop_ns).

        A span before the previous one is taken as a new start.
        """
        if start_ns < self._decided_ns:
            self.reset()
        self._decided_ns = stop_ns
        wanted = self._decoder.decode(spikes, start_ns, stop_ns)
        if wanted.is_finite:
            wanted = limit(self.limits, self._velocity, wanted, (stop_ns - start_ns) / 1e9)
        self._guard, decision = guard(self.safety, self._guard, stop_ns, wanted, input_stamp_ns)
        if decision.reason:
            self.halt()
        else:
            self._velocity = wanted
        return Command(stop_ns, decision.velocity, decision.reason)

    def rest(self, command: Command) -> Command:
        """Return the last command before a sleep: standstill instead of a rate that fades."""
        self.halt()
        velocity = STANDSTILL if command.velocity else None
        return command._replace(velocity=velocity, reason=command.reason or ASLEEP)

    def halt(self) -> None:
        """Forget the spikes and start again from standstill, as after a stop."""
        self._decoder.reset()
        self._velocity = STANDSTILL


class DetectionReadout:
    """Decode detections from a population that is retinotopic, or has a row for each class."""

    def __init__(self, population: str, shape: Shape, detector: Detector) -> None:
        """Start with an empty window; population, shape: name and extents of the one to read.

        Raises NetworkError if the parameters do not fit the shape.
        """
        detector.parameters.check_shape(shape)
        self.population = population
        self._shape = shape
        self._detector = detector
        self._decided_ns = 0

    @property
    def parameters(self) -> Any:
        """Parameters of the detector; assign to change them at the next step.

        Raises NetworkError if the parameters do not fit the shape.
        """
        return self._detector.parameters

    @parameters.setter
    def parameters(self, parameters: Any) -> None:
        parameters.check_shape(self._shape)
        self._detector.parameters = parameters

    @property
    def tunables(self) -> dict[str, Tunable]:
        """Everything that can be changed while it runs, by parameter set."""
        return {"detection": Tunable(self, "parameters")}

    def reset(self) -> None:
        """Forget all spikes."""
        self._detector.reset()

    def decide(self, spikes: SpikeBatch, start_ns: int, stop_ns: int) -> list[Detections]:
        """Return the detections of every window that ends in (start_ns, stop_ns].

        A span before the previous one is taken as a new start.
        """
        if start_ns < self._decided_ns:
            self.reset()
        self._decided_ns = stop_ns
        return self._detector.decode(spikes, start_ns, stop_ns)


def motor_readout(spec: NetworkSpec) -> MotorReadout | None:
    """Build the motor readout of a network; none: it drives nothing.

    Raises NetworkError if there are several, or its parameters or population are wrong.
    """
    readout = _readout_of(spec, "differential_drive")
    if readout is None:
        return None
    if spec.shapes[readout.population] not in [(size,) for size in NEURONS]:
        raise _misfit(spec, readout, "3 neurons: forward, left, right; or 4: and back")
    drive = _parameters(DifferentialDrive, readout)
    decoder = DifferentialDriveDecoder(drive, spec.dt_ns)
    return MotorReadout(readout.population, decoder, VelocityLimits(), GuardParameters())


def detection_readout(spec: NetworkSpec) -> DetectionReadout | None:
    """Build the detection readout of a network; none: it detects nothing.

    Raises NetworkError if there are several, or its parameters or population are wrong.
    """
    readout = _readout_of(spec, *DETECTORS)
    if readout is None:
        return None
    parameters, detector_of = DETECTORS[readout.decoder]
    population, detector = readout.population, detector_of(_parameters(parameters, readout))
    try:
        return DetectionReadout(population, spec.shapes[population], detector)
    except NetworkError as unfit:
        raise NetworkError(f"readout '{readout.name}' reads '{population}': {unfit}") from None


def joint_readout(spec: NetworkSpec) -> JointReadout | None:
    """Build the joint readout of a network; none: it moves no joints.

    Raises NetworkError if there are several, or its parameters or population are wrong.
    """
    readout = _readout_of(spec, "joint_positions")
    if readout is None:
        return None
    parameters, shape = _parameters(JointPositions, readout), spec.shapes[readout.population]
    joints = len(parameters.names)
    if len(shape) != 2 or shape[0] != joints or shape[1] < 2:
        raise _misfit(spec, readout, f"({joints}, fields): a row of at least 2 for each joint")
    return JointReadout(readout.population, parameters, shape[1], spec.dt_ns)


def alert_readout(spec: NetworkSpec) -> AlertReadout | None:
    """Build the alert readout of a network; none: it raises no alerts.

    Raises NetworkError if there are several, or its parameters or population are wrong.
    """
    readout = _readout_of(spec, "alert")
    if readout is None:
        return None
    parameters, population = _parameters(AlertParameters, readout), readout.population
    try:
        return AlertReadout(
            readout.name, population, parameters, spec.shapes[population], spec.dt_ns
        )
    except NetworkError as unfit:
        raise NetworkError(f"readout '{readout.name}' reads '{population}': {unfit}") from None


def contact_readout(spec: NetworkSpec) -> ContactReadout | None:
    """Build the readout of a network that tells the time to contact; none: it does not.

    Raises NetworkError if there are several, or its parameters or population are wrong.
    """
    readout = _readout_of(spec, "time_to_contact")
    if readout is None:
        return None
    parameters, population = _parameters(TimeToContact, readout), readout.population
    try:
        check_shape(spec.shapes[population])
    except NetworkError as unfit:
        raise NetworkError(f"readout '{readout.name}' reads '{population}': {unfit}") from None
    return ContactReadout(population, parameters, spec.dt_ns)


def encoder_view(spec: NetworkSpec, population: str, width: int, height: int) -> View:
    """Return what the camera input behind a population sees, by the region of the network file.

    width, height: of the pictures [px]; 0: unknown, boxes are then in pixels of the input, and of
    no size without one.
    Raises SensorError if the region is not inside the picture.
    """
    for source in spec.inputs:
        if source.sensor == "camera" and source.name in spec.sources_of(population):
            if not (width and height):
                return View.whole(width or source.shape[-1], height or source.shape[-2])
            given = {name: x for name, x in source.parameters.items() if name.startswith("roi_")}
            region = build(RegionOfInterest, given, f"input '{source.name}'", NetworkError)
            return region.view_of(width, height)
    return View.whole(width, height)


def _readout_of(spec: NetworkSpec, *decoders: str) -> Readout | None:
    for readout in spec.readouts:
        if readout.decoder not in DECODERS:
            raise NetworkError(
                f"readout '{readout.name}' wants decoder '{readout.decoder}'; "
                f"there are {', '.join(DECODERS)}"
            )
    readouts = [readout for readout in spec.readouts if readout.decoder in decoders]
    if len(readouts) > 1:
        names = ", ".join(readout.name for readout in readouts)
        kinds = " or ".join(decoders)
        raise NetworkError(f"network '{spec.name}' has several {kinds} readouts: {names}")
    return readouts[0] if readouts else None


def _misfit(spec: NetworkSpec, readout: Readout, needed: str) -> NetworkError:
    shape = spec.shapes[readout.population]
    return NetworkError(
        f"readout '{readout.name}' reads '{readout.population}' of shape {shape}; it needs {needed}"
    )


def _parameters(cls: type[T], readout: Readout) -> T:
    return build(cls, readout.parameters, f"readout '{readout.name}'", NetworkError)
