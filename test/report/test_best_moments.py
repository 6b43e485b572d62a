from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.report.best_moments import BestMoments
from neuromorphic_ros.report.events import MOMENTS, Moment
from neuromorphic_ros.report.record import Picture
from neuromorphic_ros.spikes import SpikeBatch

HEIGHT, WIDTH = 48, 64
SHAPE = (2, HEIGHT, WIDTH)
START_NS = 7_000_000_000


def moment(index: int, active: np.ndarray) -> Moment:
    address = np.flatnonzero(active)
    stamp_ns = START_NS + index
    picture = Picture(stamp_ns, np.zeros((HEIGHT, WIDTH), np.uint8))
    batch = SpikeBatch.checked(SHAPE, address, np.full(address.size, stamp_ns))
    return Moment(stamp_ns, picture, batch, None)


def noise(share: float = 0.2) -> np.ndarray:
    return np.random.default_rng(0).random((HEIGHT, WIDTH)) < share


def thing() -> np.ndarray:
    active = np.zeros((HEIGHT, WIDTH), bool)
    active[10:20, 30:40] = True
    return active


def chosen(moments: list[Moment]) -> list[int]:
    best = BestMoments()
    for each in moments:
        best.add(each)
    assert best.start_ns == (START_NS if moments else 0)
    return [each.stamp_ns - START_NS for each in best.chosen()]


@pytest.mark.parametrize("count", [0, 1, 3, 4])
def test_few_moments_are_all_shown(count: int) -> None:
    assert chosen([moment(index, thing()) for index in range(count)]) == list(range(count))


@pytest.mark.parametrize("dull", [noise(), noise(0.98), noise(0.0)], ids=["noise", "cut", "none"])
@pytest.mark.parametrize("count", [20, 500, 1023])
def test_what_moves_is_found_in_each_part(dull: np.ndarray, count: int) -> None:
    places = [count * part // 8 for part in (1, 3, 5, 7)]
    scenes = [thing() if index in places else dull for index in range(count)]
    assert chosen([moment(index, scene) for index, scene in enumerate(scenes)]) == places


def test_moments_of_a_long_stream_are_spread_and_few_are_kept() -> None:
    best = BestMoments()
    most = 0
    for index in range(3000):
        best.add(moment(index, thing()))
        most = max(most, len(best._kept))
    stamps = [each.stamp_ns - START_NS for each in best.chosen()]
    assert most <= 4 * MOMENTS
    assert len(stamps) == MOMENTS
    assert np.diff(stamps).min() > 300


def test_spikes_are_not_views_of_larger_arrays() -> None:
    best = BestMoments()
    best.add(moment(0, thing()))
    (kept,) = best.chosen()
    assert kept.events.address.base is None
    assert kept.events == moment(0, thing()).events
