"""Spikes by tick: cut, repeated by their amounts, divided by population."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.snn.spec import Population
from neuromorphic_ros.snn.tick_spikes import TickSpikes, evenly_spaced


def addresses(*values: int) -> npt.NDArray[np.uint32]:
    return np.array(values, np.uint32)


def test_an_amount_of_n_is_n_spikes_one_by_one() -> None:
    amounts = np.array([2, 0, 3], np.float32)
    single = TickSpikes(addresses(5, 6, 7), np.array([0, 2, 2, 3]), amounts).one_by_one()
    assert single.address.tolist() == [5, 5, 7, 7, 7]
    assert single.first.tolist() == [0, 2, 2, 5]
    assert single.value.size == 0
    assert single.one_by_one() is single


def test_ticks_can_be_cut_out_and_run_one_after_the_other() -> None:
    spikes = TickSpikes(addresses(5, 6, 7), np.array([0, 1, 1, 3]), np.array([1, 2, 3], np.float32))
    cut = spikes.between(1, 3)
    assert cut.address.tolist() == [6, 7]
    assert cut.first.tolist() == [0, 0, 2]
    assert cut.value.tolist() == [2, 3]
    assert spikes.between(1, 2).address.size == 0
    assert TickSpikes(spikes.address, spikes.first).between(2, 3).value.size == 0


def test_spikes_are_divided_by_population_at_the_start_of_their_ticks() -> None:
    nodes = (Population(name="one", shape=(2, 3)), Population(name="two", shape=(2,)))
    spikes = TickSpikes(addresses(5, 6, 0, 7), np.array([0, 2, 2, 4]))
    batches = spikes.by_node(nodes, dt_ns=10, start_tick=100)
    assert list(batches) == ["one", "two"]
    assert batches["one"].shape == (2, 3)
    assert (batches["one"].address.tolist(), batches["one"].time_ns.tolist()) == (
        [5, 0],
        [1000, 1020],
    )
    assert (batches["two"].address.tolist(), batches["two"].time_ns.tolist()) == (
        [0, 1],
        [1000, 1020],
    )


@given(st.integers(1, 400), st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_spikes_are_evenly_spaced(ticks: int, levels: list[float]) -> None:
    level = np.array(levels)
    spikes = evenly_spaced(level, 0, ticks)
    assert spikes.ticks == ticks
    tick = np.repeat(np.arange(ticks), np.diff(spikes.first))
    for address, each in enumerate(levels):
        mine = tick[spikes.address == address]
        assert abs(mine.size - each * ticks) <= 0.5 + 1e-6
        gaps = np.diff(mine)
        assert gaps.size == 0 or gaps.max() - gaps.min() <= 1
        assert (gaps > 0).all()


def test_spikes_go_on_where_the_last_chunk_ended() -> None:
    level = np.array([[0.3, 0.77], [1.0, 0.0]])
    whole = evenly_spaced(level, 0, 50)
    parts = [evenly_spaced(level, 0, 17), evenly_spaced(level, 17, 33)]
    assert np.array_equal(np.concatenate([part.address for part in parts]), whole.address)
