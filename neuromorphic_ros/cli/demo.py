"""`neuromorphic demo`: a recording or a camera through a network on real nodes, with a report."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from neuromorphic_ros.cli.assignments import ArgumentError, add_topic_argument, assignments
from neuromorphic_ros.cli.demo_source import Source, camera, recorded
from neuromorphic_ros.cli.domain import own_domain
from neuromorphic_ros.cli.node_commands import node_commands, require_ros
from neuromorphic_ros.cli.node_log import NodeLog
from neuromorphic_ros.cli.processes import run_together
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.pipeline.bringup import NodePlan, Playback, Request, plan
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.pipeline.outputs import spike_topic
from neuromorphic_ros.report.html import write_page
from neuromorphic_ros.report.page import report_page
from neuromorphic_ros.report.record import read_record
from neuromorphic_ros.resources import share_directory

DURATION_S = 40.0
DEVICE_DURATION_S = 20.0
LONGEST_S = 3600.0
OUTPUTS = ("/cmd_vel", "/detections", "/rates", "/energy", "/diagnostics")
# A report shows few pictures, and all of a large camera would fill the disk.
IMAGE_PERIOD_S = 0.1
# Until all nodes have found each other on a slow and busy machine.
START_TIMEOUT_S = 60.0
RECORDING = "recording"
REPORT = "report.html"


def add_parser(subparsers: Any) -> None:
    """Add the `demo` subcommand."""
    parser = subparsers.add_parser(
        "demo",
        help="run a recording, video or camera through a network on real nodes",
        description="Start the nodes, feed them a recording over DDS, show live what they do and "
        "write a report of what was received.",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "recording",
        nargs="?",
        type=Path,
        help="rosbag2, ROS 1 bag, CARMEN log or video (default: a simulated wheeled robot)",
    )
    source.add_argument("--device", type=int, help="number of a camera to use instead, live")
    parser.add_argument("--network", help="name or file (default: by what the recording has)")
    parser.add_argument("--profile", default="jetson", help="hardware profile (default: jetson)")
    add_topic_argument(parser)
    parser.add_argument(
        "--duration",
        type=float,
        help=f"seconds at most (default: {DURATION_S:g}, a camera {DEVICE_DURATION_S:g})",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("demo"), help="folder of the report (default: demo)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the demonstration and write its report; return 1 if a node has failed.

    Raises NeuromorphicError if the recording cannot be used, the camera cannot be opened or ROS 2
    is missing.
    """
    source = _source(arguments)
    out: Path = arguments.out
    nodes = _nodes(source, arguments.profile, out / RECORDING)
    require_ros()
    _forget(out / RECORDING)
    print(f"{source.name}, network {source.network}, {source.duration_s:.0f} s", flush=True)
    played = _play(nodes, source.duration_s, out / "nodes.log")
    if played.failure:
        print(f"neuromorphic: {played.failure}", file=sys.stderr)
    reported = _report(out, source.name)
    return 0 if played.was_interrupted or (reported and not played.failure) else 1


def _source(arguments: argparse.Namespace) -> Source:
    duration_s = arguments.duration
    if duration_s is not None and not 0.0 < duration_s <= LONGEST_S:
        raise ArgumentError(f"--duration is {duration_s:g}; choose up to {LONGEST_S:g} s")
    if arguments.device is not None:
        return camera(arguments.device, arguments.network, duration_s or DEVICE_DURATION_S)
    path = arguments.recording or share_directory() / "recordings" / "wheeled_robot"
    chosen = assignments(arguments.topic)
    return recorded(path, arguments.network, chosen, duration_s or DURATION_S)


def _nodes(source: Source, profile: str, recording: Path) -> list[NodePlan]:
    """Return the nodes of the network, and those that record and show what it does."""
    spikes = [f"/{spike_topic(name)}" for name in find_network(source.network).shapes]
    sensors = sorted(source.topics.values())
    playing = {
        "topics": sensors,
        # Recorder and monitor, beside the pipeline for sensors and the energy monitor for rates.
        "wait_for": [*sensors, "/rates"],
        "wait_subscribers": 3,
        "wait_timeout_s": START_TIMEOUT_S,
    }
    # Sensors may lose messages, recordings must not: large images do in sensors' usual QoS.
    reliable = {f"qos_overrides.{topic}.subscription.reliability": "reliable" for topic in sensors}
    request = Request(
        profile=profile,
        network=source.network,
        topics=source.topics,
        playback=Playback(source.bag) if source.bag else None,
        parameters={"bag_player": playing, "pipeline": reliable} if source.bag else {},
    )
    nodes = list(plan(request))
    clock = {"use_sim_time": source.bag is not None}
    recorder = {
        "path": str(recording.resolve()),
        "topics": [*sensors, *spikes, *OUTPUTS],
        "duration_s": source.duration_s,
        "image_period_s": IMAGE_PERIOD_S,
    }
    nodes += [
        NodePlan("recorder", "", (), clock | recorder),
        NodePlan("monitor", "", (), clock | (reliable if source.bag else {})),
    ]
    if source.bag is None:
        video = {"source": str(source.device), "loop": False}
        nodes.append(NodePlan("video_source", "", (), video))
    return nodes


class Played(NamedTuple):
    """How a run has ended; failure: what has failed, else empty."""

    was_interrupted: bool
    failure: str


def _play(nodes: Sequence[NodePlan], duration_s: float, log_file: Path) -> Played:
    """Run the nodes until the recording, the time or the user's patience is at its end."""
    with (
        own_domain() as domain,
        NodeLog(log_file) as log,
        tempfile.TemporaryDirectory(prefix="neuromorphic_ros_") as folder,
    ):
        commands = [
            command._replace(on_terminal=command.name == "monitor")
            for command in node_commands(nodes, Path(folder))
        ]
        environment = os.environ | {
            "PYTHONUNBUFFERED": "1",
            "ROS_DOMAIN_ID": str(domain),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        }
        overdue = threading.Event()

        def give_up() -> None:
            overdue.set()
            # To this thread it would not wake the one that waits.
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

        timer = threading.Timer(START_TIMEOUT_S + duration_s, give_up)
        timer.start()
        try:
            code = run_together(commands, environment, log, may_end={"bag_player", "recorder"})
        finally:
            timer.cancel()
        if overdue.is_set():
            reason = f"the nodes did not come to their end; what they printed is in {log_file}"
            return Played(False, reason)
        return Played(log.was_interrupted, log.failure() if code else "")


def _forget(recording: Path) -> None:
    """Remove what an earlier run received: it must not become the report of this one."""
    if (recording / "metadata.yaml").is_file():
        shutil.rmtree(recording)


def _report(out: Path, source: str) -> bool:
    """Write the report; return false if the recording cannot be read."""
    try:
        record = read_record(out / RECORDING)
    except BagError as error:
        print(f"there is no report: {error}", file=sys.stderr)
        return False
    write_page(report_page(record, source), out / REPORT)
    print(f"report: {out / REPORT}")
    return True
