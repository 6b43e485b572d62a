"""Counts add up and are told apart by window."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorphic_ros.snn.counts import Counts


def counts(factor: int) -> Counts:
    return Counts(
        names=("camera", "turn"),
        sizes=np.array([8, 2]),
        spikes=factor * np.array([10, 3]),
        synaptic_events=factor * np.array([20, 6]),
        neuron_updates=factor * np.array([0, 200]),
        active_updates=factor * np.array([0, 30]),
        projections=("camera -> turn", "turn -> turn", "camera[2] -> turn"),
        projection_events=factor * np.array([18, 6, 2]),
        plasticity_updates=factor * np.array([0, 4, 0]),
        memory_bytes=factor * np.array([72, 24, 8]),
        dense_macs=factor * np.array([1600, 400, 200]),
        dense_bytes=factor * np.array([6400, 1600, 800]),
        ticks=100 * factor,
    )


def same(left: Counts, right: Counts) -> bool:
    pairs: zip[tuple[Any, Any]] = zip(left, right, strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


def test_since_is_what_was_added_and_leaves_names_and_sizes() -> None:
    assert same(counts(5).since(counts(2)), counts(3))


def test_plus_undoes_since() -> None:
    assert same(counts(2).plus(counts(5).since(counts(2))), counts(5))


def variant() -> Counts:
    """Without camera and `turn -> turn`, in another order, and with a new projection."""
    return Counts(
        names=("turn",),
        sizes=np.array([2]),
        spikes=np.array([1]),
        synaptic_events=np.array([2]),
        neuron_updates=np.array([10]),
        active_updates=np.array([3]),
        projections=("camera[2] -> turn", "turn -> out"),
        projection_events=np.array([5, 7]),
        plasticity_updates=np.array([0, 1]),
        memory_bytes=np.array([2, 3]),
        dense_macs=np.array([4, 5]),
        dense_bytes=np.array([6, 7]),
        ticks=5,
    )


def test_a_variant_is_added_by_name() -> None:
    total = counts(1).plus(variant())
    assert total.names == ("camera", "turn")
    assert total.sizes.tolist() == [8, 2]
    assert total.spikes.tolist() == [10, 4]
    assert total.active_updates.tolist() == [0, 33]
    assert total.projections == (*counts(1).projections, "turn -> out")
    assert total.projection_events.tolist() == [18, 6, 7, 7]
    assert total.dense_bytes.tolist() == [6400, 1600, 806, 7]
    assert total.ticks == 105


def test_the_order_of_adding_changes_no_number() -> None:
    one, other = counts(1).plus(variant()), variant().plus(counts(1))
    assert one.by_population() == other.by_population()
    assert sorted(zip(one.projections, one.memory_bytes, strict=True)) == sorted(
        zip(other.projections, other.memory_bytes, strict=True)
    )


def test_projections_between_the_same_populations_stay_apart() -> None:
    twice = counts(1)._replace(projections=("a -> b", "a -> b", "a -> b"))
    total = twice.plus(twice)
    assert total.projections == twice.projections
    assert total.projection_events.tolist() == [36, 12, 4]


def test_nothing_was_added_since_the_same_counts() -> None:
    nothing = counts(4).since(counts(4))
    assert same(nothing, counts(0))


def test_spikes_by_name_are_plain_integers() -> None:
    by_name = counts(1).by_population()
    assert by_name == {"camera": 10, "turn": 3}
    assert all(type(value) is int for value in by_name.values())


def test_what_is_not_active_is_idle() -> None:
    assert counts(2).idle_updates.tolist() == [0, 340]
