"""What was found, as scripts get it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from neuromorphic_ros.learning.classification import Evaluation, Interval, confusion_of, wilson
from neuromorphic_ros.pipeline.measurement import Measurement, of_classes
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.spec import NetworkSpec, Population
from neuromorphic_ros.snn.streaming import StreamingNetwork


@pytest.fixture
def counts() -> Counts:
    spec = NetworkSpec("alone", 1.0, (), (Population("output", (2,)),))
    return StreamingNetwork(spec).counts()


def test_classes_have_an_accuracy_with_its_interval(counts: Counts) -> None:
    true, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    found = of_classes(Evaluation(predicted, confusion_of(true, predicted, 2), counts), 20.0)
    assert (found.metric, found.value, found.samples) == ("accuracy", 0.75, 4)
    assert found.ci95 == wilson(3, 4)
    assert found.document() == {
        "accuracy": 0.75,
        "ci95": [*wilson(3, 4)],
        "samples": 4,
        "confusion": [[1, 1], [0, 2]],
        "synaptic_operations": 0.0,
    }


def test_a_share_of_nothing_is_null(counts: Counts) -> None:
    figures, nothing = {"f1": math.nan, "rate": 0.5}, Interval(math.nan, math.nan)
    found = Measurement("f1", figures, nothing, np.eye(2, dtype=np.int64), counts, 1.0)
    read = json.loads(json.dumps(found.document(), allow_nan=False))
    assert (read["f1"], read["rate"], read["ci95"]) == (None, 0.5, [None, None])


def test_windows_are_the_samples_where_each_may_hold_several_things(counts: Counts) -> None:
    figures, interval = {"f1": 0.5}, Interval(0.4, 0.6)
    things = np.array([[0, 1], [1, 3]])
    found = Measurement("f1", figures, interval, things, counts, 160.0, windows=2)
    assert found.samples == 2
    assert found.document()["confusion"] == [[0, 1], [1, 3]]
    assert Measurement("f1", figures, interval, things, counts, 160.0).samples == 5
