"""`neuromorphic replay`: run a recording through a network offline."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import math
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from neuromorphic_ros.backends.base import Runner
from neuromorphic_ros.backends.registry import backend, compiler
from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.recording import Recording
from neuromorphic_ros.bags.topics import find_topics
from neuromorphic_ros.bags.typestore import serialize, to_message
from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.cli.assignments import add_topic_argument, assignments
from neuromorphic_ros.cli.rejections import Rejections
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.pipeline.agreement import Trace, agreement, document
from neuromorphic_ros.pipeline.energy_account import EnergyAccount, Hardware
from neuromorphic_ros.pipeline.networks import find_hardware, find_network
from neuromorphic_ros.pipeline.outputs import OutputMessage
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.profile import Profile, load_profile
from neuromorphic_ros.pipeline.replay import Rejected, replay
from neuromorphic_ros.pipeline.sensing import MESSAGE_TYPES
from neuromorphic_ros.pipeline.tuning import tune
from neuromorphic_ros.snn.streaming import StreamingNetwork

Output = OutputMessage | Rejected
MODULATION = "std_msgs/msg/Float32"


def add_parser(subparsers: Any) -> None:
    """Add the `replay` subcommand."""
    parser = subparsers.add_parser(
        "replay",
        help="run a recording through a network, offline and deterministic",
        description="Run encoders, core and decoders on a recording's own stamps, as fast as the "
        "machine allows, and write every output topic to an MCAP rosbag2.",
    )
    parser.add_argument("bag", type=Path, help="rosbag2, ROS 1 bag, CARMEN log or video")
    parser.add_argument("--network", help="name or file (default: that of the profile)")
    parser.add_argument("--profile", default="jetson", help="hardware profile (default: jetson)")
    parser.add_argument("--out", type=Path, help="folder of the bag to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing --out")
    add_topic_argument(parser)
    parser.add_argument(
        "-p",
        "--param",
        action="append",
        default=[],
        metavar="SET.FIELD=VALUE",
        help="parameter of the pipeline, e.g. drive.linear_gain_m_s=0.3",
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.set_defaults(run=run)


class Written(NamedTuple):
    """One output topic: its type, the number of messages and the hash of all their bytes."""

    type: str
    messages: int
    digest: Any


def run(arguments: argparse.Namespace) -> int:
    """Replay and print the summary.

    Raises NeuromorphicError if the recording, the network or the profile cannot be used.
    """
    profile = load_profile(arguments.profile)
    spec = find_network(arguments.network or profile.network)
    pipeline = _tuned(compiler(profile.backend, profile.options)(spec), profile, arguments)
    hardware = Hardware(find_hardware(profile.hardware), find_hardware(profile.baseline))
    account = EnergyAccount(hardware)
    wanted = {sensor: MESSAGE_TYPES[sensor] for sensor in pipeline.sensors}
    chosen = assignments(arguments.topic)
    with contextlib.ExitStack() as stack:
        recording = stack.enter_context(open_recording(arguments.bag))
        for modulator in pipeline.core.modulators:
            # Of many topics of plain numbers, only the name tells which one is meant.
            if modulator in chosen or f"/{modulator}" in recording.topics:
                wanted[modulator] = (MODULATION,)
                chosen.setdefault(modulator, f"/{modulator}")
        topics = find_topics(recording, wanted, chosen)
        for sensor, topic in topics.items():
            print(f"{sensor}: {topic}", file=sys.stderr)
        writer = None
        if arguments.out:
            writer = stack.enter_context(RecordingWriter(arguments.out, arguments.overwrite))
        begun_s = time.perf_counter()
        trace = Trace(spec) if arguments.json else None
        written = _replay(pipeline, recording, topics, account, writer, trace)
        taken_s = time.perf_counter() - begun_s
        summary = _summary(recording, pipeline, account, written, taken_s)
        if trace:
            reference = trace
            if not isinstance(pipeline.core.runner, StreamingNetwork):
                in_float = _tuned(StreamingNetwork(spec), profile, arguments)
                reference = _reference(in_float, recording, topics, hardware)
            lag_ticks = backend(profile.backend).examine(spec).lag_ticks
            summary["agreement"] = document(agreement(trace, reference, lag_ticks))
    if arguments.json:
        print(json.dumps(summary))
    else:
        _print(summary)
    return 0


def _tuned(runner: Runner, profile: Profile, arguments: argparse.Namespace) -> Pipeline:
    pipeline = Pipeline(runner)
    tune(pipeline.tunables, {**profile.tuned(pipeline.tunables), **assignments(arguments.param)})
    return pipeline


def _reference(
    pipeline: Pipeline, recording: Recording, topics: Mapping[str, str], hardware: Hardware
) -> Trace:
    """Return what the same network makes of the recording in float."""
    trace = Trace(pipeline.core.runner.spec)
    for output in replay(pipeline, recording, topics, EnergyAccount(hardware)):
        if isinstance(output, OutputMessage):
            trace.add(output)
    return trace


def _replay(
    pipeline: Pipeline,
    recording: Recording,
    topics: Mapping[str, str],
    account: EnergyAccount,
    writer: RecordingWriter | None,
    trace: Trace | None,
) -> dict[str, Written]:
    written: dict[str, Written] = {}
    rejections = Rejections()
    for output in _until_damage(replay(pipeline, recording, topics, account), writer):
        if isinstance(output, Rejected):
            rejections.tell(output)
            continue
        if trace:
            trace.add(output)
        topic = f"/{output.topic}"
        raw = serialize(output.type, to_message(output.type, output.fields))
        known = written.get(topic) or Written(output.type, 0, hashlib.sha256())
        known.digest.update(raw)
        written[topic] = known._replace(messages=known.messages + 1)
        if writer:
            writer.write(topic, output.type, raw, output.stamp_ns)
    rejections.sum_up("messages")
    for name, item in pipeline.inputs.items():
        if (health := item.health()) and health.level != "ok":
            print(f"{name}: {health.message}", file=sys.stderr)
    return written


def _until_damage(outputs: Iterator[Output], writer: RecordingWriter | None) -> Iterator[Output]:
    """Keep what was written before the recording turns out to be damaged."""
    try:
        yield from outputs
    except BagError as damage:
        if writer is None:
            raise
        writer.close()
        raise BagError(f"{damage}; what came before is in {writer.path}") from None


def _summary(
    recording: Recording,
    pipeline: Pipeline,
    account: EnergyAccount,
    written: Mapping[str, Written],
    taken_s: float,
) -> dict[str, Any]:
    duration_s = (recording.end_ns - recording.start_ns) / 1e9
    counts = pipeline.core.runner.counts()
    energy = account.total() or {}
    return {
        "duration_s": duration_s,
        "realtime_factor": duration_s / taken_s,
        "ticks": counts.ticks,
        "late_spikes": pipeline.core.late_spikes,
        "spikes": counts.by_population(),
        "counters": {
            name: value
            for item in pipeline.inputs.values()
            for name, value in item.counters.items()
        },
        "topics": {
            topic: {"type": item.type, "count": item.messages, "sha256": item.digest.hexdigest()}
            for topic, item in sorted(written.items())
        },
        "energy": {
            # NaN stands for "not known" in messages, but is not JSON.
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in energy.items()
            if name != "header"
        },
    }


def _print(summary: Mapping[str, Any]) -> None:
    print(
        f"{summary['duration_s']:.1f} s at {summary['realtime_factor']:.0f} times real time, "
        f"{summary['ticks']} ticks"
    )
    for name, count in summary["spikes"].items():
        print(f"  {name}: {count} spikes")
    for name, value in summary["counters"].items():
        print(f"  {name}: {value:g}")
    for topic, item in summary["topics"].items():
        print(f"  {topic}: {item['count']} {item['type']}")
    energy = summary["energy"]
    if energy:
        bound = "at least " if energy["lower_bound"] else ""
        print(
            f"  {bound}{energy['total_pj'] / 1e6:.3f} uJ priced on {energy['hardware']} "
            f"({energy['grade']}); {energy['baseline_pj'] / 1e6:.3f} uJ if computed densely on "
            f"{energy['baseline']}"
        )
