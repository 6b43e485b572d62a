from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.snn.graph.event_graph_spec import Neighbourhood
from neuromorphic_ros.snn.graph.event_kernel import LANES
from neuromorphic_ros.snn.graph.event_tables import (
    by_address,
    make_layers,
    make_search,
    table_bytes,
)

from .event_streams import lively_spec


def test_weights_are_padded_with_zeros_and_the_last_relation_is_the_event_itself() -> None:
    spec = lively_spec(features=(5, 11, 3))
    layers = make_layers(spec, 10)
    bins = spec.neighbourhood.bins
    assert layers.weight.shape == (3, bins + 1, 11, 2 * LANES)
    assert layers.weight.dtype == np.float32
    total = 0
    for index, layer in enumerate(spec.layers):
        before, after = layer.own.shape
        weight = layers.weight[index, :, :before, :after]
        assert np.array_equal(weight[:bins], layer.neighbour.values)
        assert np.array_equal(weight[bins], layer.own.values)
        assert np.array_equal(layers.bias[index, :after], layer.bias.values)
        total += np.count_nonzero(weight)
    assert np.count_nonzero(layers.weight) == layers.synapses.sum() == total
    assert np.array_equal(layers.synapses, np.count_nonzero(layers.weight, axis=-1))


@pytest.mark.parametrize(("capacity", "places"), [(1, 1), (2, 2), (3, 4), (64, 64), (65, 128)])
def test_there_are_places_for_all_nodes(capacity: int, places: int) -> None:
    spec = lively_spec()
    search, layers = make_search(spec, capacity), make_layers(spec, capacity)
    assert (search.capacity, search.places, layers.places) == (capacity, places, places)
    assert search.node.shape[0] == layers.mask.shape[0] == layers.cell.size == places


@pytest.mark.parametrize(("radius_px", "rows", "columns"), [(1, 14, 18), (5, 5, 6), (16, 3, 3)])
def test_hash_cells_cover_the_image_and_one_more_on_each_side(
    radius_px: int, rows: int, columns: int
) -> None:
    near = Neighbourhood(radius_px=radius_px, radius_ms=0.02)
    search = make_search(lively_spec(neighbourhood=near), 10)
    assert (search.rows, search.columns) == (rows, columns)
    assert np.array_equal(search.newest_node, np.full(rows * columns, -1))


def test_ages_are_equal_steps_that_cover_the_radius() -> None:
    near = Neighbourhood(radius_ms=0.02, ages=3)
    search = make_search(lively_spec(neighbourhood=near), 10)
    assert search.age_ns == 6667
    assert (near.radius_ns - 1) // search.age_ns == near.ages - 1


def test_a_table_holds_sizes_and_addresses() -> None:
    for tables in (make_search(lively_spec(), 10), make_layers(lively_spec(), 10)):
        found = by_address(tables)
        assert found.dtype == np.int64
        for name, number in zip(tables._fields, found.tolist(), strict=True):
            part = getattr(tables, name)
            assert number == (part.ctypes.data if isinstance(part, np.ndarray) else part)


def test_memory_is_that_of_the_most_events() -> None:
    # A node has a time, the one before it, x and y; masks of four layers; a cell.
    sizes = [table_bytes(lively_spec(max_events=events)) for events in (1024, 2048, 4096)]
    assert np.diff(sizes).tolist() == [1024 * (32 + 16 + 4), 2048 * (32 + 16 + 4)]
