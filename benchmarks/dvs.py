"""Time the DVS emulation per frame on one thread, beside C and, where V2E_PATH names it, v2e."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence, Sized
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from matplotlib.figure import Figure
from peers import dvs as c
from peers import v2e
from reporting import Row, table

from neuromorphic_ros.encoding.dvs import PRESETS, Dvs, DvsParameters
from neuromorphic_ros.encoding.dvs_pixels import Frame
from neuromorphic_ros.report.style import BLUE, GREEN, ORANGE, png

SIZES = ((260, 346), (480, 640))
FRAME_NS = 33_333_333
ROUNDS = 8
SCENE_FRAMES = 8
# Once to and fro.
FRAMES_PER_ROUND = 2 * (SCENE_FRAMES - 1)
# Pixels by which the dense scene moves from frame to frame, so that 46 % of the pixels fire.
DENSE_SHIFT = {260: 5, 480: 7}


class Emulator(Protocol):
    """Ours, C or v2e."""

    def encode(self, sample: Frame, stamp_ns: int) -> Sized:
        """Return the events since the last frame."""
        ...


class Timing(NamedTuple):
    """Milliseconds per frame: the least median of several rounds; events per frame."""

    ms: float
    events: float


def sparse_scene(height: int, width: int, generator: np.random.Generator) -> list[Frame]:
    """Draw a textured patch that moves over a still background: 1.2 % of the pixels fire."""
    background = generator.integers(40, 200, (height, width), np.uint8)
    side = height // 7
    patch = generator.integers(0, 256, (side, side), np.uint8)
    frames = []
    for index in range(SCENE_FRAMES):
        frame = background.copy()
        top, left = height // 2, width // 4 + 2 * index
        frame[top : top + side, left : left + side] = patch
        frames.append(frame)
    return frames


def dense_scene(height: int, width: int, generator: np.random.Generator) -> list[Frame]:
    """Draw a smooth texture that moves as a whole."""
    return moving_texture(height, width, DENSE_SHIFT[height], generator)


def moving_texture(
    height: int, width: int, shift: int, generator: np.random.Generator
) -> list[Frame]:
    """Draw a smooth texture that moves by `shift` pixels from frame to frame."""
    texture = cv2.GaussianBlur(generator.random((height, width)), (0, 0), 3.0, borderType=2)
    spread = (texture - texture.min()) / np.ptp(texture)
    image = (255 * spread).astype(np.uint8)
    return [np.ascontiguousarray(np.roll(image, shift * i, axis=1)) for i in range(SCENE_FRAMES)]


SCENES = {"sparse": sparse_scene, "dense": dense_scene}


def timings(emulators: Sequence[Emulator], frames: list[Frame]) -> list[Timing]:
    """Show the frames to and fro, to each emulator in turn."""
    to_and_fro = frames + frames[-2:0:-1]
    medians: list[list[float]] = [[] for _ in emulators]
    events = [0] * len(emulators)
    for round_ in range(ROUNDS):
        for which, emulator in enumerate(emulators):
            elapsed_ms = []
            for index in range(round_ * FRAMES_PER_ROUND, (round_ + 1) * FRAMES_PER_ROUND):
                frame = to_and_fro[index % len(to_and_fro)]
                begun = time.perf_counter()
                found = emulator.encode(frame, index * FRAME_NS)
                elapsed_ms.append(1e3 * (time.perf_counter() - begun))
                events[which] += len(found)
            medians[which].append(statistics.median(elapsed_ms))
    shown = ROUNDS * FRAMES_PER_ROUND - 1
    return [Timing(min(each), count / shown) for each, count in zip(medians, events, strict=True)]


def compare(preset: str, frames: list[Frame], with_v2e: bool) -> tuple[Timing, ...]:
    """Return the timings of ours, C and v2e; NaN for those that are not there."""
    height, width = frames[0].shape
    kinds: dict[str, Callable[[DvsParameters, int, int, int], Emulator]] = {"ours": Dvs}
    if c.LIBRARY:
        kinds["c"] = c.CDvs
    if with_v2e:
        kinds["v2e"] = v2e.V2e
    emulators = [kind(PRESETS[preset], height, width, 1) for kind in kinds.values()]
    measured = dict(zip(kinds, timings(emulators, frames), strict=True))
    missing = Timing(float("nan"), float("nan"))
    return tuple(measured.get(kind, missing) for kind in ("ours", "c", "v2e"))


def measure() -> list[Row]:
    """Measure every scene and preset at every size."""
    with_v2e = v2e.installed()
    rows = []
    for height, width in SIZES:
        for preset in PRESETS:
            for scene, draw in SCENES.items():
                frames = draw(height, width, np.random.default_rng(0))
                ours, in_c, by_v2e = compare(preset, frames, with_v2e)
                rows.append(
                    {
                        "width": width,
                        "height": height,
                        "preset": preset,
                        "scene": scene,
                        "ours_ms": ours.ms,
                        "c_ms": _known(in_c.ms),
                        "v2e_ms": _known(by_v2e.ms),
                        "events": round(ours.events),
                    }
                )
    return rows


def cost_figure() -> Figure:
    """Draw the cost of a frame against its events, for textures that move ever faster."""
    with_v2e = v2e.installed()
    figure = Figure(figsize=(8.0, 3.6), layout="constrained")
    panels = figure.subplots(1, len(SIZES))
    for axes, (height, width) in zip(panels, SIZES, strict=True):
        for preset, line in (("clean", "-"), ("noisy", "--")):
            points = [
                compare(
                    preset,
                    moving_texture(height, width, shift, np.random.default_rng(0)),
                    with_v2e,
                )
                for shift in range(8)
            ]
            for which, (name, colour) in enumerate((("ours", BLUE), ("C", GREEN), ("v2e", ORANGE))):
                events = [point[0].events / 1e3 for point in points]
                axes.plot(
                    events,
                    [point[which].ms for point in points],
                    line,
                    color=colour,
                    marker="o",
                    markersize=3,
                    label=f"{name}, {preset}",
                )
        axes.set_yscale("log")
        axes.set_title(f"{width} x {height}")
        axes.set_xlabel("events per frame [thousands]")
    panels[0].set_ylabel("time per frame [ms]")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncol=6)
    return figure


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def main() -> None:
    """Print the rows and draw the figure that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="also draw costs as PNG there")
    arguments = parser.parse_args()
    rows = measure()
    print(json.dumps(rows) if arguments.json else table(rows))
    if arguments.figure:
        arguments.figure.write_bytes(png(cost_figure))
        print(f"wrote {arguments.figure}", file=sys.stderr)


if __name__ == "__main__":
    main()
