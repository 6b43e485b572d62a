"""A pipeline that drives a simulated robot in one process, as fast as it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.pipeline.pipeline import Decision, Pipeline
from neuromorphic_ros.simulation.plant import TICK_NS, Plant
from neuromorphic_ros.simulation.sensor_sample import START_NS, SensorSample


class Moment(NamedTuple):
    """What was sensed and decided at one time; the command is in force from then on.

    elapsed_ns: since the start.
    """

    elapsed_ns: int
    samples: list[SensorSample]
    decisions: list[Decision]


def drive(
    pipeline: Pipeline, plant: Plant, topics: Mapping[str, str], duration_ns: int
) -> Iterator[Moment]:
    """Yield every moment, `TICK_NS` apart, in which a pipeline drives a robot.

    topics: the topic of each sensor. The sensors' messages arrive at the time of their stamp.
    Raises SensorError if a message cannot be used: simulated sensors do not fail by chance.
    """
    sensors = {topic: sensor for sensor, topic in topics.items()}
    for elapsed_ns in range(0, duration_ns, TICK_NS):
        plant.step(elapsed_ns)
        clock_ns = START_NS + elapsed_ns
        samples = plant.sense(elapsed_ns)
        for sample in samples:
            if sample.topic in sensors:
                message = to_message(sample.type_name, sample.fields)
                pipeline.receive(sensors[sample.topic], message, clock_ns)
        decisions = list(pipeline.advance(clock_ns))
        for decision in decisions:
            if decision.command and decision.command.velocity:
                plant.command(*decision.command.velocity)
        yield Moment(elapsed_ns, samples, decisions)
