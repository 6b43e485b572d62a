"""Time the decoders and filters of event cameras on one thread, beside expelliarmus on files."""

from __future__ import annotations

import importlib.util
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from reporting import Row, main

from neuromorphic_ros.bags.prophesee import open_raw
from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.encoding.event_camera.background_activity import BackgroundActivityFilter
from neuromorphic_ros.encoding.event_camera.binning import Binning
from neuromorphic_ros.encoding.event_camera.filter import EventFilter
from neuromorphic_ros.encoding.event_camera.hot_pixels import HotPixelFilter
from neuromorphic_ros.encoding.event_camera.mono import MonoDecoder
from neuromorphic_ros.encoding.event_camera.packet import WORD_DECODERS
from neuromorphic_ros.encoding.event_camera.refractory import RefractoryFilter
from neuromorphic_ros.encoding.event_camera.resize import Resize
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.spikes import SpikeBatch

DATA = Path(os.environ.get("NEUROMORPHIC_DATA", share_directory().parent / "shared" / "data"))
ROUNDS = 15
EVENTS = 1_000_000
HEIGHT, WIDTH = 480, 640
MS = 1_000_000


class Stream(NamedTuple):
    """Words of a camera, as in a RAW file after its header."""

    name: str
    encoding: str
    height: int
    width: int
    words: npt.NDArray[np.uint8]


def made_events() -> tuple[npt.NDArray[np.int64], ...]:
    """Draw x, y, polarity and time [us] of events all over the sensor, 1 us apart."""
    generator = np.random.default_rng(0)
    x, y = generator.integers(0, WIDTH, EVENTS), generator.integers(0, HEIGHT, EVENTS)
    return x, y, generator.integers(0, 2, EVENTS), np.arange(EVENTS)


def made_streams() -> Iterator[Stream]:
    """Write the same events in the words of each format, vectors aside."""
    x, y, polarity, time_us = made_events()
    high, low = np.divmod(time_us, 4096)
    evt3 = np.stack((0x8000 | high, 0x6000 | low, y, 0x2000 | polarity << 11 | x), 1)
    yield Stream("made", "evt3", HEIGHT, WIDTH, evt3.astype("<u2").reshape(-1).view(np.uint8))
    high, low = np.divmod(time_us, 64)
    evt2 = np.stack((0x80000000 | high, polarity << 28 | low << 22 | x << 11 | y), 1)
    # The high bits come once for each of their values, as cameras send them.
    kept = np.stack((low == 0, np.ones(EVENTS, bool)), 1)
    yield Stream("made", "evt2", HEIGHT, WIDTH, evt2[kept].astype("<u4").view(np.uint8))
    mono = polarity.astype(np.uint64) << np.uint64(63) | (
        y << 48 | x << 32 | 1000 * time_us
    ).astype(np.uint64)
    yield Stream("made", "mono", HEIGHT, WIDTH, mono.view(np.uint8))


def real_streams() -> Iterator[Stream]:
    """Read the real recordings that are there."""
    for path in sorted((DATA / "events_prophesee_raw").glob("*.raw")):
        file = open_raw(path)
        words = np.frombuffer(b"".join(file.chunks()), np.uint8)
        yield Stream(path.stem, file.encoding, file.height, file.width, words)
    bag = DATA / "bag_events_evt3_vga_ros2"
    if bag.exists():
        with open_recording(bag) as recording:
            packets = [message.decode() for message in recording.messages()]
        words = np.concatenate([packet.events for packet in packets])
        yield Stream(bag.name, "evt3", packets[0].height, packets[0].width, words)


def best_s(run: Callable[[], object]) -> float:
    """Return the shortest time of a call: other load only makes it longer."""
    shortest = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        run()
        shortest = min(shortest, time.perf_counter() - begun)
    return shortest


def decode(stream: Stream) -> SpikeBatch:
    """Decode a stream from its beginning."""
    if stream.encoding == "mono":
        return MonoDecoder(stream.height, stream.width).decode(stream.words, 0)
    return WORD_DECODERS[stream.encoding](stream.height, stream.width).decode(stream.words)


def peer_s(stream: Stream) -> float | None:
    """Return the time that expelliarmus takes from a file in memory; None where it cannot."""
    if stream.encoding == "mono" or importlib.util.find_spec("expelliarmus") is None:
        return None
    from expelliarmus import Wizard

    words = stream.words
    if stream.encoding == "evt3":
        # It stops at the first trigger.
        typed = words.view(np.uint16)
        words = typed[typed >> 12 != 0xA].view(np.uint8)
    wizard = Wizard(encoding=stream.encoding)
    folder = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.NamedTemporaryFile(suffix=".raw", dir=folder) as file:
        file.write(f"% evt {stream.encoding[3]}.0\n% end\n".encode() + words.tobytes())
        file.flush()
        return best_s(lambda: wizard.read(file.name))


def measure_decoder(stream: Stream) -> Row:
    """Decode all words of a stream in one call."""
    batch = decode(stream)
    ours_s, theirs_s = best_s(lambda: decode(stream)), peer_s(stream)
    return {
        "work": f"decode {stream.encoding}",
        "recording": stream.name,
        "events": len(batch),
        "bytes_per_event": stream.words.size / len(batch),
        "mev_per_s": len(batch) / ours_s / 1e6,
        "expelliarmus_mev_per_s": theirs_s and len(batch) / theirs_s / 1e6,
    }


def measure_filters(stream: Stream) -> Iterator[Row]:
    """Pass the events of a stream through each filter."""
    batch = decode(stream)
    filters: tuple[EventFilter, ...] = (
        Resize(batch.shape, stream.height // 4, stream.width // 4),
        Binning(batch.shape, np.full(batch.shape[1:], 4)),
        RefractoryFilter(batch.shape, MS),
        BackgroundActivityFilter(batch.shape, 2 * MS),
        HotPixelFilter(batch.shape, 100.0),
    )
    for each in filters:
        yield {
            "work": type(each).__name__,
            "recording": stream.name,
            "events": len(batch),
            "bytes_per_event": None,
            "mev_per_s": len(batch) / best_s(lambda each=each: each(batch)) / 1e6,  # type: ignore[misc]
            "expelliarmus_mev_per_s": None,
        }


def measure() -> list[Row]:
    """Measure every stream."""
    streams = [*made_streams(), *real_streams()]
    return [
        *(measure_decoder(stream) for stream in streams),
        *(
            row
            for stream in streams
            if stream.encoding != "mono"
            for row in measure_filters(stream)
        ),
    ]


if __name__ == "__main__":
    main(__doc__, measure)
