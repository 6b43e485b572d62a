"""A monitor of surroundings, on hours of the simulated office, and the one that is shipped."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.writer import RecordingWriter
from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.parameters import build, read_mapping
from neuromorphic_ros.pipeline.energy_account import EnergyAccount, priced_on
from neuromorphic_ros.pipeline.habituation import Heard, Stretch, decisions, raised
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.outputs import ALERT, OutputMessage
from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.recipes import environment_monitor as monitor
from neuromorphic_ros.pipeline.recipes.environment_monitor import (
    RECIPE,
    TOPICS,
    OfficeDays,
    OfficePlan,
    heard,
)
from neuromorphic_ros.pipeline.recipes.recipe import Training
from neuromorphic_ros.pipeline.replay import replay
from neuromorphic_ros.simulation.office import KINDS, PERIOD_S, Incident, recorded_office, span_ns
from neuromorphic_ros.simulation.sensor_sample import SensorSample
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork

SEED = 7
HOUR_S = 3600


def hours(count: int, wrong: Incident | None = None) -> Iterator[SensorSample]:
    """Return what is sensed in the first hours after midnight."""
    # Three sensors, and what is wrong at the start.
    return itertools.islice(recorded_office(SEED, 1, wrong), count * HOUR_S // PERIOD_S * 3 + 1)


def written(path: Path, count: int) -> Path:
    with RecordingWriter(path) as writer:
        for each in hours(count):
            writer.write(each.topic, each.type_name, each.fields, each.log_ns)
    return path


def training(folder: Path, epochs: int | None = None) -> Training:
    return Training(0, epochs, folder, print, lambda words, done, steps: None)


@pytest.fixture(scope="module")
def shipped() -> NetworkSpec:
    return find_model("environment_monitor").spec()


def test_the_shipped_model_is_the_network_with_weights_that_it_learned(
    shipped: NetworkSpec,
) -> None:
    untrained = monitor.network()
    assert dataclasses.replace(shipped, projections=()) == dataclasses.replace(
        untrained, projections=()
    )
    learned = Pipeline(StreamingNetwork(shipped)).alert
    assert learned
    assert learned.parameters.rows[2] == "motion is unusual"


def test_a_quiet_night_is_normal_and_an_intruder_is_not(shipped: NetworkSpec) -> None:
    wrong = Incident("intruder", 2 * HOUR_S, 2 * HOUR_S + 1200)
    pipeline = Pipeline(StreamingNetwork(shipped))
    found = list(decisions(pipeline, heard(hours(3, wrong)), monitor.DECISIONS_HZ))
    (at,) = raised(found)
    first, last = span_ns(SEED, wrong)
    assert first < at < last
    told = {each.alert.message for each in found if each.alert and each.alert.level}
    assert told == {"motion is unusual"}


def test_a_replayed_recording_raises_alerts(shipped: NetworkSpec, tmp_path: Path) -> None:
    wrong = Incident("intruder", 600, 1800)
    with RecordingWriter(tmp_path / "night") as writer:
        for each in hours(1, wrong):
            writer.write(each.topic, each.type_name, each.fields, each.log_ns)
    sensors = {sensor: topic for topic, sensor in TOPICS.items()}
    account = EnergyAccount(priced_on("loihi2"))
    with open_recording(tmp_path / "night") as recording:
        pipeline = Pipeline(StreamingNetwork(shipped))
        told = [
            each
            for each in replay(pipeline, recording, sensors, account)
            if isinstance(each, OutputMessage) and each.type == ALERT
        ]
    levels = [each.fields["level"] for each in told]
    first, last = span_ns(SEED, wrong)
    assert levels[0] == 0
    assert first < told[levels.index(1)].stamp_ns < last
    assert {each.fields["header"]["frame_id"] for each in told} == {"room"}


def test_a_plan_is_learned_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def few(days: OfficeDays) -> Stretch:
        wrong = Incident("intruder", HOUR_S, HOUR_S + 1200) if days.incident else None
        return Stretch(lambda: heard(hours(2, wrong)), wrong and span_ns(SEED, wrong))

    monkeypatch.setattr(OfficeDays, "stretch", few)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "normal: [{seed: 1, days: 1}]\n"
        "held_out: [{seed: 2, days: 1}, {seed: 3, days: 1, incident: intruder}]\n"
    )
    made = RECIPE.make(plan, training(tmp_path))
    assert made.measured.confusion.tolist() == [[1, 0], [0, 1]]
    # The second is judged as soon as there is an alert.
    assert HOUR_S * 1.5e3 < made.measured.sample_ms < HOUR_S * 2e3
    assert RECIPE.measure(monitor.network(), plan).confusion.tolist() == [[0, 1], [1, 0]]


def test_recordings_of_normal_days_are_learned_but_for_the_last(tmp_path: Path) -> None:
    for name in ("monday", "tuesday"):
        written(tmp_path / "days" / name, 1)
    data = monitor.read(tmp_path / "days")
    assert (len(data.normal), len(data.held_out)) == (1, 1)
    told: list[Heard] = list(data.normal[0].hear())
    assert [each.sensor for each in told[:3]] == ["temperature", "humidity", "range"]
    assert len(told) == HOUR_S // PERIOD_S * 3
    made = RECIPE.make(tmp_path / "days", training(tmp_path))
    assert made.measured.confusion.tolist() == [[1, 0], [0, 0]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("normal: []\nheld_out: [{seed: 1, days: 1}]", "normal"),
        ("normal: [{seed: 1, days: 1}]", "held_out is missing"),
        ("normal: [{seed: 1, days: 0}]\nheld_out: [{seed: 1, days: 1}]", "days = 0"),
        (
            "normal: [{seed: 1, days: 1}]\nheld_out: [{seed: 1, days: 1, incident: fire}]",
            "incident = 'fire'",
        ),
        ("- 1", "mapping"),
    ],
)
def test_plans_that_cannot_be_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(text)
    with pytest.raises(LearningError, match=reason):
        monitor.read(plan)


def test_one_recording_is_too_few_and_epochs_are_refused(tmp_path: Path) -> None:
    written(tmp_path / "days" / "monday", 1)
    with pytest.raises(LearningError, match="has 1 recordings"):
        monitor.read(tmp_path / "days")
    with pytest.raises(NeuromorphicError, match="has no epochs"):
        RECIPE.make(tmp_path / "days", training(tmp_path, epochs=3))


def test_no_day_is_both_learned_and_held_out() -> None:
    where = RECIPE.source.file
    values = read_mapping(Path(where), where, LearningError)
    plan = build(OfficePlan, values, where, LearningError)
    seeds = [each.seed for each in (*plan.normal, *plan.held_out)]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) >= 1000
    assert all(each.incident is None for each in plan.normal)
    assert {each.incident for each in plan.held_out} == {None, *KINDS}
