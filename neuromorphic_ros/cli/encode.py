"""`neuromorphic encode`: events of any recording, emulated where it has frames."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from neuromorphic_ros.cli.assignments import ArgumentError, assignments
from neuromorphic_ros.cli.encode_outputs import check_outputs, shown, write_events
from neuromorphic_ros.cli.rejections import Rejections
from neuromorphic_ros.encoding.dvs import PRESETS
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.parameters import fields_of, replace
from neuromorphic_ros.pipeline.event_source import (
    Emulation,
    EventSource,
    Piece,
    Size,
    open_event_source,
)
from neuromorphic_ros.pipeline.replay import Rejected
from neuromorphic_ros.report.words import count, number

DEFAULT_PRESET = "clean"
LARGEST_EXTENT = 8192


def add_parser(subparsers: Any) -> None:
    """Add the `encode` subcommand."""
    parser = subparsers.add_parser(
        "encode",
        help="turn a video or a recording of a camera or event camera into events",
        description="Emulate an event camera from frames, or take recorded events as they are; "
        "write them to a file or bag and show them.",
    )
    parser.add_argument(
        "file", type=Path, help="video, bag, Prophesee .raw, .aedat4 or .npz of events"
    )
    parser.add_argument(
        "--out", type=Path, help="write events here: an .npz, or else the folder of a bag"
    )
    parser.add_argument(
        "--show", type=Path, help="show frames and events side by side here, .mp4 or .png"
    )
    parser.add_argument(
        "--preset", choices=PRESETS, help="pixels that are emulated (default: clean)"
    )
    parser.add_argument("--seed", type=int, help="of the pixels' mismatch and noise (default: 0)")
    parser.add_argument(
        "-p",
        "--param",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="one parameter of the pixels, by v2e's name, e.g. pos_thres=0.15",
    )
    parser.add_argument(
        "--size", metavar="WIDTHxHEIGHT", help="of the sensor (default: that of the recording)"
    )
    parser.add_argument("--topic", help="topic of images or events where a bag has several")
    parser.add_argument(
        "--sample", type=int, default=0, help="which one of a collection in an .npz (default: 0)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace existing outputs")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Encode and print the summary.

    Raises NeuromorphicError if the recording cannot be used or an output cannot be written.
    """
    check_outputs(arguments.file, arguments.out, arguments.show, arguments.overwrite)
    source = open_event_source(
        arguments.file, arguments.topic, arguments.sample, _size(arguments.size), _asked(arguments)
    )
    with source:
        if source.topic:
            print(f"topic: {source.topic}", file=sys.stderr)
        tally, rejections = Tally(), Rejections()
        usable = _UntilDamage(_usable(source, rejections))
        begun_s = time.perf_counter()
        with shown(
            arguments.show, source, tally.counted(usable), lambda: _title(source, arguments, tally)
        ) as pieces:
            write_events(arguments.out, source.shape, pieces, arguments.overwrite)
        taken_s = time.perf_counter() - begun_s
    if usable.damage:
        written = " and ".join(str(path) for path in (arguments.out, arguments.show) if path)
        kept = f"; what came before is in {written}" if written else ""
        raise BagError(f"{usable.damage}{kept}")
    summary = _summary(source, arguments, tally, rejections.count, taken_s)
    if arguments.json:
        print(json.dumps(summary))
    else:
        _print(summary, _words(arguments))
    return 0


@dataclasses.dataclass
class Tally:
    """What was encoded; frames: pieces, which are windows of an event camera's events."""

    frames: int = 0
    events: int = 0
    on_events: int = 0
    start_ns: int = 0
    stop_ns: int = 0

    def counted(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """Pass pieces on and count them."""
        for piece in pieces:
            events = piece.events
            first_ns, last_ns = piece.stop_ns, piece.stop_ns
            if piece.picture is None and len(events):
                first_ns, last_ns = int(events.time_ns[0]), int(events.time_ns[-1])
            self.start_ns = self.start_ns if self.frames else first_ns
            self.stop_ns = last_ns
            self.frames += 1
            self.events += len(events)
            self.on_events += int((events.address >= events.size // 2).sum())
            yield piece

    @property
    def duration_s(self) -> float:
        """Time between the first and the last frame, or event of an event camera."""
        return (self.stop_ns - self.start_ns) / 1e9

    @property
    def events_per_s(self) -> float | None:
        """Mean rate; none: not known of a single instant."""
        return self.events / self.duration_s if self.duration_s else None


class _UntilDamage:
    """Pass pieces on until the recording turns out to be damaged, and keep what is wrong with it.

    So that what came before is kept. Damage before the first piece is raised.
    """

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self.damage: BagError | None = None

    def __iter__(self) -> Iterator[Piece]:
        passed = False
        try:
            for piece in self._pieces:
                yield piece
                passed = True
        except BagError as damage:
            if not passed:
                raise
            self.damage = damage


def _usable(source: EventSource, rejections: Rejections) -> Iterator[Piece]:
    for piece in source:
        if isinstance(piece, Rejected):
            rejections.tell(piece)
        else:
            yield piece
    rejections.sum_up("frames")


def _asked(arguments: argparse.Namespace) -> Emulation | None:
    """Return the emulation that the arguments ask for; none if they say nothing of it."""
    changes = assignments(arguments.param)
    if arguments.preset is None and arguments.seed is None and not changes:
        return None
    parameters = PRESETS[arguments.preset or DEFAULT_PRESET]
    known = [field.name for field in fields_of(type(parameters))]
    if unknown := [name for name in changes if name not in known]:
        raise ArgumentError(f"parameter '{unknown[0]}' is unknown; there are {', '.join(known)}")
    seed = arguments.seed or 0
    if seed < 0:
        raise ArgumentError(f"--seed {seed} must not be negative")
    return Emulation(replace(parameters, changes, "pixels", ArgumentError), seed)


def _size(text: str | None) -> Size | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,4})x(\d{1,4})", text)
    width, height = map(int, match.groups()) if match else (0, 0)
    if not (1 <= width <= LARGEST_EXTENT and 1 <= height <= LARGEST_EXTENT):
        raise ArgumentError(
            f"--size {text} is not WIDTHxHEIGHT in pixels, each 1 to {LARGEST_EXTENT}, as in"
            " 346x260"
        )
    return Size(height, width)


def _title(source: EventSource, arguments: argparse.Namespace, tally: Tally) -> str:
    how = [f"DVS emulation, {_words(arguments)}"] if source.emulation else ["event camera"]
    rate = tally.events_per_s
    how += [number(rate, "events/s")] if rate is not None else []
    return f"{source.path.name}: {', '.join(how)}; brighter blue, darker red"


def _words(arguments: argparse.Namespace) -> str:
    """Return how the pixels were chosen."""
    return ", ".join([f"preset {arguments.preset or DEFAULT_PRESET}", *arguments.param])


def _summary(
    source: EventSource, arguments: argparse.Namespace, tally: Tally, rejected: int, taken_s: float
) -> dict[str, Any]:
    _, height, width = source.shape
    emulation = source.emulation
    return {
        "source": str(source.path),
        "topic": source.topic,
        "width": width,
        "height": height,
        "duration_s": tally.duration_s,
        "frames": tally.frames if emulation else None,
        "rejected": rejected,
        "events": tally.events,
        "events_per_s": tally.events_per_s,
        "on_share": tally.on_events / tally.events if tally.events else None,
        "preset": arguments.preset or DEFAULT_PRESET if emulation else None,
        "parameters": dataclasses.asdict(emulation.parameters) if emulation else None,
        "seed": emulation.seed if emulation else None,
        "first_frame_without_events": emulation is not None,
        "taken_s": taken_s,
        "realtime_factor": tally.duration_s / taken_s,
        "frames_per_s": tally.frames / taken_s if emulation else None,
    }


def _print(summary: dict[str, Any], pixels: str) -> None:
    frames = f", {count(summary['frames'])} frames" if summary["frames"] else ""
    print(
        f"{summary['source']}: {summary['width']}x{summary['height']} pixels, "
        f"{summary['duration_s']:.3g} s{frames}"
    )
    rate, on_share = summary["events_per_s"], summary["on_share"]
    details = [f"{count(summary['events'])} events"]
    details += [number(rate, "events/s")] if rate is not None else []
    details += [f"{100 * on_share:.0f} % ON"] if on_share is not None else []
    print(f"  {', '.join(details)}")
    if summary["preset"]:
        print(f"  emulated with {pixels}, seed {summary['seed']}")
        print("  the first frame gives no events, there is none to compare it with")
    speed = f"{number(summary['realtime_factor'])} times real time"
    if summary["frames_per_s"] is not None:
        speed += f", {number(summary['frames_per_s'])} frames/s"
    print(f"  {speed}")
