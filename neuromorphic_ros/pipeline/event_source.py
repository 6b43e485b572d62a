"""The events of any recording: those of an event camera, or emulated from the frames of another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from neuromorphic_ros.bags import event_npz
from neuromorphic_ros.bags.event_recording import EventRecording
from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.recording import Recording, bag_errors
from neuromorphic_ros.bags.topics import find_topics
from neuromorphic_ros.encoding.dvs import PRESETS, Dvs, DvsParameters
from neuromorphic_ros.encoding.event_camera.resize import Resize
from neuromorphic_ros.encoding.image import Grey, resize
from neuromorphic_ros.errors import BagError, SensorError
from neuromorphic_ros.pipeline.event_stream import EVENT_PACKET, EVENT_SUFFIXES, open_events
from neuromorphic_ros.pipeline.messages import Fields, spike_arrays
from neuromorphic_ros.pipeline.outputs import SPIKES
from neuromorphic_ros.pipeline.replay import Rejected
from neuromorphic_ros.pipeline.sensing import STREAMS, frame_of, grey_of, stamp_of
from neuromorphic_ros.spikes import Shape, SpikeBatch, merge

POPULATION = "dvs"
WINDOW_NS = 33_333_333
ARRAY_NS = 5_000_000
# A clock that leaps must not fill the disk with nothing.
LONGEST_SILENCE_NS = 1_000_000_000
_IMAGES = (STREAMS["camera"]["raw"].type, STREAMS["camera"]["compressed"].type)


class Emulation(NamedTuple):
    """How a DVS is emulated from frames."""

    parameters: DvsParameters
    seed: int


CLEAN = Emulation(PRESETS["clean"], seed=0)


class Size(NamedTuple):
    """Extents of a sensor or picture [pixels]."""

    height: int
    width: int


class Piece(NamedTuple):
    """Events from `start_ns` to `stop_ns`, and the frame taken then; none from event cameras."""

    start_ns: int
    stop_ns: int
    events: SpikeBatch
    picture: Grey | None = None
    frame_id: str = ""


@dataclass(frozen=True)
class EventSource:
    """Give the events of a recording piece by piece; a context manager.

    shape: (2, height, width), polarity 1 = ON. rate_hz: pieces per second, one per frame or window.
    topic: of a bag or video. emulation: of the events; None: they are an event camera's.
    """

    path: Path
    topic: str | None
    shape: Shape
    rate_hz: float
    emulation: Emulation | None
    _read: Callable[[], Iterator[Piece | Rejected]] = field(repr=False)
    _close: Callable[[], None] = field(repr=False)

    def __iter__(self) -> Iterator[Piece | Rejected]:
        """Start anew with the first events; frames that cannot be used come as Rejected.

        A damaged file yields what comes before the damage, then raises BagError.
        """
        return self._read()

    def __enter__(self) -> EventSource:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()


def open_event_source(
    path: Path,
    topic: str | None = None,
    sample: int = 0,
    size: Size | None = None,
    emulation: Emulation | None = None,
) -> EventSource:
    """Open whatever pipeline/event_stream.py or bags/reader.py opens.

    topic: which one of a bag; by default EventPackets, else images, else SpikeArrays.
    sample: which one of a collection in an .npz. size: of the sensor, by default the recording's.
    emulation: for frames; by default CLEAN.
    Raises BagError if the recording cannot be used or none of its frames can, or if an emulation is
    asked for that it does not need, and SensorError if it cannot have the size.
    """
    if path.is_file() and path.suffix.lower() in EVENT_SUFFIXES:
        return _event_camera(path, topic, sample, size, emulation)
    if sample:
        raise BagError(f"{path}: samples are those of an {event_npz.SUFFIX}; leave the sample out")
    recording = open_recording(path)
    try:
        with bag_errors(path):
            frames = _image_topic(recording, topic)
        if frames is None:
            recording.close()
            return _event_camera(path, topic, sample, size, emulation)
        return _frames(recording, frames, size, emulation or CLEAN)
    except BaseException:
        recording.close()
        raise


def arrays_of(piece: Piece) -> Iterator[Fields]:
    """Yield the fields of a piece's SpikeArrays: one per frame, or per 5 ms of an event camera."""
    windows = [piece.events]
    if piece.picture is None:
        windows = list(piece.events.windows(ARRAY_NS)) or windows
    starts_ns = [piece.start_ns, *(int(window.time_ns[0]) for window in windows[1:])]
    stops_ns = [*(int(window.time_ns[-1]) for window in windows[:-1]), piece.stop_ns]
    for window, start_ns, stop_ns in zip(windows, starts_ns, stops_ns, strict=True):
        yield from spike_arrays(
            POPULATION, piece.frame_id, window, start_ns, stop_ns, piece.stop_ns
        )


def _image_topic(recording: Recording, chosen: str | None) -> str | None:
    """Return the topic of frames to encode; none if there are events to take as they are."""
    if chosen is not None:
        if chosen not in recording.topics:
            raise BagError(f"no topic {chosen}; it has {', '.join(recording.topics)}")
        return chosen if recording.topics[chosen].type in _IMAGES else None
    types = {information.type for information in recording.topics.values()}
    if EVENT_PACKET in types or not types.intersection(_IMAGES):
        if not types.intersection((EVENT_PACKET, SPIKES)):
            raise BagError(
                f"holds neither images nor events; its topics are {', '.join(recording.topics)}"
            )
        return None
    return find_topics(recording, {"camera": _IMAGES}, {})["camera"]


def _frames(
    recording: Recording, topic: str, size: Size | None, emulation: Emulation
) -> EventSource:
    first = _first_size(recording, topic)
    # Made here too, not only when the first piece is asked for: what it refuses must come first.
    shape = Dvs(emulation.parameters, *(size or first), emulation.seed).shape
    duration_s = (recording.end_ns - recording.start_ns) / 1e9
    intervals = recording.topics[topic].count - 1
    rate_hz = intervals / duration_s if intervals and duration_s else 1e9 / WINDOW_NS

    def read() -> Iterator[Piece | Rejected]:
        dvs = Dvs(emulation.parameters, *(size or first), emulation.seed)
        return _emulated(recording, topic, dvs, size)

    return EventSource(recording.path, topic, shape, rate_hz, emulation, read, recording.close)


def _first_size(recording: Recording, topic: str) -> Size:
    reason = "it holds none"
    for message in recording.messages([topic]):
        try:
            return Size(*grey_of(message.decode()).shape)
        except (SensorError, BagError) as unusable:
            reason = str(unusable)
    raise BagError(f"{recording.path}: no image of {topic} can be used: {reason}")


def _emulated(
    recording: Recording, topic: str, dvs: Dvs, size: Size | None
) -> Iterator[Piece | Rejected]:
    start_ns = None
    for message in recording.messages([topic]):
        try:
            image = message.decode()
            grey = grey_of(image)
            picture = grey if size is None else resize(grey, *size)
            stamp_ns = stamp_of(image, message.log_ns)
            events = dvs.encode(picture, stamp_ns)
        except (SensorError, BagError) as unusable:
            yield Rejected(topic, message.log_ns, str(unusable))
            continue
        start_ns = stamp_ns if start_ns is None else start_ns
        yield Piece(start_ns, stamp_ns, events, picture, frame_of(image))
        start_ns = stamp_ns


def _event_camera(
    path: Path, topic: str | None, sample: int, size: Size | None, emulation: Emulation | None
) -> EventSource:
    if emulation is not None:
        raise BagError(
            f"{path}: holds the events of an event camera, which are taken as they are; leave out"
            " the preset, the seed and the parameters of the emulation"
        )
    recording = open_events(path, topic, sample)
    try:
        filtered = Resize(recording.shape, *size) if size else None
    except BaseException:
        recording.close()
        raise
    return EventSource(
        path,
        topic,
        filtered.shape if filtered else recording.shape,
        1e9 / WINDOW_NS,
        None,
        lambda: _windows(map(filtered, recording) if filtered else recording),
        recording.close,
    )


def _windows(batches: EventRecording | Iterable[SpikeBatch]) -> Iterator[Piece]:
    """Cut events into windows, from the first event on; of long silences none come."""
    start_ns = 0
    begun: list[SpikeBatch] = []
    damage = None
    try:
        for batch in batches:
            if not begun:
                start_ns = int(batch.time_ns[0])
            while batch.time_ns[-1] >= start_ns + WINDOW_NS:
                stop_ns = start_ns + WINDOW_NS
                yield Piece(start_ns, stop_ns, merge([*begun, batch.between(start_ns, stop_ns)]))
                begun = []
                batch = batch.between(stop_ns, int(batch.time_ns[-1]) + 1)
                silence_ns = int(batch.time_ns[0]) - stop_ns
                start_ns = stop_ns + (silence_ns if silence_ns > LONGEST_SILENCE_NS else 0)
            begun.append(batch)
    except BagError as error:
        damage = error
    if begun:
        yield Piece(start_ns, start_ns + WINDOW_NS, merge(begun))
    if damage:
        raise damage
