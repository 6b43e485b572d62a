"""The report of a run: what was received, in seven sections."""

from __future__ import annotations

import numpy as np

from neuromorphic_ros.energy.price import Price
from neuromorphic_ros.pipeline.outputs import SPIKES
from neuromorphic_ros.report.detections import detections_figure
from neuromorphic_ros.report.energy import Bill, Priced, bill, energy_figure
from neuromorphic_ros.report.events import events_figure, moments
from neuromorphic_ros.report.html import Page, Picture, Section, Table
from neuromorphic_ros.report.motion import motion_figure
from neuromorphic_ros.report.rasters import rasters_figure
from neuromorphic_ros.report.record import Record
from neuromorphic_ros.report.style import png
from neuromorphic_ros.report.words import NOT_MEASURED, count, energy, number

NOTHING = "Nothing of this kind was received."


def report_page(record: Record, source: str) -> Page:
    """Return the report; source: what was played, for people."""
    priced = bill(record)
    return Page(
        title=f"{record.network or 'No network'} on {source}",
        subtitle="Every figure below is of messages that were received over DDS while real nodes "
        "ran.",
        facts=_facts(record, priced),
        sections=[
            _run(record, source, priced),
            _events(record),
            _rasters(record),
            _motion(record),
            _detections(record),
            _energy(record, priced),
            _health(record),
        ],
    )


def _facts(record: Record, priced: Bill | None) -> list[tuple[str, str]]:
    median_us, _ = _tick_us(record)
    facts = [
        (f"{_duration_s(record):.1f} s", "received"),
        (count(sum(record.counts.values())), "messages recorded"),
        (number(median_us, "µs"), "median time of a tick"),
        (count(len(record.commands)), "velocity commands"),
        (count(sum(len(found.boxes) for found in record.detections)), "detections"),
    ]
    if priced:
        facts.insert(2, (count(int(priced.counts.spikes.sum())), "spikes"))
        mine = _hardware(record)
        for item in priced.priced:
            if item.model.name == mine:
                bound = "at least, " if item.price.lower_bound else ""
                facts.append((energy(item.price.total_pj), f"{bound}priced on {mine}"))
    return facts


def _run(record: Record, source: str, priced: Bill | None) -> Section:
    rows = [("recording", source), ("network", record.network or "none reported")]
    if priced:
        names, sizes = priced.counts.names, priced.counts.sizes.tolist()
        parts = [f"{name} ({size:,})" for name, size in zip(names, sizes, strict=True)]
        rows.append(("inputs and populations", ", ".join(parts)))
        rows.append(("ticks", f"{priced.counts.ticks:,} in {priced.window_s:.1f} s"))
    if record.energy:
        report = record.energy[-1]
        rows.append(("energy priced on", f"{report.hardware}, dense network on {report.baseline}"))
    rows += [
        (topic, f"{record.counts[topic]:,} {kind}")
        for topic, kind in sorted(record.types.items())
        if kind != SPIKES and record.counts[topic]
    ]
    spikes = [topic for topic, kind in sorted(record.types.items()) if kind == SPIKES]
    rows.append(("spikes", ", ".join(f"{topic} {record.counts[topic]:,}" for topic in spikes)))
    words = (
        "Topics with the number of messages that were recorded: all that came, but of images at "
        "most ten per second. How many the network received is below, under Health."
    )
    return Section("What ran", words, [Table((), rows)])


def _events(record: Record) -> Section:
    shown = moments(record)
    if not shown:
        return Section("Event frames", NOTHING)
    picture = png(lambda: events_figure(shown, record.start_ns))
    return Section(
        "Event frames",
        "Camera frames above the events that they led to in the window of the detections: pixels "
        "that became brighter are blue, darker ones red. Boxes are the detections of that window.",
        [Picture(picture, "Camera frames, their events and detections at several instants")],
    )


def _rasters(record: Record) -> Section:
    if not any(len(batch) for batch in record.spikes.values()):
        return Section("Spikes", NOTHING)
    return Section(
        "Spikes",
        "Every spike of inputs and populations by channel. Where there are too many to tell apart, "
        "the shade is their density.",
        [Picture(png(lambda: rasters_figure(record)), "Spike rasters of all populations")],
    )


def _motion(record: Record) -> Section:
    if not record.commands:
        return Section("Motion", NOTHING)
    words = (
        "The velocity commands, stamped with the time of sending, against the nearest return of "
        "the lidar in three sectors: left and right from 23 to 69 degrees, ahead within 23."
    )
    picture = png(lambda: motion_figure(record))
    return Section("Motion", words, [Picture(picture, "Nearest returns and velocity commands")])


def _detections(record: Record) -> Section:
    found = sum(len(item.boxes) for item in record.detections)
    if not record.detections:
        return Section("Detections", NOTHING)
    seen = sum(bool(item.boxes) for item in record.detections)
    words = (
        f"{found:,} boxes in {seen:,} of {len(record.detections):,} windows. "
        "Each bar is the width of a box, the darker the surer."
    )
    picture = png(lambda: detections_figure(record))
    return Section("Detections", words, [Picture(picture, "Detections over time")])


def _energy(record: Record, priced: Bill | None) -> Section:
    if priced is None:
        return Section("Energy", NOTHING)
    operations = Table(
        ("spikes", "synaptic events", "neuron updates", "ticks", "dense equivalent"),
        [
            (
                count(int(priced.counts.spikes.sum())),
                count(int(priced.counts.synaptic_events.sum())),
                count(int(priced.counts.neuron_updates.sum())),
                count(priced.counts.ticks),
                f"{int(priced.counts.dense_macs.sum()):,} multiply-accumulates",
            )
        ],
    )
    rows = [_price_row(item, priced.counts.ticks) for item in priced.priced]
    dense = priced.priced[0].price
    rows.append(("dense baseline", dense.baseline, energy(dense.baseline_pj), "", "", "", ""))
    headings = (
        "hardware",
        "what it is",
        "dynamic",
        "static",
        "total",
        "per tick",
        "weakest price",
    )
    return Section(
        "Energy",
        "Counted, then priced: the exact counts of this run times published energies per "
        "operation. These are prices, not measurements, and each is only as good as its weakest "
        "source. A total marked 'at least' lacks a price, so that it is a lower bound; hardware "
        "with different prices missing must not be ranked by it. The dense baseline is the same "
        "network with every synapse computed in every tick, arithmetic alone. "
        f"Measured by a meter: {_measured(record)}.",
        [
            operations,
            Table(headings, rows),
            Picture(png(lambda: energy_figure(priced)), "Priced energy by hardware"),
        ],
    )


def _price_row(item: Priced, ticks: int) -> tuple[str, ...]:
    priced = item.price
    return (
        item.model.name,
        item.model.description,
        energy(priced.dynamic_pj) if item.has_operations else "not published",
        "not published" if np.isnan(priced.static_pj) else energy(priced.static_pj),
        _total(priced),
        ("at least " if priced.lower_bound else "") + energy(priced.total_pj / max(1, ticks)),
        priced.grade,
    )


def _health(record: Record) -> Section:
    median_us, late_us = _tick_us(record)
    late = str(int(record.rates[-1].late_spikes)) if record.rates else NOT_MEASURED
    rows = [
        ("time of a tick, median", number(median_us, "µs")),
        ("time of a tick, 99th percentile, worst second", number(late_us, "µs")),
        ("late spikes, dropped", late),
    ]
    rows += [
        (
            name,
            f"{line.values['received']} received, {line.values.get('rejected', '0')} rejected",
        )
        for name, line in sorted(record.diagnostics.items())
        if "received" in line.values
    ]
    if record.unreadable:
        rows.append(("recorded messages that could not be read", count(record.unreadable)))
    raised = [
        (name, f"{line.worst_message}{'' if line.level else ' (over by the end)'}")
        for name, line in sorted(record.diagnostics.items())
        if line.worst
    ]
    complaints = Table(("diagnostics", "warning or error"), raised or [("none", "")])
    return Section(
        "Health",
        "What the nodes said about themselves, once per second, until the end of the recording.",
        [Table((), rows), complaints],
    )


def _duration_s(record: Record) -> float:
    return (record.end_ns - record.start_ns) / 1e9


def _tick_us(record: Record) -> tuple[float, float]:
    """Return the median of the medians and the worst 99th percentile [us]; NaN: not measured."""
    times = np.array([(item.step_us_p50, item.step_us_p99) for item in record.rates])
    known = times[~np.isnan(times).any(axis=1)] if times.size else times
    if not known.size:
        return (np.nan, np.nan)
    return (float(np.median(known[:, 0])), float(known[:, 1].max()))


def _hardware(record: Record) -> str:
    return str(record.energy[-1].hardware) if record.energy else ""


def _total(priced: Price) -> str:
    return ("at least " if priced.lower_bound else "") + energy(priced.total_pj)


def _measured(record: Record) -> str:
    joules = [item.measured_j for item in record.energy]
    known = [value for value in joules if not np.isnan(value)]
    return number(sum(known), "J") if known else NOT_MEASURED
