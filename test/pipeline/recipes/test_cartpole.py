"""A pole on a cart: evolved in closed loop, measured on other episodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.learning.evolution import EvolutionParameters
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.recipes import cartpole
from neuromorphic_ros.pipeline.recipes.cartpole import CLASSES, Episode
from neuromorphic_ros.pipeline.recipes.recipe import Training
from neuromorphic_ros.snn.spec import NetworkSpec

WEIGHTS = 16


@pytest.fixture(autouse=True)
def gymnasium() -> None:
    pytest.importorskip("gymnasium", reason="needs pip install 'neuromorphic_ros[simulation]'")


def training(path: Path, seed: int, generations: int) -> Training:
    return Training(seed, generations, path, print, lambda words, done, steps: None)


def test_episodes_of_training_are_not_measured() -> None:
    assert max(cartpole.MEASURED_SEEDS) < cartpole.FIRST_TRAINING_SEED


def test_a_network_without_weights_lets_the_pole_fall() -> None:
    fallen = cartpole.episode(cartpole.network(np.zeros(WEIGHTS)), 0)
    assert fallen.steps < 100
    assert fallen.loss > 0.8


def test_the_shipped_model_balances_full_episodes() -> None:
    model = find_model("cartpole")
    episodes = [cartpole.episode(model.spec(), seed) for seed in (2000, 2001, 2002)]
    assert [each.steps for each in episodes] == [500, 500, 500]
    assert max(each.loss for each in episodes) < 0.1
    assert model.card.value >= 0.99
    assert model.card.samples == 100


def test_a_seed_makes_an_episode() -> None:
    spec = find_model("cartpole").spec()
    one, other, another = (cartpole.episode(spec, seed) for seed in (7, 7, 8))
    assert one.loss == other.loss
    assert one.counts.spikes.tolist() == other.counts.spikes.tolist()
    assert one.loss != another.loss


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make generations and measurements of few episodes."""
    monkeypatch.setattr(cartpole, "SEARCH", EvolutionParameters(candidates=4))
    monkeypatch.setattr(cartpole, "EPISODES", 1)
    monkeypatch.setattr(cartpole, "MEASURED_SEEDS", range(3))


@pytest.mark.usefixtures("small")
def test_generations_are_repeated_by_their_seed(tmp_path: Path) -> None:
    def weights(spec: NetworkSpec) -> list[float]:
        found = [each.weights for each in spec.projections]
        return np.concatenate([each.values.ravel() for each in found]).tolist()

    one, other, another = (
        weights(cartpole.evolve(training(tmp_path, seed, 1))) for seed in (0, 0, 1)
    )
    assert len(one) == WEIGHTS
    assert one == other
    assert one != another


@pytest.mark.usefixtures("small")
def test_a_model_is_made_and_measured_on_episodes_of_its_own(tmp_path: Path) -> None:
    made = cartpole.RECIPE.make(tmp_path, training(tmp_path, 0, 1))
    assert made.spec.name == "cartpole"
    assert made.measured.samples == 3
    assert made.measured.sample_ms == 10_000


def test_full_episodes_are_counted_beside_all_steps() -> None:
    counts = cartpole.episode(find_model("cartpole").spec(), 5).counts
    found = cartpole.measured([Episode(500, 0.0, counts), Episode(250, 0.6, counts)])
    assert found.value == 0.5
    assert found.figures["kept_steps"] == 0.75
    assert found.confusion.tolist() == [[1, 1], [0, 0]]
    assert found.confusion.shape == (len(CLASSES),) * 2
    assert found.counts.spikes.tolist() == (2 * counts.spikes).tolist()
