"""`neuromorphic energy`: what a recording would take on each kind of hardware."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from neuromorphic_ros.backends.registry import compiler
from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.topics import find_topics
from neuromorphic_ros.cli.assignments import ArgumentError, add_topic_argument, assignments
from neuromorphic_ros.cli.rejections import Rejections
from neuromorphic_ros.energy.price import Price, operations, price, ratio_words
from neuromorphic_ros.pipeline.energy_account import EnergyAccount, priced_on
from neuromorphic_ros.pipeline.networks import find_network, hardware_names
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.profile import load_profile
from neuromorphic_ros.pipeline.replay import Rejected, replay
from neuromorphic_ros.pipeline.sensing import MESSAGE_TYPES
from neuromorphic_ros.pipeline.tuning import tune
from neuromorphic_ros.snn.counts import OF_NODES, OF_PROJECTIONS, Counts

ALL = "all"
HEADINGS = ("hardware", "dynamic uJ", "static uJ", "total uJ", "grade", "dense uJ", "ratio")


def add_parser(subparsers: Any) -> None:
    """Add the `energy` subcommand."""
    parser = subparsers.add_parser(
        "energy",
        help="price a recording on every hardware",
        description="Run a recording through a network, count what it does, and price that by the "
        "published figures of each hardware, beside the same network computed densely. Nothing is "
        "measured.",
    )
    parser.add_argument("bag", type=Path, help="rosbag2, ROS 1 bag, CARMEN log or video")
    parser.add_argument("--network", help="name or file (default: that of the profile)")
    parser.add_argument("--profile", default="jetson", help="hardware profile (default: jetson)")
    parser.add_argument(
        "--hardware", default=ALL, help=f"names joined by commas, or {ALL} (default)"
    )
    parser.add_argument(
        "--baseline", default="", help="prices the dense network (default: as each hardware names)"
    )
    add_topic_argument(parser)
    parser.add_argument(
        "-p",
        "--param",
        action="append",
        default=[],
        metavar="SET.FIELD=VALUE",
        help="parameter of the pipeline",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, an object by hardware")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Replay, price and print.

    Raises NeuromorphicError if the recording, the network or a hardware cannot be used.
    """
    names = hardware_names() if arguments.hardware == ALL else arguments.hardware.split(",")
    hardware = [priced_on(name, arguments.baseline) for name in names]
    account = EnergyAccount(hardware[0])
    _replay(arguments, account)
    counts, window_s = account.counts, account.window_s
    if counts is None:
        raise ArgumentError(f"{arguments.bag}: nothing was counted: no sensor sent anything usable")
    prices = [price(counts, window_s, each.model, each.baseline) for each in hardware]
    if arguments.json:
        print(json.dumps({each.hardware: document(each, counts, window_s) for each in prices}))
        return 0
    for line in lines(prices, counts, window_s):
        print(line)
    return 0


def document(priced: Price, counts: Counts, window_s: float) -> dict[str, Any]:
    """Return a price and the counts behind it as JSON has it; null: not known."""
    shown = {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in priced._asdict().items()
        if name != "hardware"
    }
    by_population = {
        name: {field: int(getattr(counts, field)[index]) for field in OF_NODES}
        for index, name in enumerate(counts.names)
    }
    by_projection = [
        {
            "projection": name,
            **{field: int(getattr(counts, field)[index]) for field in OF_PROJECTIONS},
        }
        for index, name in enumerate(counts.projections)
    ]
    return {
        **shown,
        "window_s": window_s,
        "ratio_is": ratio_words(priced),
        "ratio_with_static_is": ratio_words(priced, with_static=True),
        "counts": {
            **_totals(counts),
            "by_population": by_population,
            "by_projection": by_projection,
        },
    }


def lines(prices: Sequence[Price], counts: Counts, window_s: float) -> Iterator[str]:
    """Yield the activity of the run, its counts, and a table of the hardware."""
    yield f"{window_s:.1f} s, {counts.ticks} ticks; spikes per neuron and tick:"
    updates = counts.sizes * max(1, counts.ticks)
    for name, spikes, share in zip(
        counts.names, counts.spikes, counts.spikes / updates, strict=True
    ):
        yield f"  {name}: {share:.4%} ({spikes} spikes)"
    yield "counts: " + ", ".join(f"{name} {number}" for name, number in _totals(counts).items())
    rows = [HEADINGS, *(_row(each) for each in prices)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    yield ""
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    yield ""
    yield "ratios, of published prices and not of measurements:"
    for each in prices:
        yield f"  {ratio_words(each)}"
        if not math.isnan(each.ratio_with_static):
            yield f"  {ratio_words(each, with_static=True)}"
        if each.missing:
            yield f"    not published: {', '.join(each.missing)}"


def _totals(counts: Counts) -> Mapping[str, int]:
    named = {"neuron_update": "active_updates", "memory_byte": "memory_bytes"}
    return {
        **{named.get(name, f"{name}s"): times for name, times in operations(counts).items()},
        "neuron_updates": int(counts.neuron_updates.sum()),
        "dense_macs": int(counts.dense_macs.sum()),
        "dense_bytes": int(counts.dense_bytes.sum()),
        "ticks": counts.ticks,
    }


def _row(priced: Price) -> tuple[str, ...]:
    bound = "at least " if priced.lower_bound else ""
    ratio = "not known" if math.isnan(priced.ratio) else f"{priced.ratio:.3g}"
    static = "not known" if math.isnan(priced.static_pj) else f"{priced.static_pj / 1e6:.4g}"
    return (
        priced.hardware,
        f"{priced.dynamic_pj / 1e6:.4g}",
        static,
        f"{bound}{priced.total_pj / 1e6:.4g}",
        priced.grade,
        f"{priced.baseline_pj / 1e6:.4g} on {priced.baseline}",
        ratio,
    )


def _replay(arguments: argparse.Namespace, account: EnergyAccount) -> None:
    profile = load_profile(arguments.profile)
    spec = find_network(arguments.network or profile.network)
    pipeline = Pipeline(compiler(profile.backend, profile.options)(spec))
    tune(pipeline.tunables, {**profile.tuned(pipeline.tunables), **assignments(arguments.param)})
    wanted = {sensor: MESSAGE_TYPES[sensor] for sensor in pipeline.sensors}
    rejections = Rejections()
    with open_recording(arguments.bag) as recording:
        topics = find_topics(recording, wanted, assignments(arguments.topic))
        for sensor, topic in topics.items():
            print(f"{sensor}: {topic}", file=sys.stderr)
        for output in replay(pipeline, recording, topics, account):
            if isinstance(output, Rejected):
                rejections.tell(output)
    rejections.sum_up("messages")
