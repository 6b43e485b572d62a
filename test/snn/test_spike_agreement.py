from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.snn.spike_agreement import spike_agreement
from neuromorphic_ros.spikes import SpikeBatch


def batch(*events: tuple[int, int], shape: tuple[int, ...] = (4,)) -> SpikeBatch:
    address, time_ns = zip(*events, strict=True) if events else ((), ())
    return SpikeBatch(shape, np.array(address, np.uint32), np.array(time_ns, np.int64))


def batches() -> st.SearchStrategy[SpikeBatch]:
    event = st.tuples(st.integers(0, 3), st.integers(0, 50))
    return st.lists(event, max_size=20).map(lambda each: batch(*sorted(each, key=lambda e: e[1])))


@pytest.mark.parametrize(
    ("spikes", "reference", "window_ns", "expected"),
    [
        ([], [], 1, 1.0),
        ([(0, 5)], [], 1, 0.0),
        ([(0, 5)], [(0, 5)], 1, 1.0),
        ([(0, 5)], [(1, 5)], 1, 0.0),
        ([(0, 5)], [(0, 6)], 1, 0.0),
        ([(0, 5)], [(0, 6)], 10, 1.0),
        ([(0, 5), (0, 5)], [(0, 5)], 1, 2 / 3),
        ([(0, 1), (1, 2), (2, 3)], [(0, 1)], 1, 0.5),
    ],
)
def test_spikes_are_shared_one_for_one(
    spikes: list[tuple[int, int]],
    reference: list[tuple[int, int]],
    window_ns: int,
    expected: float,
) -> None:
    assert spike_agreement(batch(*spikes), batch(*reference), window_ns) == pytest.approx(expected)


@given(batches(), batches(), st.integers(1, 20))
def test_it_is_a_share_that_does_not_depend_on_the_order(
    one: SpikeBatch, other: SpikeBatch, window_ns: int
) -> None:
    found = spike_agreement(one, other, window_ns)
    assert 0 <= found <= 1
    assert found == spike_agreement(other, one, window_ns)
    assert spike_agreement(one, one, window_ns) == 1
    assert spike_agreement(one, other, 3 * window_ns) >= found - 1e-12


def test_other_neurons_and_empty_windows_are_refused() -> None:
    with pytest.raises(SpikeError, match=r"\(4,\) and \(5,\)"):
        spike_agreement(batch(), batch(shape=(5,)), 1)
    with pytest.raises(SpikeError, match="window of 0 ns"):
        spike_agreement(batch(), batch(), 0)
