from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.learning.pairing import LAG_MS, MEASURED, PAIRS, pairing
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp
from neuromorphic_ros.snn.plasticity.triplet_stdp import TripletStdp

VISUAL_CORTEX = TripletStdp(w_min=0.0, w_max=10.0)


def test_the_dependence_on_frequency_is_that_of_the_experiment() -> None:
    found = {
        frequency: tuple(pairing(VISUAL_CORTEX, frequency, lag) for lag in (LAG_MS, -LAG_MS))
        for frequency in MEASURED
    }
    # In standard errors of the measurement, the error that the paper minimizes.
    deviations = [
        (model - measured.mean) / measured.error
        for frequency in MEASURED
        for model, measured in zip(found[frequency], MEASURED[frequency], strict=True)
    ]
    assert np.mean(np.square(deviations)) < 0.5
    # What pairs alone cannot explain: more pairs a second potentiate in either order.
    before, after = np.array(list(found.values())).T
    assert np.all(np.diff(before) > 0)
    assert after[0] < 0 < after[-1]


def test_without_triplets_frequency_turns_potentiation_to_depression() -> None:
    pairs = TripletStdp(a2_plus=7e-3, a3_plus=0.0, a3_minus=0.0, w_min=-10.0, w_max=10.0)
    assert pairing(pairs, 0.1, LAG_MS) > 0
    assert pairing(pairs, 50, LAG_MS) < pairing(pairs, 0.1, LAG_MS)


def test_rare_pairs_change_a_weight_by_their_window_each() -> None:
    rule = PairStdp(learning_rate=1e-3, depression=2.0, tau_plus_ms=10.0, tau_minus_ms=20.0,
                    w_min=-10.0, w_max=10.0)  # fmt: skip
    assert pairing(rule, 0.5, LAG_MS) == pytest.approx(PAIRS * 1e-3 * np.exp(-1), rel=1e-3)
    assert pairing(rule, 0.5, -LAG_MS) == pytest.approx(-PAIRS * 2e-3 * np.exp(-0.5), rel=1e-3)


def test_bounds_must_hold_the_weight() -> None:
    with pytest.raises(NetworkError, match=r"outside of 0\.0\.\.0\.5"):
        pairing(PairStdp(w_max=0.5), 10.0, LAG_MS)
