"""One input of a network: sensor messages in, spikes out."""

from __future__ import annotations

from typing import Any, NamedTuple

from neuromorphic_ros.encoding.dvs_camera import DvsCamera
from neuromorphic_ros.encoding.encoder import Counting
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.encodings import ENCODERS
from neuromorphic_ros.pipeline.event_statistics import EventStatistics
from neuromorphic_ros.pipeline.health import Health
from neuromorphic_ros.pipeline.sample_rate import RateLimit
from neuromorphic_ros.pipeline.sensing import frame_of, stamp_of
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
        self._statistics = EventStatistics(self.camera) if self.camera else None
        self._previous_ns: int | None = None
        self.limit = RateLimit()
        self.reset()

    @property
    def sensors(self) -> tuple[str, ...]:
        """The kinds of message that it listens to."""
        also = (self._auxiliary.sensor,) if self._auxiliary else ()
        return (str(self.source.sensor), *also)

    @property
    def camera(self) -> DvsCamera | None:
        """The encoder of a camera; none: this is another sensor."""
        return self.encoder if isinstance(self.encoder, DvsCamera) else None

    @property
    def counters(self) -> dict[str, float]:
        """What the encoder has to tell of its samples, by `input.name`."""
        told = self.encoder.counters if isinstance(self.encoder, Counting) else {}
        return {f"{self.source.name}.{name}": value for name, value in told.items()}

    @property
    def tunable(self) -> Tunable:
        """Parameters of the encoder."""
        return Tunable(self.encoder, "parameters")

    def health(self) -> Health | None:
        """Return what the diagnostics should say of events since the last call; none: no camera."""
        return self._statistics.health() if self._statistics else None

    def reset(self) -> None:
        """Forget all samples."""
        self._reset_encoder()
        if self._auxiliary:
            self._auxiliary.reset()

    def receive(self, sensor: str, message: Any, arrival_ns: int) -> Encoded | None:
        """Take a message of any sensor; none: it is not one that is encoded.

        Raises SensorError if it listens to the sensor and the message cannot be used.
        """
        if sensor == self.source.sensor:
            if not self.limit.takes(stamp_of(message, arrival_ns)):
                return None
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
            self._reset_encoder()
        sample = self._read(message)
        if self._auxiliary:
            sample = self._auxiliary.complete(sample, stamp_ns)
        spikes = self.encoder.encode(sample, stamp_ns)
        self._previous_ns = stamp_ns
        complete_ns = self.encoder.complete_ns(stamp_ns)
        if self._statistics:
            self._statistics.observe(spikes, complete_ns)
        return Encoded(stamp_ns, complete_ns, frame_of(message), spikes)

    def _reset_encoder(self) -> None:
        self.encoder.reset()
        if self._statistics:
            self._statistics.reset()
        self._previous_ns = None
        self.limit.reset()


def sensors_of(spec: NetworkSpec) -> list[str]:
    """Return the kinds of message that a network listens to, sorted.

    Raises NetworkError if it asks for an encoder that does not fit.
    """
    inputs = [SensorInput(source, spec.seed) for source in spec.inputs if source.encoder]
    return sorted({sensor for item in inputs for sensor in item.sensors})
