"""Time the DVS emulation per frame on one thread."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from reporting import Row, main

from neuromorphic_ros.encoding.dvs import Dvs, DvsParameters, Frame

SIZES = ((260, 346), (480, 640))
FRAME_NS = 33_333_333
FRAMES = 200
SCENE_FRAMES = 8


@dataclass(frozen=True)
class Timing:
    """Hold the cost of one scene: milliseconds per frame and how much it fires."""

    scene: str
    height: int
    width: int
    median_ms: float
    p99_ms: float
    events_per_frame: float
    pixels_firing_percent: float


def sparse_scene(height: int, width: int, generator: np.random.Generator) -> list[Frame]:
    """Draw a small textured patch that moves over a still background."""
    background = generator.integers(40, 200, (height, width), np.uint8)
    side = height // 11
    patch = generator.integers(0, 256, (side, side), np.uint8)
    frames = []
    for index in range(SCENE_FRAMES):
        frame = background.copy()
        top, left = height // 2, width // 4 + 2 * index
        frame[top : top + side, left : left + side] = patch
        frames.append(frame)
    return frames


def dense_scene(height: int, width: int, generator: np.random.Generator) -> list[Frame]:
    """Draw a smooth texture that moves as a whole: nearly half of the pixels fire."""
    texture = cv2.GaussianBlur(generator.random((height, width)), (0, 0), 3.0, borderType=2)
    spread = (texture - texture.min()) / np.ptp(texture)
    image = (255 * spread).astype(np.uint8)
    return [np.roll(image, 8 * index, axis=1) for index in range(SCENE_FRAMES)]


def measure(scene: str, frames: list[Frame]) -> Timing:
    """Encode the frames to and fro and time each call."""
    height, width = frames[0].shape
    encoder = Dvs(DvsParameters(), height, width, seed=1)
    to_and_fro = frames + frames[-2:0:-1]
    elapsed_ms = []
    events = 0
    firing = 0
    for index in range(FRAMES + 1):
        frame = to_and_fro[index % len(to_and_fro)]
        start = time.perf_counter()
        batch = encoder.encode(frame, index * FRAME_NS)
        if index:
            elapsed_ms.append(1e3 * (time.perf_counter() - start))
        events += len(batch)
        firing += int(np.count_nonzero(np.any(batch.counts(), axis=0)))
    return Timing(
        scene,
        height,
        width,
        round(statistics.median(elapsed_ms), 4),
        round(float(np.percentile(elapsed_ms, 99)), 4),
        round(events / FRAMES, 1),
        round(100 * firing / FRAMES / (height * width), 2),
    )


def timings() -> list[Row]:
    """Measure every scene at every size."""
    rows = []
    for height, width in SIZES:
        for draw in (sparse_scene, dense_scene):
            frames = draw(height, width, np.random.default_rng(0))
            rows.append(asdict(measure(draw.__name__.removesuffix("_scene"), frames)))
    return rows


if __name__ == "__main__":
    main(__doc__, timings)
