"""`neuromorphic office`: record a simulated office as a rosbag2."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from neuromorphic_ros.cli.simulated_recording import write_samples
from neuromorphic_ros.simulation.office import KINDS, incident, recorded_office


def add_parser(subparsers: Any) -> None:
    """Add the `office` subcommand."""
    parser = subparsers.add_parser(
        "office",
        help="record days of a simulated office as a rosbag2",
        description="Write temperature, humidity and motion of a simulated office in winter, every "
        "30 s, as an MCAP rosbag2. Something may go wrong on the first day; /incident tells what "
        "and when.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the new recording")
    parser.add_argument("--seed", type=int, default=0, help="weather and people (default: 0)")
    parser.add_argument("--days", type=int, default=1, help="days (default: 1)")
    parser.add_argument("--incident", choices=KINDS, help="what goes wrong (default: nothing)")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing recording")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the recording and print where it is.

    Raises BackendError if the number of days is wrong and BagError if the folder cannot be written.
    """
    wrong = incident(arguments.incident, arguments.seed, 0) if arguments.incident else None
    samples = recorded_office(arguments.seed, arguments.days, wrong)
    written = write_samples(arguments.out, samples, overwrite=arguments.overwrite)
    print(f"{arguments.out}: {written} messages, {arguments.days} days")
    return 0
