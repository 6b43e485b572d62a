from __future__ import annotations

import json

import learning_rls
import numpy as np
import pytest


def test_the_row_is_what_other_benchmarks_of_learning_print() -> None:
    row = learning_rls.measure_rls(features=50, rounds=1, steps=5)
    assert row["work"] == "rls"
    assert row["ours_us"] > 0
    assert {"numpy", "numba"} <= set(row["peers"])
    assert json.loads(json.dumps(row)) == row


@pytest.mark.parametrize("peer", ["by_numpy", "by_numba"])
def test_a_peer_computes_the_same(peer: str) -> None:
    generator = np.random.default_rng(0)
    x = generator.random((80, 20)).astype(np.float32)
    y = (x @ generator.random((20, 1))).astype(np.float32)
    sides = learning_rls.ours(x, y), getattr(learning_rls, peer)(x, y)
    for side in sides:
        for index in range(80):
            side.step(index)
    ours, theirs = (side.weights() for side in sides)
    assert np.abs(ours).max() > 0.1
    np.testing.assert_allclose(ours, theirs, rtol=1e-2, atol=1e-4)
