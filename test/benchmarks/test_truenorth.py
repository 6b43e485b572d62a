from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.backends.truenorth.core import check_cores
from neuromorphic_ros.pipeline.networks import find_network

from .benchmark_script import load

truenorth = load("truenorth")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CORES": 2, "TICKS": 5, "ROUNDS": 1}.items():
        monkeypatch.setattr(truenorth, name, value)


def test_random_cores_have_half_of_all_synapses() -> None:
    cores = truenorth.random_cores(np.random.default_rng(0))
    check_cores(cores)
    assert np.mean([core.crossbar.mean() for core in cores]) == pytest.approx(0.5, abs=0.01)


def test_busier_cores_fire_more_and_have_the_columns_of_networks() -> None:
    rows = [
        *truenorth.measure_cores(),
        truenorth.measure_network(find_network("obstacle_avoider")),
    ]
    assert all(row.keys() == rows[0].keys() for row in rows)
    fired = [row["spikes_per_tick"] for row in rows[:-1]]
    assert fired == sorted(fired)
    assert fired[0] < fired[-1]
    assert rows[-1]["cores"] == 1
    assert rows[-1]["map_ms"] > 0
