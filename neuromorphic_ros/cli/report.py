"""`neuromorphic report`: a recorded run as a page or a figure."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from neuromorphic_ros.report.html import write_file, write_page
from neuromorphic_ros.report.overview import overview_figure
from neuromorphic_ros.report.page import report_page
from neuromorphic_ros.report.record import read_record
from neuromorphic_ros.report.style import png

FIGURE_DPI = 140


def add_parser(subparsers: Any) -> None:
    """Add the `report` subcommand."""
    parser = subparsers.add_parser(
        "report",
        help="make a page or a figure of a recorded run",
        description="Show a recording of sensors, spikes, rates, energy, commands and detections, "
        "such as that of `neuromorphic demo` or of the recorder node, as a self-contained page.",
    )
    parser.add_argument("bag", type=Path, help="recording of a run")
    parser.add_argument(
        "--out", type=Path, default=Path("report.html"), help="page (default: report.html)"
    )
    parser.add_argument("--figure", type=Path, help="write one wide figure here instead of a page")
    parser.add_argument("--source", help="what was played (default: name of the recording)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the page or the figure and print where it is.

    Raises NeuromorphicError if the recording cannot be read or the file cannot be written.
    """
    record = read_record(arguments.bag)
    if arguments.figure:
        write_file(png(lambda: overview_figure(record), FIGURE_DPI), arguments.figure)
        print(arguments.figure)
        return 0
    write_page(report_page(record, arguments.source or arguments.bag.name), arguments.out)
    print(arguments.out)
    return 0
