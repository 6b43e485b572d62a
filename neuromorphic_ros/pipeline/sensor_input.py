"""One input of a network: sensor messages in, spikes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from neuromorphic_ros.encoding.dvs import Dvs, DvsParameters
from neuromorphic_ros.encoding.encoder import Encoder
from neuromorphic_ros.encoding.image import Grey, resize
from neuromorphic_ros.encoding.imu import ImuEncoder, ImuParameters
from neuromorphic_ros.encoding.scan import (
    ScanLatencyEncoder,
    ScanLatencyParameters,
    ScanRateEncoder,
    ScanRateParameters,
)
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.sensing import grey_of, imu_of, scan_of, stamp_of
from neuromorphic_ros.pipeline.time_jump import restarted
from neuromorphic_ros.pipeline.tuning import Tunable
from neuromorphic_ros.snn.spec import Input
from neuromorphic_ros.spikes import SpikeBatch


class Encoded(NamedTuple):
    """The spikes of one sample; no later sample spikes before complete_ns."""

    stamp_ns: int
    complete_ns: int
    frame_id: str
    spikes: SpikeBatch


class SensorInput:
    """Read and encode the messages of one sensor."""

    def __init__(self, source: Input, seed: int) -> None:
        """Build the encoder that the network asks for; raises NetworkError if it does not fit."""
        self.source = source
        if source.encoder is None:
            raise NetworkError(
                f"input '{source.name}' has no encoder: give it sensor and encoder in the network "
                "file to drive it with messages"
            )
        try:
            self.encoder, self._read = ENCODERS[source.encoder](source, seed)
        except KeyError:
            raise NetworkError(
                f"input '{source.name}' wants encoder '{source.encoder}'; "
                f"there are {', '.join(ENCODERS)}"
            ) from None
        if self.encoder.shape != source.shape:
            raise NetworkError(
                f"input '{source.name}' has shape {source.shape}, "
                f"its encoder {source.encoder} makes {self.encoder.shape}"
            )
        self.reset()

    @property
    def image_size(self) -> tuple[int, int]:
        """Width and height of the last picture [px]; (0, 0) if this is not a camera."""
        return self._read.source_size if isinstance(self._read, CameraReader) else (0, 0)

    @property
    def tunable(self) -> Tunable:
        """Parameters of the encoder."""
        return Tunable(self.encoder, "parameters")

    def reset(self) -> None:
        """Forget all samples."""
        self.encoder.reset()
        self._previous_ns: int | None = None

    def encode(self, message: Any, arrival_ns: int) -> Encoded:
        """Encode a message; a stamp far in the past starts anew.

        Raises SensorError if the message cannot be used.
        """
        stamp_ns = stamp_of(message, arrival_ns)
        if restarted(self._previous_ns, stamp_ns):
            self.reset()
        spikes = self.encoder.encode(self._read(message), stamp_ns)
        self._previous_ns = stamp_ns
        complete_ns = self.encoder.complete_ns(stamp_ns)
        return Encoded(stamp_ns, complete_ns, message.header.frame_id, spikes)


Reader = Callable[[Any], Any]


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


def _dvs(source: Input, seed: int) -> tuple[Encoder[Any], Reader]:
    if len(source.shape) != 3 or source.shape[0] != 2:
        raise NetworkError(
            f"input '{source.name}': dvs makes (2, height, width), not {source.shape}"
        )
    _, height, width = source.shape
    encoder = Dvs(_parameters(DvsParameters, source), height, width, seed)
    return encoder, CameraReader(height, width)


def _scan_latency(source: Input, _: int) -> tuple[Encoder[Any], Reader]:
    return ScanLatencyEncoder(_parameters(ScanLatencyParameters, source)), scan_of


def _scan_rate(source: Input, _: int) -> tuple[Encoder[Any], Reader]:
    return ScanRateEncoder(_parameters(ScanRateParameters, source)), scan_of


def _imu_delta(source: Input, _: int) -> tuple[Encoder[Any], Reader]:
    return ImuEncoder(_parameters(ImuParameters, source)), imu_of


def _parameters(cls: type, source: Input) -> Any:
    return build(cls, source.parameters, f"input '{source.name}'", NetworkError)


ENCODERS: dict[str, Callable[[Input, int], tuple[Encoder[Any], Reader]]] = {
    "dvs": _dvs,
    "scan_latency": _scan_latency,
    "scan_rate": _scan_rate,
    "imu_delta": _imu_delta,
}
