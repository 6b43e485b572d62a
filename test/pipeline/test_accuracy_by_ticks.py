"""Accuracy against the ticks that spikes are counted for."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.accuracy_by_ticks import accuracy_by_ticks, powers_of_two
from neuromorphic_ros.pipeline.labelled_vectors import LabelledVectors
from neuromorphic_ros.snn.neurons.leaky import If
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork

RELAY = If(reset="subtract")


def network(delay_ticks: int = 0) -> StreamingNetwork:
    """Return a network whose outputs spike as its inputs do, some ticks later."""
    return StreamingNetwork(
        NetworkSpec(
            name="relay",
            dt_ms=1.0,
            inputs=(Input("input", (3,)),),
            populations=(Population("hidden", (3,), RELAY), Population("output", (3,), RELAY)),
            projections=(
                Projection("input", "hidden", pattern=OneToOne()),
                Projection("hidden", "output", pattern=OneToOne(), delay_ticks=delay_ticks),
            ),
        )
    )


# At these rates the first sample is told apart in the second tick, the last in the eighth.
DATA = LabelledVectors(
    np.array([[0.0, 1.0, 4.0], [4.0, 0.0, 0.0], [1.0, 1.5, 0.5]], np.float32), np.array([2, 0, 1])
)


@pytest.mark.parametrize("delay_ticks", [0, 3])
def test_votes_add_up_tick_by_tick(delay_ticks: int) -> None:
    told: list[int] = []
    runner = network(delay_ticks)
    found = accuracy_by_ticks(runner, DATA, 4.0, 8, lag_ticks=delay_ticks, done=told.append)
    rates = DATA.samples / 4.0
    expected = np.zeros(8, int)
    for rate, label in zip(rates, DATA.label, strict=True):
        votes = np.floor(rate * np.arange(1, 9)[:, None] + 0.5)
        expected += votes.argmax(axis=1) == label
    assert found.right.tolist() == expected.tolist()
    assert found.right[-1] == 3 > found.right[0]
    assert found.after(8) == 1.0
    assert found.ci95(8).low < 1.0
    assert told == [1, 2, 3]


def test_an_output_that_is_late_is_wrong_if_nobody_says_so() -> None:
    late = accuracy_by_ticks(network(3), DATA, 4.0, 8)
    on_time = accuracy_by_ticks(network(3), DATA, 4.0, 8, lag_ticks=3)
    assert late.right.sum() < on_time.right.sum()


def test_samples_do_not_remember_each_other() -> None:
    forwards = accuracy_by_ticks(network(), DATA, 4.0, 8)
    backwards = accuracy_by_ticks(network(), DATA.take(np.array([2, 1, 0])), 4.0, 8)
    assert forwards.right.tolist() == backwards.right.tolist()


@pytest.mark.parametrize("label", [None, np.array([0, 1, 3])])
def test_labels_must_be_classes(label: np.ndarray[tuple[int], np.dtype[np.int64]] | None) -> None:
    with pytest.raises(LearningError, match="samples need labels, from 0 to 2"):
        accuracy_by_ticks(network(), DATA._replace(label=label), 4.0, 8)


def test_an_unknown_output_is_named() -> None:
    with pytest.raises(NetworkError, match="population 'motor' is unknown"):
        accuracy_by_ticks(network(), DATA, 4.0, 8, output="motor")


def test_powers_of_two() -> None:
    assert list(powers_of_two(64)) == [1, 2, 4, 8, 16, 32, 64]
    assert list(powers_of_two(63)) == [1, 2, 4, 8, 16, 32]
