"""Unusual surroundings: a novelty filter of temperature, humidity, motion and the time of day.

It is used to normal days and to nothing else; what it has never met raises an alert.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.topics import find_topics
from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.learning.classification import confusion_of, wilson
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.parameters import STRICT, build, read_mapping
from neuromorphic_ros.pipeline.habituation import (
    Heard,
    SpanNs,
    Stretch,
    decisions,
    raised,
    used_to,
)
from neuromorphic_ros.pipeline.measurement import Measurement
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.recipes.recipe import Made, Source, Training
from neuromorphic_ros.pipeline.sensing import MESSAGE_TYPES
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.simulation.office import Kind, incident, recorded_office, span_ns
from neuromorphic_ros.simulation.sensor_sample import SensorSample
from neuromorphic_ros.snn.neurons.leaky import If
from neuromorphic_ros.snn.novelty import (
    NOVELTY,
    Channels,
    Pairs,
    novelty_filter,
)
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection, Readout, Sensor
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.spikes import Shape

CLASSES = ("normal", "anomaly")
# Share of stretches of days that are judged right.
METRIC = "right"
TOPICS = {"/temperature": "temperature", "/humidity": "humidity", "/motion": "range"}
# Of a weight, for each spike in normal days.
SHARE = 0.1
# What is slow need not be decided in every tick.
DECISIONS_HZ = 1.0 / 30.0

TICK_MS, PERIOD_MS = 1000.0, 30_000.0
# As the encoders have it by default.
FIELDS = 12
BEFORE_TICKS = 1800
TEMPERATURE, HUMIDITY, MOTION = range(3)
CONDITIONS = "temperature is unusual, humidity is unusual, motion is unusual"


def network() -> NetworkSpec:
    """Return the network to which all is new."""
    temperature, humidity, motion, clock = (
        Channels("temperature", FIELDS),
        Channels("humidity", FIELDS),
        # The field of what moved answers to it by 0.61.
        Channels("motion[0]", 1, gain=1.65),
        Channels("clock", FIELDS),
    )
    both = {"tau_ms": 30_000.0, "coincidence": 1.35}
    before = {name: f"{name}_before" for name in ("temperature", "humidity")}
    still = {name: f"{name}_still" for name in before}
    parts = novelty_filter(
        [
            Pairs("temperature_by_time", temperature, clock, row=TEMPERATURE, **both),
            Pairs(
                "temperature_by_before",
                temperature,
                Channels(before["temperature"], FIELDS),
                row=TEMPERATURE,
                **both,
            ),
            Pairs("humidity_by_temperature", humidity, temperature, row=HUMIDITY, **both),
            Pairs(
                "humidity_by_before",
                humidity,
                Channels(before["humidity"], FIELDS),
                row=HUMIDITY,
                **both,
            ),
            Pairs("motion_by_time", motion, clock, row=MOTION, **both),
            Pairs("motion_by_temperature", motion, temperature, row=MOTION, **both),
        ],
        {still["temperature"]: TEMPERATURE, still["humidity"]: HUMIDITY},
        rows=3,
        tau_novelty_ms=600_000.0,
    )
    return NetworkSpec(
        name="environment_monitor",
        dt_ms=TICK_MS,
        inputs=_inputs(),
        populations=(
            *(Population(name, (FIELDS,), If(reset="subtract")) for name in before.values()),
            *(
                # After an hour without a step, and then every 18 s.
                Population(name, (1,), If(bias=1.0 / 3600, reset_value=0.995, floor=0.0))
                for name in still.values()
            ),
            *parts.populations,
        ),
        projections=(
            *(
                Projection(now, then, pattern=OneToOne(), delay_ticks=BEFORE_TICKS)
                for now, then in before.items()
            ),
            *(Projection(f"{name}_steps", quiet, -1.0) for name, quiet in still.items()),
            *parts.projections,
        ),
        readouts=(
            Readout(
                "surroundings",
                "alert",
                NOVELTY,
                {
                    "conditions": CONDITIONS,
                    "warning_hz": 0.01,
                    "critical_hz": 0.03,
                    "hysteresis": 0.5,
                    "min_duration_ms": 60_000.0,
                    "tau_ms": 600_000.0,
                },
            ),
        ),
    )


def _inputs() -> tuple[Input, ...]:
    def source(name: str, sensor: Sensor, encoder: str, shape: Shape, **parameters: float) -> Input:
        return Input(name, shape, sensor, encoder, parameters, trigger=False)

    rate = {"max_rate_hz": 1e3 / TICK_MS, "hold_ms": PERIOD_MS}
    fields, change = "environment_population", "environment_delta"
    row = (1, FIELDS)
    return (
        source("temperature", "temperature", fields, row, low=10.0, high=30.0, **rate),
        source("humidity", "humidity", fields, row, low=0.15, high=0.85, **rate),
        # -inf and inf of a Range: something moves, or nothing does.
        source("motion", "range", fields, (1, 3), low=0.0, high=1.0, fields=3, width=0.5, **rate),
        source("clock", "temperature", "time_of_day", (FIELDS,), **rate),
        # By little more than the noise of the sensor.
        source(
            "temperature_steps", "temperature", change, (2, 1), low=-10.0, high=50.0, steps=3000
        ),
        source("humidity_steps", "humidity", change, (2, 1), low=0.0, high=1.0, steps=2500),
    )


@dataclass(frozen=True, config=STRICT)
class OfficeDays:
    """Days of the simulated office; with an incident, that begins on the first."""

    seed: Annotated[int, Field(ge=0, lt=2**31)]
    days: Annotated[int, Field(ge=1, le=366)]
    incident: Kind | None = None

    def stretch(self) -> Stretch:
        """Return what its sensors tell, until what goes wrong is over."""
        wrong = incident(self.incident, self.seed, 0) if self.incident else None
        wrong_ns = span_ns(self.seed, wrong) if wrong else None

        def hear() -> Iterator[Heard]:
            for each in heard(recorded_office(self.seed, self.days, wrong)):
                if wrong_ns and each.log_ns > wrong_ns[1]:
                    return
                yield each

        return Stretch(hear, wrong_ns)


@dataclass(frozen=True, config=STRICT)
class OfficePlan:
    """Which days are learned, and which tell how well that went."""

    normal: Annotated[tuple[OfficeDays, ...], Field(min_length=1)]
    held_out: Annotated[tuple[OfficeDays, ...], Field(min_length=1)]


class Data(NamedTuple):
    """What is learned, all of it normal, and what is not."""

    normal: list[Stretch]
    held_out: list[Stretch]


def heard(samples: Iterable[SensorSample]) -> Iterator[Heard]:
    """Yield what a simulation tells as the messages of its sensors."""
    for each in samples:
        if each.topic in TOPICS:
            message = to_message(each.type_name, each.fields)
            yield Heard(TOPICS[each.topic], message, each.log_ns)


def read(path: Path) -> Data:
    """Read a plan of simulated days (.yaml), or recordings of normal days: a folder of them.

    The last recording is held out. Raises BagError, or LearningError if a plan is wrong or there
    are less than two recordings.
    """
    if path.suffix == ".yaml":
        values = read_mapping(path, str(path), LearningError)
        plan = build(OfficePlan, values, str(path), LearningError)
        normal, held_out = (
            [each.stretch() for each in days] for days in (plan.normal, plan.held_out)
        )
        return Data(normal, held_out)
    places = sorted(each.parent for each in path.glob("*/metadata.yaml"))
    if len(places) < 2:
        raise LearningError(f"{path}: has {len(places)} recordings; one is learned, one held out")
    *normal, last = [_recorded(place) for place in places]
    return Data(normal, [last])


def _recorded(place: Path) -> Stretch:
    def hear() -> Iterator[Heard]:
        with open_recording(place) as recording:
            wanted = {sensor: MESSAGE_TYPES[sensor] for sensor in TOPICS.values()}
            topics = find_topics(recording, wanted, {})
            sensors = {topic: sensor for sensor, topic in topics.items()}
            for each in recording.messages(sensors):
                yield Heard(sensors[each.topic], each.decode(), each.log_ns)

    return Stretch(hear)


def judged(alarms: Iterable[int], wrong_ns: SpanNs | None) -> bool:
    """Tell whether there is an alarm, where something is wrong one while it is."""
    first_ns, last_ns = wrong_ns or (0, 2**63 - 1)
    return any(first_ns <= at <= last_ns for at in alarms)


class EnvironmentMonitor(NamedTuple):
    """The recipe."""

    name: str = "environment_monitor"
    task: str = (
        "alert of what is unusual in a room: temperature, humidity and motion at the time of day"
    )
    classes: tuple[str, ...] = CLASSES
    source: Source = Source(
        name="days of a simulated office in winter, not of a real one",
        citation="neuromorphic_ros/simulation/office.py, by config/simulation/office.yaml",
        licence="Apache-2.0",
        file=str(share_directory() / "config" / "simulation" / "office.yaml"),
        ships=True,
        licence_of_weights="Apache-2.0",
    )
    split: str = (
        "normal days of other seeds than those held out; none of what goes wrong is learned. A "
        "stretch of days is right if something is wrong and an alert comes while it is, or if "
        "nothing is and none comes"
    )

    def make(self, path: Path, training: Training) -> Made:
        """Become used to normal days, and measure on those held out."""
        if training.epochs is not None:
            raise LearningError(f"recipe '{self.name}' learns in one pass and has no epochs")
        data, spec = read(path), dataclasses.replace(network(), seed=training.seed)
        steps = len(data.normal)

        def told() -> Iterator[Stretch]:
            for number, stretch in enumerate(data.normal):
                training.progress("normal days", number, steps)
                yield stretch

        trained = used_to(spec, told(), SHARE, DECISIONS_HZ)
        training.progress("measuring", steps, steps)
        return Made(trained, measured(trained, data.held_out))

    def measure(self, spec: NetworkSpec, path: Path) -> Measurement:
        """Measure on what a plan holds out, or on the last of the recordings in a folder."""
        return measured(spec, read(path).held_out)


def measured(spec: NetworkSpec, stretches: Iterable[Stretch]) -> Measurement:
    """Count the stretches of days that are judged right."""
    label, alarm, engines = [], [], []
    for stretch in stretches:
        engines.append(engine := StreamingNetwork(spec))
        alarms = raised(decisions(Pipeline(engine), stretch.hear(), DECISIONS_HZ))
        label.append(stretch.wrong_ns is not None)
        alarm.append(judged(alarms, stretch.wrong_ns))
    confusion = confusion_of(np.array(label, np.int64), np.array(alarm, np.int64), len(CLASSES))
    right, samples = int(np.trace(confusion)), len(label)
    counts = engines[0].counts()
    for engine in engines[1:]:
        counts = counts.plus(engine.counts())
    sample_ms = counts.ticks * spec.dt_ms / samples
    figures: Mapping[str, float] = {METRIC: right / samples}
    return Measurement(METRIC, figures, wilson(right, samples), confusion, counts, sample_ms)


RECIPE = EnvironmentMonitor()
