"""Intervals of records: of independent samples those of theory, of runs wider ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neuromorphic_ros.learning.classification import wilson
from neuromorphic_ros.pipeline.block_bootstrap import block_bootstrap


def test_independent_samples_have_the_interval_of_theory() -> None:
    right = np.random.default_rng(0).random(400) < 0.7
    found = block_bootstrap(lambda rows: float(right[rows].mean()), 400, block=1)
    assert found == pytest.approx(wilson(int(right.sum()), 400), abs=0.01)


def test_runs_make_it_wider() -> None:
    runs = np.repeat(np.random.default_rng(0).random(20) < 0.7, 20)

    def width(block: int) -> float:
        found = block_bootstrap(lambda rows: float(runs[rows].mean()), 400, block)
        return found.high - found.low

    assert width(20) > 2 * width(1)


@pytest.mark.parametrize(("samples", "block"), [(1, 1), (7, 3), (7, 100)])
def test_every_record_is_whole(samples: int, block: int) -> None:
    sizes = set()

    def seen(rows: np.ndarray) -> float:
        sizes.add(len(rows))
        assert 0 <= rows.min() <= rows.max() < samples
        return 1.0

    assert block_bootstrap(seen, samples, block, draws=20) == (1.0, 1.0)
    assert sizes == {samples}


def test_records_without_the_statistic_are_left_out() -> None:
    found = block_bootstrap(lambda rows: math.nan if rows[0] == 0 else 0.5, 2, 1, draws=50)
    assert found == (0.5, 0.5)
