"""Time an event graph of three layers on one core: 1000 events a call, one a call, and recomputed.

Events are those of a DVS128 gesture, without the recording made ones of the same rate. Recomputing
is what a graph network does that does not keep its nodes: the whole graph of the window, again with
each event; by torch_geometric, whose edges and relations are given for free, with the same weights
and spikes. Without torch_geometric it is our own module.

FLOPs are those of dense features, as Schaefer et al. (AEGNN, CVPR 2022) compare them: a layer takes
2 * inputs * features for each edge and for the own part of each node, pooling one for each
feature of a node. The ratio is that of the graph in the window to what one event adds.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from reporting import Row, table

from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.event_edges import event_edges
from neuromorphic_ros.snn.graph.event_graph import EventGraph
from neuromorphic_ros.snn.graph.event_graph_module import (
    EventGraphModule,
    EventGraphTensors,
    side_by_side,
)
from neuromorphic_ros.snn.graph.event_graph_spec import EventGraphSpec, random_spec
from neuromorphic_ros.spikes import SpikeBatch

DATA = Path(os.environ.get("NEUROMORPHIC_DATA", share_directory().parent / "shared" / "data"))
RECORDING = DATA / "events_dvs128_gesture" / "04_right_arm_cw.npz"
SHAPE, FEATURES, CELLS = (2, 128, 128), (16, 32, 32), (4, 4)
WINDOWS_MS = (30.0, 100.0, 300.0, 1000.0)
# No event of any window here is crowded out.
ROOM = 2**18
# Added to the biases of the layers, so that many more neurons fire.
DENSE = (1.2, 1.5, 1.0)
MADE_EVENTS, MADE_STEP_NS = 150_000, 9_500
PACKET, SINGLE = 1000, 20_000
ROUNDS, RECOMPUTED = 15, 3

Seconds = npt.NDArray[np.float64]


class Stream(NamedTuple):
    """Events and where they are from."""

    name: str
    events: SpikeBatch


class Peer(NamedTuple):
    """What computes a graph anew. run: returns the spikes of every layer."""

    name: str
    run: Callable[[EventGraphTensors], list[torch.Tensor]]


def stream() -> Stream:
    """Read the recording, or make events around a place that goes in circles."""
    if RECORDING.exists():
        with np.load(RECORDING) as file:
            x, y, p, t_us = (file[name].astype(np.int64) for name in ("x", "y", "p", "t_us"))
        address = np.ravel_multi_index((p, y, x), SHAPE).astype(np.uint32)
        return Stream(RECORDING.stem, SpikeBatch(SHAPE, address, t_us * 1000))
    generator = np.random.default_rng(0)
    time_ns = np.arange(MADE_EVENTS) * MADE_STEP_NS
    angle = 2 * np.pi * time_ns / 1e9
    centre = 64 + 40 * np.stack((np.sin(angle), np.cos(angle)))
    y, x = np.clip(generator.normal(centre, 12.0), 0, 127).astype(np.int64)
    address = np.ravel_multi_index((generator.integers(0, 2, MADE_EVENTS), y, x), SHAPE)
    return Stream("made events", SpikeBatch(SHAPE, address.astype(np.uint32), time_ns))


def denser(spec: EventGraphSpec) -> EventGraphSpec:
    """Return a graph whose neurons fire more."""
    layers = tuple(
        dataclasses.replace(layer, bias=Array(layer.bias.values + more))
        for layer, more in zip(spec.layers, DENSE, strict=True)
    )
    return dataclasses.replace(spec, layers=layers)


def push_s(graph: EventGraph, events: SpikeBatch, settled: int) -> Seconds:
    """Return the time of each packet of the events from index `settled` on, after the others."""
    graph.reset()
    graph.push_raw(events.address[:settled], events.time_ns[:settled])
    took_s = []
    for first in range(settled, len(events), PACKET):
        address = events.address[first : first + PACKET]
        time_ns = events.time_ns[first : first + PACKET]
        begun = time.perf_counter()
        graph.push_raw(address, time_ns)
        took_s.append(time.perf_counter() - begun)
    return np.array(took_s)


def shortest_s(rounds: Sequence[Seconds]) -> float:
    """Return the sum of the shortest time of each packet: other load only makes it longer."""
    return float(np.min(rounds, axis=0).sum())


def settled_at(events: SpikeBatch) -> int:
    """Return the index of the first event after the longest window."""
    return int(np.searchsorted(events.time_ns, events.time_ns[0] + int(max(WINDOWS_MS) * 1e6)))


def measure_rate(spec: EventGraphSpec, events: SpikeBatch) -> Row:
    """Push events in packets when the window is full."""
    graph, settled = EventGraph(spec), settled_at(events)
    graph.push(events)
    counts = graph.counts()
    took_s = shortest_s([push_s(graph, events, settled) for _ in range(ROUNDS)])
    fired = counts.spikes[1:] / counts.nodes / spec.widths[1:]
    return {
        "events_per_s": (len(events) - settled) / took_s,
        "edges_per_event": counts.edges / counts.nodes,
        "synaptic_events": float(counts.synaptic_events.sum() / counts.nodes),
        **{f"fire_{number}": float(part) for number, part in enumerate(fired, 1)},
    }


def measure_latency(spec: EventGraphSpec, events: SpikeBatch) -> Row:
    """Push events one a call when the window is full."""
    graph, first = EventGraph(spec), max(0, len(events) - SINGLE)
    graph.push(SpikeBatch(SHAPE, events.address[:first], events.time_ns[:first]))
    single = [
        SpikeBatch(SHAPE, events.address[at : at + 1], events.time_ns[at : at + 1])
        for at in range(first, len(events))
    ]
    took_ns = []
    for event in single:
        begun = time.perf_counter_ns()
        graph.push(event)
        took_ns.append(time.perf_counter_ns() - begun)
    median_us, p99_us = np.percentile(took_ns, (50, 99)) / 1e3
    return {"median_us": float(median_us), "p99_us": float(p99_us)}


def measure_windows(spec: EventGraphSpec, events: SpikeBatch) -> list[Row]:
    """Push the same events with each window full, in turn."""
    graphs = [
        EventGraph(dataclasses.replace(spec, window_ms=window_ms, max_events=ROOM))
        for window_ms in WINDOWS_MS
    ]
    settled = settled_at(events)
    took_s = [[push_s(graph, events, settled) for graph in graphs] for _ in range(ROUNDS)]
    pushed = len(events) - settled
    return [
        {
            "window_ms": window_ms,
            "nodes": graph.nodes,
            "us_per_event": 1e6 * shortest_s(times) / pushed,
        }
        for window_ms, graph, times in zip(
            WINDOWS_MS, graphs, zip(*took_s, strict=True), strict=True
        )
    ]


def recomputer(spec: EventGraphSpec) -> Peer:
    """Return torch_geometric, or our module where that is not installed."""
    if importlib.util.find_spec("torch_geometric"):
        from peers.graph import RelationalGraph

        return Peer("torch_geometric", RelationalGraph(spec).run)
    return Peer("our module, without torch_geometric", EventGraphModule(spec))


def measure_recomputing(spec: EventGraphSpec, events: SpikeBatch) -> Row:
    """Compute the graph of the last window anew; it must have the spikes of our module."""
    recent = events.between(int(events.time_ns[-1]) - spec.window_ns, int(events.time_ns[-1]) + 1)
    edges = event_edges(spec, recent)
    graph, peer, took_s = side_by_side(spec, [edges]), recomputer(spec), []
    with torch.inference_mode():
        fired, expected = peer.run(graph), EventGraphModule(spec)(graph)
        for _ in range(RECOMPUTED):
            begun = time.perf_counter()
            peer.run(graph)
            took_s.append(time.perf_counter() - begun)
    degree = edges.source.size / len(recent)
    whole = flops(spec, len(recent), edges.source.size)
    return {
        "recomputed_by": peer.name,
        "spikes_equal": all(map(torch.equal, fired, expected)),
        "window_nodes": len(recent),
        "recompute_events_per_s": 1 / min(took_s),
        "flops_ratio": whole / flops(spec, 1, degree),
    }


def flops(spec: EventGraphSpec, nodes: float, edges: float) -> float:
    """Return the operations of dense features on a graph."""
    products = sum(2 * layer.own.values.size for layer in spec.layers)
    return (nodes + edges) * products + nodes * spec.widths[-1]


def figure(path: Path, spec: EventGraphSpec, events: SpikeBatch, windows: list[Row]) -> None:
    """Draw the cost of an event against the nodes in the window, kept and computed anew."""
    from matplotlib.figure import Figure

    from neuromorphic_ros.report.style import BLUE, ORANGE, legend_above, png

    anew = [
        measure_recomputing(dataclasses.replace(spec, window_ms=window_ms), events)
        for window_ms in WINDOWS_MS
    ]

    def draw() -> Figure:
        drawn = Figure(figsize=(6.4, 3.4), layout="constrained")
        axes = drawn.subplots()
        nodes = [row["window_nodes"] for row in anew]
        axes.loglog(
            nodes,
            [1e6 / row["recompute_events_per_s"] for row in anew],
            "o-",
            color=ORANGE,
            label=f"computed anew by {anew[0]['recomputed_by']}",
        )
        kept = [row["us_per_event"] for row in windows]
        axes.loglog(nodes, kept, "o-", color=BLUE, label="event graph")
        axes.set_xlabel("nodes in the window")
        axes.set_ylabel("time per event [us]")
        axes.set_ylim(bottom=0.3)
        legend_above(axes)
        return drawn

    path.write_bytes(png(draw))


def contract(rate: Row, latency: Row, windows: list[Row], recomputing: Row) -> Row:
    """Return the figures that scripts read."""
    return {
        "events_per_s": rate["events_per_s"],
        **latency,
        "cost_ratio_largest_to_smallest_window": windows[-1]["us_per_event"]
        / windows[0]["us_per_event"],
        "recompute_events_per_s": recomputing["recompute_events_per_s"],
        "flops_ratio": recomputing["flops_ratio"],
    }


def main() -> int:
    """Measure and print; 1 if spikes differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--figure", type=Path, help="draw the cost against the window to this PNG")
    arguments = parser.parse_args()
    as_json = arguments.json
    torch.set_num_threads(1)
    name, events = stream()
    spec = random_spec(SHAPE, FEATURES, CELLS, 0)
    rate, latency = measure_rate(spec, events), measure_latency(spec, events)
    windows, recomputing = measure_windows(spec, events), measure_recomputing(spec, events)
    if as_json:
        print(json.dumps(contract(rate, latency, windows, recomputing)))
    else:
        dense = measure_rate(denser(spec), events)
        print(f"{len(events)} events of {name}, layers of {FEATURES} features")
        print(table([{"activity": "sparse", **rate}, {"activity": "dense", **dense}]))
        print(table([latency]))
        print(table(windows))
        print(table([recomputing]))
    if arguments.figure:
        figure(arguments.figure, spec, events, windows)
    return 0 if recomputing["spikes_equal"] else 1


if __name__ == "__main__":
    sys.exit(main())
