"""Spikes by tick: cut, repeated by their amounts, divided by population."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population
from neuromorphic_ros.snn.tick_spikes import TickSpikes, concatenated, evenly_spaced


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


NETWORK = NetworkSpec(
    name="net", dt_ms=1.0, inputs=(Input("a", (2,)),), populations=(Population("p", (1,)),)
)


@pytest.mark.parametrize(
    ("address", "first", "value", "reason"),
    [
        ([2], [0, 1], [], "address of 2 to 2 is outside of its 2 channels"),
        ([1, 2**32 - 1], [0, 2], [], "outside of its 2 channels"),
        ([], [], [], "first does not rise from 0 to the 0 addresses"),
        ([0], [0, 2], [], "first does not rise"),
        ([0, 0], [1, 2], [], "first does not rise"),
        ([0, 0], [0, 2, 1, 2], [], "first does not rise"),
        ([0], [0, 1], [1, 2], "not one finite value for each address"),
        ([0], [0, 1], [np.nan], "not one finite value for each address"),
    ],
)
def test_spikes_that_are_no_input_of_a_network_are_refused_with_its_name(
    address: list[int], first: list[int], value: list[float], reason: str
) -> None:
    spikes = TickSpikes(addresses(*address), np.array(first), np.array(value, np.float32))
    with pytest.raises(SpikeError, match=f"do not fit network 'net': .*{reason}"):
        spikes.check(NETWORK)


def test_input_of_a_network_is_let_through() -> None:
    TickSpikes(addresses(), np.array([0, 0])).check(NETWORK)
    TickSpikes(addresses(1, 0), np.array([0, 1, 2]), np.array([0, -2], np.float32)).check(NETWORK)


def test_parts_follow_one_another_and_amounts_are_filled_up() -> None:
    graded = TickSpikes(addresses(5, 6), np.array([0, 1, 2]), np.array([3, 2], np.float32))
    plain = TickSpikes(addresses(7, 1, 2), np.array([0, 0, 3]))
    both = concatenated([plain, graded])
    assert both.address.tolist() == [7, 1, 2, 5, 6]
    assert both.first.tolist() == [0, 0, 3, 4, 5]
    assert both.value.tolist() == [1, 1, 1, 3, 2]
    assert concatenated([plain, plain]).value.size == 0
    parts = [both.between(tick, tick + 1) for tick in range(both.ticks)]
    assert concatenated(parts).first.tolist() == both.first.tolist()
    assert concatenated([]).ticks == 0
