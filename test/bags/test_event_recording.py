from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.bags.event_recording import (
    EventRecording,
    in_order,
    nanoseconds,
    spikes_from_columns,
)
from neuromorphic_ros.errors import BagError
from neuromorphic_ros.spikes import SpikeBatch

SHAPE = (2, 3, 4)
ON = np.array([True, False])
TIMES = np.array([5, 6])


def at(*times_ns: int) -> SpikeBatch:
    return SpikeBatch.checked(SHAPE, [0] * len(times_ns), np.array(times_ns, np.int64))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint64, np.int64])
def test_columns_become_addresses(dtype: type) -> None:
    batch = spikes_from_columns(SHAPE, np.array([3, 0], dtype), np.array([2, 1], dtype), ON, TIMES)
    assert batch == SpikeBatch.checked(SHAPE, [12 + 2 * 4 + 3, 4], TIMES)
    assert (batch.address.dtype, batch.time_ns.dtype) == (np.uint32, np.int64)


@pytest.mark.parametrize(("x", "y"), [(4, 0), (-1, 0), (0, 3), (0, -1)])
def test_events_outside_the_camera_are_refused(x: int, y: int) -> None:
    with pytest.raises(BagError, match=rf"event at \({x}, {y}\) is outside .* 4x3"):
        spikes_from_columns(SHAPE, np.array([0, x]), np.array([0, y]), ON, TIMES)


def test_events_out_of_order_are_refused() -> None:
    with pytest.raises(BagError, match="time decreases; sort"):
        spikes_from_columns(SHAPE, np.zeros(2, int), np.zeros(2, int), ON, TIMES[::-1])


def test_pieces_out_of_order_are_refused_after_those_in_order() -> None:
    pieces = in_order(iter([at(1, 5), at(), at(5), at(4)]))
    assert [next(pieces), next(pieces)] == [at(1, 5), at(5)]
    with pytest.raises(BagError, match="from 5 to 4 ns"):
        next(pieces)


@given(st.lists(st.integers(0, 2**63 // 1000 - 1)))
def test_microseconds_become_nanoseconds(times_us: list[int]) -> None:
    found = nanoseconds(np.array(times_us, np.uint64))
    assert found.tolist() == [1000 * time_us for time_us in times_us]


@pytest.mark.parametrize("time_us", [-1, 2**63 // 1000])
def test_impossible_times_are_refused(time_us: int) -> None:
    with pytest.raises(BagError, match=f"{time_us} us make no sense"):
        nanoseconds(np.array([time_us]))


def test_errors_name_the_file_and_come_after_the_events() -> None:
    def read() -> Iterator[SpikeBatch]:
        yield at(1)
        raise ValueError("bad word")

    closed = []
    with EventRecording(Path("a.raw"), SHAPE, read, lambda: closed.append(True)) as recording:
        pieces = iter(recording)
        assert next(pieces) == at(1)
        with pytest.raises(BagError, match=r"a\.raw: cannot be read: bad word"):
            next(pieces)
        assert next(iter(recording)) == at(1)
    assert closed == [True]
