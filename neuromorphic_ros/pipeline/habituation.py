"""Let a novelty filter hear what is normal, as messages of its sensors, until it is used to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from neuromorphic_ros.decoding.alert import Level
from neuromorphic_ros.pipeline.pipeline import Decision, Pipeline
from neuromorphic_ros.snn.novelty import habituated, heard_by
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork

SpanNs = tuple[int, int]


class Heard(NamedTuple):
    """A message of a sensor, and when it came [ns]."""

    sensor: str
    message: Any
    log_ns: int


class Stretch(NamedTuple):
    """What sensors told for some time; wrong_ns: from when until when something was wrong."""

    hear: Callable[[], Iterator[Heard]]
    wrong_ns: SpanNs | None = None


def decisions(pipeline: Pipeline, told: Iterable[Heard], decisions_hz: float) -> Iterator[Decision]:
    """Yield what a pipeline decides on messages that come at their stamps.

    decisions_hz: how often; what is slow need not be decided in every tick.
    """
    pipeline.core.decisions_hz = decisions_hz
    for each in told:
        pipeline.receive(each.sensor, each.message, each.log_ns)
        yield from pipeline.advance(each.log_ns)


def used_to(
    spec: NetworkSpec, normal: Iterable[Stretch], share: float, decisions_hz: float
) -> NetworkSpec:
    """Return a network that has heard what is normal; share: as `habituated` takes it."""
    spikes = {name: np.zeros(spec.population(name).size, np.int64) for name in heard_by(spec)}
    for stretch in normal:
        pipeline = Pipeline(StreamingNetwork(spec))
        for decision in decisions(pipeline, stretch.hear(), decisions_hz):
            for name, fired in spikes.items():
                fired += decision.step.spikes[name].counts().ravel()
    return habituated(spec, spikes, share)


def raised(found: Iterable[Decision]) -> Iterator[int]:
    """Yield the times at which alerts rise from normal [ns]."""
    before = Level.NORMAL
    for decision in found:
        if decision.alert:
            if before == Level.NORMAL < decision.alert.level:
                yield decision.alert.stamp_ns
            before = decision.alert.level
