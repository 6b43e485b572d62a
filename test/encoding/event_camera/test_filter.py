from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given

from neuromorphic_ros.encoding.event_camera.background_activity import BackgroundActivityFilter
from neuromorphic_ros.encoding.event_camera.binning import Binning
from neuromorphic_ros.encoding.event_camera.filter import EventFilter
from neuromorphic_ros.encoding.event_camera.hot_pixels import HotPixelFilter
from neuromorphic_ros.encoding.event_camera.refractory import RefractoryFilter
from neuromorphic_ros.encoding.event_camera.resize import Resize
from neuromorphic_ros.encoding.region import Region
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.spikes import Shape, SpikeBatch

from .streams import MS, SHAPE, cuts, in_pieces, spikes

Make = Callable[[Shape], EventFilter]

FILTERS: list[Make] = [
    functools.partial(RefractoryFilter, period_ns=8 * MS),
    functools.partial(BackgroundActivityFilter, window_ns=8 * MS),
    functools.partial(HotPixelFilter, max_rate_hz=20.0, window_ns=50 * MS, contrast=1.5),
    functools.partial(Binning, threshold=np.full((4, 5), 2)),
    functools.partial(Resize, height=2, width=2, region=Region(1, 1, 3, 2)),
]
each = pytest.mark.parametrize("make", FILTERS, ids=lambda make: make.func.__name__)


@each
@given(stream=spikes(), cuts=cuts)
def test_cuts_make_no_difference(make: Make, stream: SpikeBatch, cuts: list[int]) -> None:
    one = make(SHAPE)
    whole = one(stream)
    assert in_pieces(make(SHAPE), stream, cuts) == whole
    assert SpikeBatch.checked(whole.shape, whole.address, whole.time_ns) == whole
    assert whole.shape == one.shape


@each
@given(stream=spikes())
def test_an_earlier_batch_or_a_reset_begins_a_new_stream(make: Make, stream: SpikeBatch) -> None:
    one = make(SHAPE)
    before = SpikeBatch(SHAPE, stream.address, stream.time_ns - 3600 * 1000 * MS)
    fresh = make(SHAPE)(before)
    one(stream)
    assert one(before) == fresh
    one.reset()
    assert one(before) == fresh


@each
def test_the_input_stays_as_it_is(make: Make) -> None:
    address, time_ns = np.arange(8, dtype=np.uint32), np.arange(8)
    make(SHAPE)(SpikeBatch(SHAPE, address, time_ns))
    assert address.tolist() == time_ns.tolist() == list(range(8))


@each
def test_spikes_may_lie_anywhere_in_memory(make: Make) -> None:
    table = np.arange(16).reshape(8, 2)
    strided = SpikeBatch(SHAPE, table.astype(np.uint32)[:, 0], table[:, 1])
    copied = SpikeBatch(SHAPE, strided.address.copy(), strided.time_ns.copy())
    assert make(SHAPE)(strided) == make(SHAPE)(copied)


@each
def test_a_batch_without_events_gives_none(make: Make) -> None:
    one = make(SHAPE)
    assert one(SpikeBatch.empty(SHAPE)) == SpikeBatch.empty(one.shape)


@each
def test_another_camera_is_refused(make: Make) -> None:
    with pytest.raises(SensorError, match=r"\(2, 4, 5\) got \(2, 4, 6\)"):
        make(SHAPE)(SpikeBatch.empty((2, 4, 6)))


@each
@pytest.mark.parametrize("shape", [(4, 5), (1, 4, 5), (2, 0, 5), (2, 2**16, 2**16), (2, 4, 5, 1)])
def test_what_is_no_camera_is_refused(make: Make, shape: Shape) -> None:
    with pytest.raises(SensorError, match="is not that of an event camera"):
        make(shape)
