"""A filter of one sensor that becomes used to low values, and warns of high ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.pipeline.habituation import Heard, Stretch, decisions, raised, used_to
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.snn.novelty import NOVELTY, Channels, Pairs, novelty_filter
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Readout
from neuromorphic_ros.snn.streaming import StreamingNetwork

FIELDS = 5
SECOND_NS = 1_000_000_000


def network() -> NetworkSpec:
    rate = {"max_rate_hz": 10.0, "hold_ms": 1000.0, "fields": FIELDS}
    level = Channels("level", FIELDS)
    parts = novelty_filter([Pairs("level_by_itself", level, level, 0, 500.0)], {}, 1, 5000.0)
    return NetworkSpec(
        name="level_monitor",
        dt_ms=100.0,
        inputs=(
            Input(
                "level",
                (1, FIELDS),
                "temperature",
                "environment_population",
                {"low": 0.0, "high": 1.0, **rate},
                trigger=False,
            ),
        ),
        populations=parts.populations,
        projections=parts.projections,
        readouts=(Readout("watch", "alert", NOVELTY, {"warning_hz": 0.2, "min_duration_ms": 0.0}),),
    )


def stretch(*levels: float) -> Stretch:
    """Return levels that are told each second."""

    def hear() -> Iterator[Heard]:
        for second, level in enumerate(levels, 1):
            stamp_ns = second * SECOND_NS
            fields = {"header": {"stamp": stamp_ns, "frame_id": ""}, "temperature": level}
            message = to_message("sensor_msgs/msg/Temperature", fields)
            yield Heard("temperature", message, stamp_ns)

    return Stretch(hear)


@pytest.fixture(scope="module")
def used() -> NetworkSpec:
    return used_to(network(), [stretch(*[0.2] * 40), stretch(*[0.3] * 40)], 0.5, 1.0)


def alarms(spec: NetworkSpec, *levels: float) -> list[int]:
    """Return the seconds at which an alert is raised."""
    pipeline = Pipeline(StreamingNetwork(spec))
    return [at // SECOND_NS for at in raised(decisions(pipeline, stretch(*levels).hear(), 1.0))]


def test_all_is_new_at_first(used: NetworkSpec) -> None:
    assert len(alarms(network(), *[0.2] * 20)) == 1
    assert alarms(used, *[0.2] * 20) == []


def test_what_was_normal_in_any_stretch_raises_nothing_and_what_was_in_none_does(
    used: NetworkSpec,
) -> None:
    assert alarms(used, *[0.3] * 20, *[0.2] * 20) == []
    (at,) = alarms(used, *[0.2] * 20, *[0.9] * 10)
    assert 20 < at < 28


def test_an_alert_that_ended_is_raised_again(used: NetworkSpec) -> None:
    assert len(alarms(used, *[0.9] * 10, *[0.2] * 30, *[0.9] * 10)) == 2


def test_decisions_come_as_often_as_asked_for(used: NetworkSpec) -> None:
    pipeline = Pipeline(StreamingNetwork(used))
    found = list(decisions(pipeline, stretch(*[0.2] * 21).hear(), 0.2))
    spans = {each.step.stop_ns - each.step.start_ns for each in found[1:]}
    assert spans == {5 * SECOND_NS}
