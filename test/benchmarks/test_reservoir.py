from __future__ import annotations

import json

import numpy as np
import pytest
import reservoir
from peers import echo_state

SMALL = (3, 3, 6)


def test_narma_follows_its_equation() -> None:
    task = reservoir.narma10(400, 0)
    u, y = task.values / 2.0, np.concatenate(([0.0], task.targets))
    for now in range(9, 400):
        expected = 0.3 * y[now] + 0.05 * y[now] * y[now - 9 : now + 1].sum()
        expected += 1.5 * u[now - 9] * u[now] + 0.1
        assert y[now + 1] == pytest.approx(expected)
    assert 0.2 < y[50:].mean() < 0.6


def test_mackey_glass_is_chaotic_and_shifted_by_its_horizon() -> None:
    task = reservoir.mackey_glass(1000, 0)
    assert task.values.min() >= 0.0
    assert task.values.max() <= 1.0
    ahead = reservoir.HORIZON
    np.testing.assert_array_equal(task.values[ahead:], task.targets[:-ahead])
    # Its attractor has a period of about 50.
    spectrum = np.abs(np.fft.rfft(task.values - task.values.mean()))
    assert 1000 / np.argmax(spectrum) == pytest.approx(50, abs=8)


def test_a_readout_of_the_target_itself_has_no_error() -> None:
    generator = np.random.default_rng(0)
    states = generator.standard_normal((400, 5))
    found = reservoir.fit(states, states[:, 0] + 3.0, 300, 20)
    assert found.nrmse < 1e-3
    assert found.output.shape == (100,)
    assert reservoir.online(states, states[:, 0] + 3.0, 300, 20, found.ridge) < 0.05


def test_noise_foretells_nothing() -> None:
    generator = np.random.default_rng(0)
    states, targets = generator.standard_normal((400, 5)), generator.standard_normal(400)
    assert 0.9 < reservoir.fit(states, targets, 300, 20).nrmse < 1.2


def test_a_row_has_all_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reservoir, "TICKS", 5)
    monkeypatch.setattr(reservoir, "KERNEL_INPUTS", 10)
    sides = reservoir.sides(SMALL, 0)
    assert [side.name for side in sides][-2:] == ["spiking", "naive"]
    assert len(sides) == 2 + echo_state.available()
    for side in sides:
        run = reservoir.measure_one(side, 54, 0, steps=600, train=450)
        assert run.row["reservoir"] == side.name
        assert json.loads(json.dumps(run.row)) == run.row
        for name in ("narma10", "mackey_glass"):
            assert 0.0 < run.row[f"{name}_nrmse"] < 2.0
            assert 0.0 < run.row[f"{name}_online_nrmse"] < 2.0
        assert 0.0 < run.row["memory_capacity"] < 54


def test_different_series_fill_more_dimensions_than_noise_on_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reservoir, "TICKS", 20)
    monkeypatch.setattr(reservoir, "KERNEL_INPUTS", 30)
    parameters = reservoir.spiking(SMALL, 0)
    different, alike = (reservoir.kernel_rank(parameters, noise, 0) for noise in (0.0, 1e-4))
    assert 1 <= alike < different <= 30
