"""Accuracy on the robot's engine, and its interval against published values."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.learning.classification import confusion_of, evaluate, wilson
from neuromorphic_ros.learning.samples import LearningError, Samples
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.leaky import Li, Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection


def relay() -> NetworkSpec:
    """Return a network whose outputs, two per class, repeat its three inputs."""
    weights = np.kron(np.eye(3), np.ones((1, 2)))
    return NetworkSpec(
        name="relay",
        dt_ms=1.0,
        inputs=(Input("spikes", (3,)),),
        populations=(Population("output", (3, 2), Lif(tau_mem_ms=1.0)),),
        projections=(Projection("spikes", "output", Array(weights)),),
    )


@pytest.mark.parametrize(("right", "samples"), [(-1, 5), (6, 5), (0, 0)])
def test_no_interval_of_no_share(right: int, samples: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(right, samples)


def test_data_of_another_kind_are_refused() -> None:
    with pytest.raises(LearningError):
        evaluate(relay(), Samples(np.zeros((1, 2, 4), np.uint8), np.zeros(1, np.int64)))


@pytest.mark.parametrize(
    ("right", "samples", "low", "high"),
    # Newcombe, Statistics in Medicine 17, 857 (1998), table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(
    right: int, samples: int, low: float, high: float
) -> None:
    assert wilson(right, samples) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500), st.data())
def test_the_interval_holds_the_share(samples: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, samples))
    low, high = wilson(right, samples)
    assert 0.0 <= low <= right / samples + 1e-12
    assert right / samples - 1e-12 <= high <= 1.0


def test_the_class_that_fires_most_is_taken() -> None:
    inputs = np.zeros((4, 3, 3), np.uint8)
    inputs[0, :, 1] = 1
    inputs[1, :2, 2], inputs[1, 0, 0] = 1, 1
    inputs[2, 0, 0] = inputs[2, 1, 1] = 1
    found = evaluate(relay(), Samples(inputs, np.array([1, 0, 0, 2])))
    assert found.predicted.tolist() == [1, 2, 0, 0]
    assert found.confusion.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert found.accuracy == 0.5
    assert found.samples == 4
    # Each input spike drives the two neurons of its class.
    assert found.counts.synaptic_events.sum() == 2 * inputs.sum()


def test_of_membranes_the_highest_at_the_end_is_taken() -> None:
    inputs = np.zeros((2, 3, 3), np.uint8)
    inputs[0, 0, 1] = inputs[0, 2, 2] = 1
    inputs[1, 1:, 0] = inputs[1, 2, 1] = 1
    integrators = dataclasses.replace(relay(), populations=(Population("output", (3, 2), Li()),))
    found = evaluate(integrators, Samples(inputs, np.array([2, 0])))
    assert found.predicted.tolist() == [2, 0]
    assert found.counts.synaptic_events.sum() == 2 * inputs.sum()


def test_samples_do_not_follow_on_each_other() -> None:
    inputs = np.zeros((2, 1, 3), np.uint8)
    inputs[0, 0, 1] = 1
    slow = NetworkSpec(
        name="slow",
        dt_ms=1.0,
        inputs=(Input("spikes", (3,)),),
        populations=(Population("output", (3,), Lif(tau_mem_ms=1000.0, threshold=1.5)),),
        projections=(Projection("spikes", "output", Array(np.eye(3))),),
    )
    twice = Samples(np.concatenate([inputs[:1], inputs[:1]]), np.array([0, 0]))
    assert evaluate(slow, twice).predicted.tolist() == [0, 0]


def test_confusion_has_the_true_class_as_row() -> None:
    assert confusion_of(np.array([0, 0, 1]), np.array([1, 0, 1]), 2).tolist() == [[1, 1], [0, 1]]
