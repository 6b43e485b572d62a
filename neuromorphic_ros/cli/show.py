"""`neuromorphic show`: what viewers show of a recorded run, as a recording or a picture."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.recording import RecordedMessage, Recording
from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.cli.assignments import ArgumentError
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.pipeline.energy_account import ENERGY_TOTAL
from neuromorphic_ros.pipeline.outputs import OutputMessage
from neuromorphic_ros.pipeline.spike_raster import Pixels
from neuromorphic_ros.pipeline.view import EVENTS, RASTER, TYPES, View
from neuromorphic_ros.report.html import write_file

PERIOD_NS = 100_000_000
BASE_FRAME = "base_link"
FIELD_OF_VIEW_RAD = math.radians(60.0)
GAP_PX = 12


def add_parser(subparsers: Any) -> None:
    """Add the `show` subcommand."""
    parser = subparsers.add_parser(
        "show",
        help="draw what RViz and Foxglove show of a recorded run",
        description="Draw the pictures and markers of the visualizer node from a recording of "
        "spikes, detections, commands and energy, as `neuromorphic replay` and `demo` write it.",
    )
    parser.add_argument("recording", type=Path, help="recording of a run")
    output = parser.add_mutually_exclusive_group(required=True)
    output.add_argument(
        "--out", type=Path, help="folder of a new recording: the run with its view, for Foxglove"
    )
    output.add_argument("--figure", type=Path, help="PNG of the pictures at one moment")
    parser.add_argument("--at", type=float, help="that moment [s] (default: the end)")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing --out")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the recording or the figure and print where it is.

    Raises NeuromorphicError if the recording cannot be used or the output cannot be written.
    """
    at_s = math.inf if arguments.at is None else arguments.at
    if not at_s > 0.0:
        raise ArgumentError(f"--at is {at_s:g}; choose a moment after the start [s]")
    with open_recording(arguments.recording) as recording:
        if arguments.figure:
            write_file(_png(_pictures(recording, at_s)), arguments.figure)
        else:
            with RecordingWriter(arguments.out, arguments.overwrite, compressed=True) as writer:
                _write(recording, writer)
    print(arguments.figure or arguments.out)
    return 0


def _viewed(recording: Recording) -> Iterator[RecordedMessage | OutputMessage]:
    """Yield the messages of a run and, ten times per second, those of its view."""
    view = View(BASE_FRAME, FIELD_OF_VIEW_RAD)
    due_ns = recording.start_ns + PERIOD_NS
    for message in recording.messages():
        if message.log_ns >= due_ns:
            yield from view.messages(due_ns, lambda topic: True)
            due_ns = message.log_ns // PERIOD_NS * PERIOD_NS + PERIOD_NS
        if message.type in TYPES and not message.topic.endswith(f"/{ENERGY_TOTAL}"):
            view.take(message.type, message.decode())
        yield message


def _write(recording: Recording, writer: RecordingWriter) -> None:
    now_ns = recording.start_ns
    for item in _viewed(recording):
        if isinstance(item, OutputMessage):
            writer.write(f"/{item.topic}", item.type, item.fields, now_ns)
        else:
            now_ns = item.log_ns
            writer.add_topic(item.topic, item.type, types=item.types)
            writer.write(item.topic, item.type, item.raw, now_ns)


def _pictures(recording: Recording, at_s: float) -> list[Pixels]:
    """Return the last pictures up to a moment, events first; raises BagError if there are none."""
    newest: dict[str, Pixels] = {}
    for item in _viewed(recording):
        if isinstance(item, OutputMessage):
            if item.topic in (RASTER, EVENTS):
                shape = (item.fields["height"], item.fields["width"], 3)
                newest[item.topic] = item.fields["data"].reshape(shape)
        elif (item.log_ns - recording.start_ns) / 1e9 > at_s:
            break
    if not newest:
        raise BagError(f"{recording.path}: no spikes before that moment; record spikes/* and rates")
    return [newest[topic] for topic in (EVENTS, RASTER) if topic in newest]


def _png(pictures: Sequence[Pixels]) -> bytes:
    """Return pictures side by side as a PNG file."""
    height = max(len(pixels) for pixels in pictures)
    padded = [
        np.pad(pixels, ((0, height - len(pixels)), (0, GAP_PX), (0, 0)), constant_values=255)
        for pixels in pictures
    ]
    beside = np.concatenate(padded, axis=1)[:, :-GAP_PX]
    _, png = cv2.imencode(".png", beside[:, :, ::-1])
    return bytes(png)
