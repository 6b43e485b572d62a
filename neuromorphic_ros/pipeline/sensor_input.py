"""One input of a network: sensor messages in, spikes out."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from neuromorphic_ros.encoding.dvs import Dvs, DvsParameters
from neuromorphic_ros.encoding.encoder import Counting, Encoder
from neuromorphic_ros.encoding.environment import (
    EnvironmentDeltaEncoder,
    EnvironmentDeltaParameters,
    EnvironmentPopulationEncoder,
    EnvironmentPopulationParameters,
    EnvironmentRateEncoder,
    EnvironmentRateParameters,
)
from neuromorphic_ros.encoding.image import Grey, resize
from neuromorphic_ros.encoding.imu import (
    ImuDeltaEncoder,
    ImuDeltaParameters,
    ImuPopulationEncoder,
    ImuPopulationParameters,
    ImuRateEncoder,
    ImuRateParameters,
)
from neuromorphic_ros.encoding.rate import Seed
from neuromorphic_ros.encoding.scan import (
    ScanDeltaEncoder,
    ScanDeltaParameters,
    ScanLatencyEncoder,
    ScanLatencyParameters,
    ScanRateEncoder,
    ScanRateParameters,
)
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.auxiliary import Auxiliary
from neuromorphic_ros.pipeline.sensing import (
    ENVIRONMENT,
    frame_of,
    grey_of,
    imu_of,
    magnetic_field_of,
    stamp_of,
    sweep_of,
)
from neuromorphic_ros.pipeline.time_jump import restarted
from neuromorphic_ros.pipeline.tuning import Tunable
from neuromorphic_ros.snn.spec import Input, NetworkSpec
from neuromorphic_ros.spikes import SpikeBatch


class Encoded(NamedTuple):
    """The spikes of one sample; no later sample spikes before complete_ns."""

    stamp_ns: int
    complete_ns: int
    frame_id: str
    spikes: SpikeBatch


Reader = Callable[[Any], Any]


class Encoding(NamedTuple):
    """How the messages of an input become spikes.

    read: turns a message into a sample. auxiliary: completes samples from another sensor.
    """

    encoder: Encoder[Any]
    read: Reader
    auxiliary: Auxiliary | None = None


class SensorInput:
    """Read and encode the messages of one sensor, completed by another one if need be."""

    def __init__(self, source: Input, seed: int) -> None:
        """Build the encoder that the network asks for; raises NetworkError if it does not fit."""
        self.source = source
        if source.sensor is None or source.encoder is None:
            raise NetworkError(
                f"input '{source.name}' has no encoder: give it sensor and encoder in the network "
                "file to drive it with messages"
            )
        fitting = ENCODERS[source.sensor]
        if source.encoder not in fitting:
            raise NetworkError(
                f"input '{source.name}' wants encoder '{source.encoder}'; for the {source.sensor} "
                f"there are {', '.join(fitting)}"
            )
        self.encoder, self._read, self._auxiliary = fitting[source.encoder](source, seed)
        if self.encoder.shape != source.shape:
            raise NetworkError(
                f"input '{source.name}' has shape {source.shape}, "
                f"its encoder {source.encoder} makes {self.encoder.shape}"
            )
        self.reset()

    @property
    def sensors(self) -> tuple[str, ...]:
        """The kinds of message that it listens to."""
        also = (self._auxiliary.sensor,) if self._auxiliary else ()
        return (str(self.source.sensor), *also)

    @property
    def image_size(self) -> tuple[int, int]:
        """Width and height of the last picture [px]; (0, 0) if this is not a camera."""
        return self._read.source_size if isinstance(self._read, CameraReader) else (0, 0)

    @property
    def counters(self) -> dict[str, float]:
        """What the encoder has to tell of its samples, by `input.name`."""
        told = self.encoder.counters if isinstance(self.encoder, Counting) else {}
        return {f"{self.source.name}.{name}": value for name, value in told.items()}

    @property
    def tunable(self) -> Tunable:
        """Parameters of the encoder."""
        return Tunable(self.encoder, "parameters")

    def reset(self) -> None:
        """Forget all samples."""
        self.encoder.reset()
        if self._auxiliary:
            self._auxiliary.reset()
        self._previous_ns: int | None = None

    def receive(self, sensor: str, message: Any, arrival_ns: int) -> Encoded | None:
        """Take a message of any sensor; none: it is not the one that is encoded.

        Raises SensorError if it listens to the sensor and the message cannot be used.
        """
        if sensor == self.source.sensor:
            return self.encode(message, arrival_ns)
        if self._auxiliary and sensor == self._auxiliary.sensor:
            self._auxiliary.receive(message, arrival_ns)
        return None

    def encode(self, message: Any, arrival_ns: int) -> Encoded:
        """Encode a message; a stamp far in the past starts anew.

        Raises SensorError if the message cannot be used.
        """
        stamp_ns = stamp_of(message, arrival_ns)
        if restarted(self._previous_ns, stamp_ns):
            # What completes samples of the new start may have come before them.
            self.encoder.reset()
            self._previous_ns = None
        sample = self._read(message)
        if self._auxiliary:
            sample = self._auxiliary.complete(sample, stamp_ns)
        spikes = self.encoder.encode(sample, stamp_ns)
        self._previous_ns = stamp_ns
        complete_ns = self.encoder.complete_ns(stamp_ns)
        return Encoded(stamp_ns, complete_ns, frame_of(message), spikes)


def sensors_of(spec: NetworkSpec) -> list[str]:
    """Return the kinds of message that a network listens to, sorted.

    Raises NetworkError if it asks for an encoder that does not fit.
    """
    inputs = [SensorInput(source, spec.seed) for source in spec.inputs if source.encoder]
    return sorted({sensor for item in inputs for sensor in item.sensors})


class CameraReader:
    """Read pictures at the size of the encoder and remember how large they came."""

    def __init__(self, height: int, width: int) -> None:
        """height, width: of the encoder [px]."""
        self._height, self._width = height, width
        self.source_size = (width, height)

    def __call__(self, message: Any) -> Grey:
        """Return the picture; raises SensorError if the message has none."""
        grey = grey_of(message)
        self.source_size = (grey.shape[1], grey.shape[0])
        return resize(grey, self._height, self._width)


def _dvs(source: Input, seed: int) -> Encoding:
    if len(source.shape) != 3 or source.shape[0] != 2:
        raise NetworkError(
            f"input '{source.name}': dvs makes (2, height, width), not {source.shape}"
        )
    _, height, width = source.shape
    encoder = Dvs(_parameters(DvsParameters, source), height, width, seed)
    return Encoding(encoder, CameraReader(height, width))


def _scan_latency(source: Input, _: int) -> Encoding:
    return Encoding(ScanLatencyEncoder(_parameters(ScanLatencyParameters, source)), sweep_of)


def _scan_rate(source: Input, seed: int) -> Encoding:
    parameters = _parameters(ScanRateParameters, source)
    return Encoding(ScanRateEncoder(parameters, _own_seed(source, seed)), sweep_of)


def _scan_delta(source: Input, _: int) -> Encoding:
    return Encoding(ScanDeltaEncoder(_parameters(ScanDeltaParameters, source)), sweep_of)


def _imu_delta(source: Input, _: int) -> Encoding:
    return _imu(ImuDeltaEncoder(_parameters(ImuDeltaParameters, source)))


def _imu_rate(source: Input, seed: int) -> Encoding:
    parameters = _parameters(ImuRateParameters, source)
    return _imu(ImuRateEncoder(parameters, _own_seed(source, seed)))


def _imu_population(source: Input, seed: int) -> Encoding:
    parameters = _parameters(ImuPopulationParameters, source)
    return _imu(ImuPopulationEncoder(parameters, _own_seed(source, seed)))


def _imu(encoder: ImuDeltaEncoder | ImuRateEncoder | ImuPopulationEncoder) -> Encoding:
    if encoder.parameters.axes == 6:
        return Encoding(encoder, imu_of)
    magnetometer = Auxiliary("magnetometer", magnetic_field_of, "magnetic_field")
    return Encoding(encoder, imu_of, magnetometer)


def _environment_rate(source: Input, seed: int) -> Encoding:
    parameters = _parameters(EnvironmentRateParameters, source)
    encoder = EnvironmentRateEncoder(parameters, _channels(source, 0), _own_seed(source, seed))
    return Encoding(encoder, ENVIRONMENT[str(source.sensor)])


def _environment_population(source: Input, seed: int) -> Encoding:
    parameters = _parameters(EnvironmentPopulationParameters, source)
    seeds = _own_seed(source, seed)
    encoder = EnvironmentPopulationEncoder(parameters, _channels(source, 0), seeds)
    return Encoding(encoder, ENVIRONMENT[str(source.sensor)])


def _environment_delta(source: Input, _: int) -> Encoding:
    parameters = _parameters(EnvironmentDeltaParameters, source)
    encoder = EnvironmentDeltaEncoder(parameters, _channels(source, 1))
    return Encoding(encoder, ENVIRONMENT[str(source.sensor)])


def _channels(source: Input, axis: int) -> int:
    """Return the values of a message: one, or for an array the extent of the shape at `axis`."""
    return source.shape[axis] if source.sensor == "array" and axis < len(source.shape) else 1


def _own_seed(source: Input, seed: int) -> Seed:
    """Return a seed of the input's own, so that several do not spike alike."""
    return (seed, zlib.crc32(source.name.encode()))


def _parameters(cls: type, source: Input) -> Any:
    return build(cls, source.parameters, f"input '{source.name}'", NetworkError)


# By sensor and name.
ENCODERS: dict[str, dict[str, Callable[[Input, int], Encoding]]] = {
    "camera": {"dvs": _dvs},
    "scan": {"scan_latency": _scan_latency, "scan_rate": _scan_rate, "scan_delta": _scan_delta},
    "imu": {"imu_delta": _imu_delta, "imu_rate": _imu_rate, "imu_population": _imu_population},
    **{
        sensor: {
            "environment_rate": _environment_rate,
            "environment_population": _environment_population,
            "environment_delta": _environment_delta,
        }
        for sensor in ENVIRONMENT
    },
}
