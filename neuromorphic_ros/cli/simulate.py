"""`neuromorphic simulate`: record a simulated drive as a rosbag2."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from neuromorphic_ros.cli.simulated_recording import write_samples


def add_parser(subparsers: Any) -> None:
    """Add the `simulate` subcommand."""
    parser = subparsers.add_parser(
        "simulate",
        help="record a simulated drive as a rosbag2",
        description="Drive a simulated robot with lidar, IMU and camera through a room of "
        "obstacles and write what it senses as an MCAP rosbag2.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the new recording")
    parser.add_argument("--seed", type=int, default=0, help="room and noise (default: 0)")
    parser.add_argument("--duration", type=float, default=20.0, help="seconds (default: 20)")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing recording")
    parser.add_argument(
        "--no-camera", action="store_true", help="leave out the images, which need OpenGL"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the recording and print where it is.

    Raises BackendError if the simulation cannot run and BagError if the folder cannot be written.
    """
    # The other subcommands must work without mujoco.
    from neuromorphic_ros.simulation.recording import recorded_samples

    samples = recorded_samples(arguments.seed, arguments.duration, camera=not arguments.no_camera)
    written = write_samples(arguments.out, samples, overwrite=arguments.overwrite)
    print(f"{arguments.out}: {written} messages, {arguments.duration:g} s")
    return 0
