"""Lags that give spikes the time that they need."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.backends.retiming import Path, retimed


def test_a_chain_lags_by_what_its_spikes_need() -> None:
    timing = retimed(3, [Path(0, 1, 0, 1), Path(1, 2, 0, 2)])
    assert timing.lags == (0, 1, 3)
    assert timing.delays == (0, 0)


def test_what_has_delay_enough_does_not_lag() -> None:
    assert retimed(2, [Path(0, 1, 2, 1)]).lags == (0, 0)


def test_a_shorter_way_waits_for_the_longer_one() -> None:
    paths = [Path(0, 1, 0, 1), Path(1, 2, 0, 1), Path(0, 2, 0, 1)]
    assert retimed(3, paths).lags == (0, 1, 2)


def test_a_loop_as_slow_as_its_spikes_keeps_its_delays() -> None:
    paths = [Path(0, 1, 0, 1), Path(1, 0, 2, 1)]
    timing = retimed(2, paths)
    assert timing.delays == (0, 2)
    assert timing.lags == (0, 1)


def test_a_loop_faster_than_its_spikes_is_slowed_and_nothing_else() -> None:
    paths = [Path(0, 0, 1, 2), Path(0, 1, 0, 2), Path(2, 0, 0, 0)]
    timing = retimed(3, paths)
    assert timing.delays == (2, 0, 0)
    assert timing.lags == (0, 2, 0)


def test_populations_without_paths_do_not_lag() -> None:
    assert retimed(2, []).lags == (0, 0)


@given(
    paths=st.lists(
        st.builds(Path, st.integers(0, 5), st.integers(0, 5), st.integers(0, 4), st.integers(0, 2)),
        max_size=12,
    )
)
def test_every_path_has_the_ticks_that_it_needs(paths: list[Path]) -> None:
    lags, delays = retimed(6, paths)
    assert min(lags) == 0
    for path, delay in zip(paths, delays, strict=True):
        assert delay in (path.delay, max(path.delay, path.least))
        assert delay + lags[path.post] - lags[path.pre] >= path.least
