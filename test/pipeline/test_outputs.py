from __future__ import annotations

import dataclasses

import numpy as np

from neuromorphic_ros.decoding.velocity import STANDSTILL, Velocity
from neuromorphic_ros.pipeline.core import CoreParameters, SpikingCore
from neuromorphic_ros.pipeline.messages import StepTimes
from neuromorphic_ros.pipeline.outputs import (
    RATES,
    TWIST,
    TWIST_STAMPED,
    CoreOutputs,
    Numbering,
    command_messages,
)
from neuromorphic_ros.pipeline.readouts import Command
from neuromorphic_ros.pipeline.sensor_input import Encoded
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.spikes import SpikeBatch

MS = 1_000_000
SAMPLE = Encoded(
    100 * MS, 100 * MS, "laser", SpikeBatch((4,), np.zeros(1, np.uint32), np.array([100 * MS]))
)


def outputs(spec: NetworkSpec, wanted: set[str]) -> tuple[SpikingCore, CoreOutputs]:
    core = SpikingCore(StreamingNetwork(spec), CoreParameters())
    return core, CoreOutputs(core, lambda topic: topic in wanted)


def test_spikes_that_nobody_wants_are_not_built(spec: NetworkSpec) -> None:
    core, made = outputs(spec, {"spikes/motor"})
    assert list(made.encoded("scan", SAMPLE)) == []
    core.push("scan", SAMPLE.spikes, SAMPLE.stamp_ns, 200 * MS)
    topics = [item.topic for step in core.advance(200 * MS) for item in made.stepped(step)]
    assert set(topics) == {"spikes/motor"}


def test_populations_take_the_frame_of_their_sensor(spec: NetworkSpec) -> None:
    _, made = outputs(spec, {"spikes/motor"})
    assert made.frame_of("motor") == ""
    list(made.encoded("scan", SAMPLE))
    assert made.frame_of("motor") == "laser"


def test_rates_cover_what_was_not_reported_yet(spec: NetworkSpec) -> None:
    core, made = outputs(spec, set())
    assert list(made.report(0, StepTimes())) == []
    core.push("scan", SAMPLE.spikes, SAMPLE.stamp_ns, 200 * MS)
    assert [item for step in core.advance(200 * MS) for item in made.stepped(step)] == []
    assert not made.report_is_due
    (report,) = made.report(200 * MS, StepTimes())
    assert report.type == RATES
    assert (report.fields["ticks"], report.fields["window_s"]) == (100, 0.1)
    assert list(made.report(200 * MS, StepTimes())) == []


def test_rates_of_networks_that_take_turns_are_told_one_by_one(spec: NetworkSpec) -> None:
    core, made = outputs(spec, set())
    first = core.runner
    other = StreamingNetwork(dataclasses.replace(spec, dt_ms=2.0))
    core.push("scan", SAMPLE.spikes, SAMPLE.stamp_ns, 2_000 * MS)
    reports = []
    for stop_ms in (200, 400, 600):
        core.switch(first if stop_ms == 600 else other if stop_ms == 400 else first)
        for step in core.advance(stop_ms * MS):
            reports += made.stepped(step)
    reports += made.report(600 * MS, StepTimes())
    told = [(each.fields["ticks"], round(each.fields["window_s"], 3)) for each in reports]
    assert told == [(100, 0.1), (100, 0.2), (200, 0.2)]
    assert [each.stamp_ns for each in reports] == [200 * MS, 400 * MS, 600 * MS]


def test_messages_are_numbered_by_topic_and_start_again_after_the_last_number() -> None:
    numbering = Numbering()
    numbering._next["spikes/a"] = 2**32 - 1
    fields = [{"population": name} for name in ("a", "b", "a", "b")]
    found = [item.fields["sequence"] for item in numbering.messages(fields, 0)]
    assert found == [2**32 - 1, 0, 0, 1]


def test_silence_is_no_message_and_standstill_is_one() -> None:
    assert list(command_messages(Command(5, None, "old"), 7, "base_link", stamped=True)) == []
    (zero,) = command_messages(Command(5, STANDSTILL, "old"), 7, "base_link", stamped=True)
    assert zero.type == TWIST_STAMPED
    assert zero.stamp_ns == 5
    assert zero.fields["header"] == {"stamp": 7, "frame_id": "base_link"}
    (plain,) = command_messages(Command(5, Velocity(1.0, 2.0), ""), 7, "", stamped=False)
    assert plain.type == TWIST
    assert plain.fields == {"linear": {"x": 1.0}, "angular": {"z": 2.0}}
