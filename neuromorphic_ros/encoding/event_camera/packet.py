"""event_camera_msgs/EventPacket to spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from neuromorphic_ros.encoding.event_camera.clock import SensorClock
from neuromorphic_ros.encoding.event_camera.evt2 import Evt2Decoder
from neuromorphic_ros.encoding.event_camera.evt3 import Evt3Decoder
from neuromorphic_ros.encoding.event_camera.mono import MonoDecoder
from neuromorphic_ros.encoding.event_camera.words import DecoderCounts, WordDecoder, event_shape
from neuromorphic_ros.encoding.image import Bytes
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import SpikeBatch

WORD_DECODERS: dict[str, type[WordDecoder]] = {"evt2": Evt2Decoder, "evt3": Evt3Decoder}
ENCODINGS = (*WORD_DECODERS, "mono")

_BEFORE_ALL_NS = -(2**63)


class EventPacket(Protocol):
    """The fields of an event_camera_msgs/EventPacket that are read here."""

    height: int
    width: int
    seq: int
    time_base: int
    encoding: str
    is_bigendian: bool
    events: Bytes


class PacketCounts(NamedTuple):
    """Count what a stream of packets held, since the first one.

    lost: packets missing by their numbers. restarts: times that the stream began anew.
    """

    decoded: DecoderCounts = DecoderCounts()
    packets: int = 0
    lost: int = 0
    restarts: int = 0


class EventPacketDecoder:
    """Decode the packets of one camera into spikes in ROS time.

    Time never goes backwards while a stream lasts. It begins anew, and may then lie before what it
    was, when the camera changes its size or encoding, counts its packets anew, or its clock and
    the stamps come apart by 1 s.
    """

    def __init__(self) -> None:
        self._clock = SensorClock()
        self._stream: _Stream | None = None
        self._counts = PacketCounts()

    @property
    def counts(self) -> PacketCounts:
        """Counts since the last reset."""
        return self._counts

    @property
    def latest_ns(self) -> int | None:
        """ROS time of the last event of the stream; no later one is before it."""
        if self._stream is None or self._stream.latest_ns == _BEFORE_ALL_NS:
            return None
        return self._stream.latest_ns

    def decode(self, packet: EventPacket, stamp_ns: int) -> SpikeBatch:
        """Decode the next packet.

        stamp_ns: ROS time of its first event, as its header tells.
        Returns spikes of shape (2, height, width), polarity 1 = ON.
        Raises SensorError, with nothing changed, if the packet cannot be read.
        """
        _check(packet)
        stream = self._stream
        if stream is None or not stream.continues_with(packet):
            return self._begin(packet, stamp_ns)
        missing = max(0, packet.seq - stream.seq - 1)
        if missing:
            stream.decoder.skip()
        before = stream.decoder.counts
        spikes, start_ns = _decode(stream.decoder, packet)
        if len(spikes) and self._clock.jumps(start_ns, stamp_ns):
            return self._begin(packet, stamp_ns)
        self._count(stream.decoder.counts.minus(before), lost=missing)
        stream.seq = packet.seq
        return self._in_ros_time(stream, spikes, start_ns, stamp_ns)

    def reset(self) -> None:
        """Forget the stream, as after construction."""
        self._stream = None
        self._counts = PacketCounts()

    def _begin(self, packet: EventPacket, stamp_ns: int) -> SpikeBatch:
        kind = WORD_DECODERS.get(packet.encoding, MonoDecoder)
        stream = _Stream(kind(packet.height, packet.width), packet.encoding, packet.seq)
        spikes, start_ns = _decode(stream.decoder, packet)
        self._count(stream.decoder.counts, restarts=int(self._stream is not None))
        self._stream = stream
        self._clock.reset()
        return self._in_ros_time(stream, spikes, start_ns, stamp_ns)

    def _count(self, decoded: DecoderCounts, lost: int = 0, restarts: int = 0) -> None:
        counts = self._counts
        self._counts = PacketCounts(
            counts.decoded.plus(decoded),
            counts.packets + 1,
            counts.lost + lost,
            counts.restarts + restarts,
        )

    def _in_ros_time(
        self, stream: _Stream, spikes: SpikeBatch, start_ns: int, stamp_ns: int
    ) -> SpikeBatch:
        if not len(spikes):
            return spikes
        time_ns = spikes.time_ns + self._clock.follow(start_ns, stamp_ns)
        # A clock that is slowed down could fall behind the end of the packet before.
        np.maximum(time_ns, stream.latest_ns, out=time_ns)
        stream.latest_ns = int(time_ns[-1])
        return SpikeBatch(spikes.shape, spikes.address, time_ns)


@dataclass
class _Stream:
    """The packets since the last new start. latest_ns: ROS time of the last event."""

    decoder: WordDecoder | MonoDecoder
    encoding: str
    seq: int
    latest_ns: int = _BEFORE_ALL_NS

    def continues_with(self, packet: EventPacket) -> bool:
        shape = (2, packet.height, packet.width)
        # Drivers that do not count send the same number always.
        return (
            packet.encoding == self.encoding
            and shape == self.decoder.shape
            and packet.seq >= self.seq
        )


def _decode(decoder: WordDecoder | MonoDecoder, packet: EventPacket) -> tuple[SpikeBatch, int]:
    """Return the spikes in sensor time, and the sensor time that the stamp belongs to."""
    if isinstance(decoder, MonoDecoder):
        return decoder.decode(packet.events, packet.time_base), packet.time_base
    spikes = decoder.decode(packet.events)
    return spikes, int(spikes.time_ns[0]) if len(spikes) else 0


def _check(packet: EventPacket) -> None:
    if packet.encoding not in ENCODINGS:
        raise SensorError(
            f"event packet encoding '{packet.encoding}' is unknown; let the driver send one of"
            f" {', '.join(ENCODINGS)}"
        )
    if packet.is_bigendian:
        raise SensorError("event packet is big-endian; let the driver send little-endian words")
    event_shape(packet.height, packet.width)
