"""The alias table holds the distribution it was made of."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.encoding.alias_table import COIN_BITS, alias_table


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=300))
def test_bins_add_up_to_the_weights(weights: list[float]) -> None:
    table = alias_table(np.array(weights))
    keep = table.keep / ((1 << COIN_BITS) - 1)
    shares = keep + np.bincount(table.other, 1.0 - keep, minlength=len(weights))
    expected = np.array(weights) / np.sum(weights) * len(weights)
    # Each bin rounds to 2**-16.
    assert np.all(np.abs(shares - expected) < len(weights) * 2.0**-COIN_BITS + 1e-9)


def test_equal_weights_keep_all_bins() -> None:
    table = alias_table(np.full(8192, 0.3))
    assert np.all(table.keep == (1 << COIN_BITS) - 1)
    assert np.array_equal(table.other, np.arange(8192))
