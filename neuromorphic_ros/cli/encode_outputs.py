"""Where the events of `neuromorphic encode` go: a file, a bag, a video, a figure."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from neuromorphic_ros.bags import event_npz, video_writer
from neuromorphic_ros.bags.event_npz import write_event_npz
from neuromorphic_ros.bags.video_writer import VideoWriter
from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.cli.assignments import ArgumentError
from neuromorphic_ros.encoding.image import Grey
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.pipeline.event_source import EventSource, Piece, arrays_of
from neuromorphic_ros.pipeline.outputs import Numbering
from neuromorphic_ros.report.accumulated_picture import AccumulatedPicture
from neuromorphic_ros.report.best_moments import BestMoments
from neuromorphic_ros.report.event_video import side_by_side
from neuromorphic_ros.report.events import Moment, events_figure
from neuromorphic_ros.report.html import write_file
from neuromorphic_ros.report.record import Picture
from neuromorphic_ros.report.style import png
from neuromorphic_ros.spikes import Shape

FIGURE_SUFFIX = ".png"

Title = Callable[[], str]


def check_outputs(recording: Path, out: Path | None, show: Path | None, overwrite: bool) -> None:
    """Raise ArgumentError or BagError, before anything is made, if an output is out of place."""
    if show and show.suffix.lower() not in (FIGURE_SUFFIX, video_writer.SUFFIX):
        raise ArgumentError(
            f"--show {show} must end in {video_writer.SUFFIX} for a video or {FIGURE_SUFFIX} for a"
            " figure"
        )
    if out and show and out.resolve() == show.resolve():
        raise ArgumentError(f"{out}: cannot be both --out and --show; choose two names")
    for path in filter(None, (out, show)):
        if not path.exists():
            continue
        if recording.exists() and path.samefile(recording):
            raise ArgumentError(f"{path}: is the recording itself; choose another name")
        if path == out and not _is_archive(path):
            # The writer of bags knows what may be replaced.
            continue
        if path.is_dir():
            raise BagError(f"{path}: is a folder; choose another name")
        if not overwrite:
            raise BagError(f"{path}: exists already; choose another name or pass --overwrite")


def write_events(path: Path | None, shape: Shape, pieces: Iterable[Piece], overwrite: bool) -> None:
    """Write the events to an .npz or else a bag; without a path only take them.

    Raises BagError if they cannot be written.
    """
    if path is None:
        for _ in pieces:
            pass
    elif _is_archive(path):
        write_event_npz(path, shape, (piece.events for piece in pieces))
    else:
        with RecordingWriter(path, overwrite) as writer:
            numbering = Numbering()
            for piece in pieces:
                for message in numbering.messages(arrays_of(piece), piece.stop_ns):
                    topic = f"/{message.topic}"
                    writer.write(topic, message.type, message.fields, message.stamp_ns)


@contextlib.contextmanager
def shown(
    path: Path | None, source: EventSource, pieces: Iterator[Piece], title: Title
) -> Iterator[Iterator[Piece]]:
    """Pass pieces on, and have a video or figure of them at the end of the `with` block.

    title: of the figure, asked for at the end.
    Raises BagError or ReportError if it cannot be written.
    """
    if path is None:
        yield pieces
    elif path.suffix.lower() == video_writer.SUFFIX:
        with VideoWriter(path, source.rate_hz) as video:
            yield _filmed(video, _with_pictures(source.shape, pieces))
    else:
        best = BestMoments()
        yield _watched(best, _with_pictures(source.shape, pieces))
        moments = best.chosen()
        if not moments:
            raise BagError(f"{path}: there are no events to show")
        above = "camera" if source.emulation else "events, summed"
        start_ns = best.start_ns
        write_file(png(lambda: events_figure(moments, start_ns, title(), above)), path)


def _is_archive(path: Path) -> bool:
    return path.suffix.lower() == event_npz.SUFFIX


def _with_pictures(shape: Shape, pieces: Iterable[Piece]) -> Iterator[tuple[Piece, Grey]]:
    accumulated = AccumulatedPicture(shape)
    for piece in pieces:
        if piece.picture is None:
            yield piece, accumulated.add(piece.events, piece.stop_ns - piece.start_ns)
        else:
            yield piece, piece.picture


def _filmed(video: VideoWriter, pieces: Iterable[tuple[Piece, Grey]]) -> Iterator[Piece]:
    for piece, picture in pieces:
        video.write(side_by_side(picture, piece.events))
        yield piece


def _watched(best: BestMoments, pieces: Iterable[tuple[Piece, Grey]]) -> Iterator[Piece]:
    for piece, picture in pieces:
        stamp_ns = piece.stop_ns
        best.add(Moment(stamp_ns, Picture(stamp_ns, picture), piece.events, None))
        yield piece
