"""Count where the DVS emulation and v2e, which V2E_PATH names, differ on the same frames."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from dvs import FRAME_NS, SCENES
from peers import v2e
from reporting import Row, main

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.encoding.dvs import PRESETS, Dvs
from neuromorphic_ros.encoding.dvs_pixels import Frame
from neuromorphic_ros.encoding.image import resize
from neuromorphic_ros.pipeline.sensing import grey_of
from neuromorphic_ros.resources import share_directory

DATA = Path(os.environ.get("NEUROMORPHIC_DATA", share_directory().parent / "shared" / "data"))
CLIPS = ("bikes.mp4", "car-detection.mp4", "cup.mp4", "tree.avi")
HEIGHT, WIDTH = 260, 346
FRAMES = 60

Counts = npt.NDArray[np.int64]


def clips() -> Iterator[tuple[str, list[Frame]]]:
    """Yield drawn scenes and, where they are, real videos."""
    for name, draw in SCENES.items():
        yield name, draw(HEIGHT, WIDTH, np.random.default_rng(0))
    for name in CLIPS:
        if (DATA / "videos" / name).is_file():
            with open_recording(DATA / "videos" / name) as recording:
                frames = islice(recording.messages(), FRAMES)
                yield name, [resize(grey_of(each.decode()), HEIGHT, WIDTH) for each in frames]


def compare(name: str, frames: list[Frame], preset: str) -> Row:
    """Count the events of each pixel and polarity on both sides, frame by frame."""
    parameters = PRESETS[preset]
    ours = Dvs(parameters, HEIGHT, WIDTH, seed=1)
    theirs = v2e.V2e(parameters, HEIGHT, WIDTH, seed=1)
    differing = our_events = their_events = pixels = 0
    for index, frame in enumerate(frames):
        expected = theirs.encode(frame, index * FRAME_NS)
        counts = ours.encode(frame, index * FRAME_NS).counts()
        if index == 0:
            theirs.set_thresholds(ours.thresholds)
            continue
        count = _counts(expected)
        differing += int(np.count_nonzero(count != counts))
        our_events += int(counts.sum())
        their_events += int(count.sum())
        pixels += counts.size
    return {
        "clip": name,
        "preset": preset,
        "frames": len(frames),
        "events": our_events,
        "v2e_events": their_events,
        "differing": differing,
        "differing_share": differing / pixels,
    }


def _counts(events: npt.NDArray[np.float32]) -> Counts:
    x, y, polarity = events[:, 1:].astype(np.int64).T
    address = ((polarity > 0) * HEIGHT + y) * WIDTH + x
    return np.bincount(address, minlength=2 * HEIGHT * WIDTH).reshape(2, HEIGHT, WIDTH)


def measure() -> list[Row]:
    """Compare every clip without noise, with thresholds that are spread and equal."""
    if not v2e.installed():
        return []
    return [
        compare(name, frames, preset) for name, frames in clips() for preset in ("clean", "fast")
    ]


if __name__ == "__main__":
    main(__doc__, measure)
