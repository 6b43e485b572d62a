"""The events of a recording, whatever its format: one stream of spikes, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from neuromorphic_ros.bags import aedat4, event_npz, prophesee
from neuromorphic_ros.bags.event_recording import EventRecording, in_order
from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.recording import RecordedMessage, Recording, bag_errors
from neuromorphic_ros.bags.video import EPOCH_NS
from neuromorphic_ros.encoding.event_camera.packet import WORD_DECODERS, EventPacketDecoder
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.pipeline.messages import spikes_of
from neuromorphic_ros.pipeline.outputs import SPIKES
from neuromorphic_ros.pipeline.sensing import STREAMS, stamp_of
from neuromorphic_ros.spikes import Shape, SpikeBatch

EVENT_PACKET = STREAMS["camera"]["events"].type
EVENT_SUFFIXES = frozenset({prophesee.SUFFIX, aedat4.SUFFIX, event_npz.SUFFIX})


def open_events(path: Path | str, topic: str | None = None, sample: int = 0) -> EventRecording:
    """Open a recording of an event camera; use it as a context manager.

    path: a Prophesee .raw (EVT 2.0, EVT 3.0), an .aedat4, an .npz (bags/event_npz.py), or anything
    else that bags/reader.py opens and that has EventPackets, or SpikeArrays of shape
    (2, height, width). topic: which one, if there are several. sample: which one of an .npz.
    Times of a bag are those of its stamps. Times of a file are those of the file; if they begin
    before 1 s, EPOCH_NS (1 s) is added to all, because a stamp of zero means "none" to many nodes.
    Raises BagError naming the file, what is wrong and what to do.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if not (path.is_file() and suffix in EVENT_SUFFIXES):
        return _open_bag(path, topic)
    if topic is not None:
        raise BagError(f"{path}: has no topics, so not {topic} either; leave the topic out")
    if suffix == event_npz.SUFFIX:
        return _after_epoch(event_npz.open_event_npz(path, sample))
    if sample:
        raise BagError(f"{path}: holds one sample, not a number {sample}; ask for sample 0")
    if suffix == aedat4.SUFFIX:
        return _after_epoch(aedat4.open_aedat4(path))
    return _after_epoch(_open_raw(path))


def _after_epoch(recording: EventRecording) -> EventRecording:
    def read() -> Iterator[SpikeBatch]:
        shift_ns = None
        for batch in recording:
            if shift_ns is None:
                shift_ns = EPOCH_NS if batch.time_ns[0] < EPOCH_NS else 0
            yield SpikeBatch(batch.shape, batch.address, batch.time_ns + shift_ns)

    return EventRecording(recording.path, recording.shape, read, recording.close)


def _open_raw(path: Path) -> EventRecording:
    file = prophesee.open_raw(path)

    def read() -> Iterator[SpikeBatch]:
        decoder = WORD_DECODERS[file.encoding](file.height, file.width)
        for chunk in file.chunks():
            batch = decoder.decode(chunk)
            if len(batch):
                yield batch
        counts = decoder.counts
        if counts.invalid > counts.events:
            raise BagError(
                f"{path}: {counts.invalid} of {counts.invalid + counts.events} events are outside"
                f" {file.width}x{file.height} pixels; correct '% geometry' in its header"
            )

    return EventRecording(path, (2, file.height, file.width), read)


def _open_bag(path: Path, topic: str | None) -> EventRecording:
    recording = open_recording(path)
    try:
        with bag_errors(path):
            name, shape = _choose(recording, topic)
    except BaseException:
        recording.close()
        raise

    def read() -> Iterator[SpikeBatch]:
        return in_order(_of_shape(_batches(recording, name), shape, name))

    return EventRecording(path, shape, read, recording.close)


def _choose(recording: Recording, topic: str | None) -> tuple[str, Shape]:
    """Return the topic to read and its shape; raises BagError if that is not clear."""
    if topic is not None and topic not in recording.topics:
        raise BagError(f"no topic {topic}; it has {', '.join(recording.topics)}")
    for type_name in _READERS:
        shapes = {
            name: shape
            for name, information in recording.topics.items()
            if information.type == type_name and topic in (None, name)
            if _is_camera(shape := next((b.shape for b in _batches(recording, name)), ()))
        }
        if len(shapes) > 1:
            raise BagError(f"several topics hold events: {', '.join(shapes)}; choose one")
        if shapes:
            return next(iter(shapes.items()))
    raise BagError(
        f"{topic or 'it'} does not hold events of a camera: {EVENT_PACKET}, or {SPIKES} of"
        f" shape (2, height, width); its topics are {', '.join(recording.topics)}"
    )


def _is_camera(shape: Shape) -> bool:
    return len(shape) == 3 and shape[0] == 2


def _batches(recording: Recording, topic: str) -> Iterator[SpikeBatch]:
    read = _READERS[recording.topics[topic].type]()
    for message in recording.messages([topic]):
        yield read(message)


def _packet_reader() -> Callable[[RecordedMessage], SpikeBatch]:
    decoder = EventPacketDecoder()

    def read(message: RecordedMessage) -> SpikeBatch:
        packet = message.decode()
        return decoder.decode(packet, stamp_of(packet, message.log_ns))

    return read


def _spikes_reader() -> Callable[[RecordedMessage], SpikeBatch]:
    return lambda message: spikes_of(message.decode()).spikes


_READERS = {EVENT_PACKET: _packet_reader, SPIKES: _spikes_reader}


def _of_shape(batches: Iterator[SpikeBatch], shape: Shape, topic: str) -> Iterator[SpikeBatch]:
    for batch in batches:
        if batch.shape != shape:
            raise BagError(
                f"{topic} changes its shape from {shape} to {batch.shape}; cut the recording there"
            )
        yield batch
