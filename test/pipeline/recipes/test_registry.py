"""Recipes by name, their data, and what they do to the real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.learning.classification import evaluate
from neuromorphic_ros.learning.samples import LearningError, check_samples
from neuromorphic_ros.pipeline.models import find_model
from neuromorphic_ros.pipeline.recipes.registry import RECIPES, data_path, find_recipe
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe


def test_an_unknown_recipe_is_told_what_there_is() -> None:
    with pytest.raises(
        LearningError,
        match="basic_motions, cartpole, converted_digits, digits, environment_monitor, gestures, "
        "graph_avoider",
    ):
        find_recipe("letters")


def test_each_recipe_has_a_script_that_makes_what_is_shipped() -> None:
    folder = Path(__file__).parents[3] / "training"
    assert {script.stem for script in folder.glob("*.py")} == RECIPES.keys()


def test_missing_data_are_named_with_their_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROMORPHIC_DATA", str(tmp_path))
    with pytest.raises(LearningError, match="C50P49"):
        data_path(find_recipe("digits"))
    with pytest.raises(LearningError, match="elsewhere"):
        data_path(find_recipe("digits"), tmp_path / "elsewhere")
    assert data_path(find_recipe("digits"), tmp_path) == tmp_path


SURROGATES = [name for name, recipe in RECIPES.items() if isinstance(recipe, SurrogateRecipe)]


def surrogate(name: str) -> SurrogateRecipe:
    recipe = RECIPES[name]
    assert isinstance(recipe, SurrogateRecipe)
    return recipe


@pytest.mark.data
@pytest.mark.parametrize(
    "name",
    [
        "basic_motions",
        "converted_digits",
        "gestures",
        "graph_cars",
        "graph_gestures",
        "pump_faults",
    ],
)
def test_a_shipped_model_is_measured_on_its_real_data(name: str, shared_data: Path) -> None:
    recipe, model = RECIPES[name], find_model(name)
    found = recipe.measure(model.spec(), shared_data / recipe.source.file)
    assert found.metric == model.card.metric
    assert found.confusion.shape == (len(recipe.classes),) * 2
    assert found.value > 0.7


@pytest.mark.data
@pytest.mark.parametrize("name", SURROGATES)
def test_real_data_are_read_and_fit(name: str, shared_data: Path) -> None:
    recipe = surrogate(name)
    labelled = recipe.read(shared_data / recipe.source.file)
    assert set(labelled.label) == set(range(len(recipe.classes)))
    folds = recipe.folds(labelled, 0)
    assert folds
    few = labelled.take(np.arange(labelled.size) < 30)
    check_samples(recipe.spec, recipe.encode(few), "output")


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits", "gestures", "graph_gestures", "graph_nmnist", "nmnist"])
def test_the_card_says_what_is_measured(name: str, shared_data: Path) -> None:
    recipe, model = surrogate(name), find_model(name)
    labelled = recipe.read(shared_data / recipe.source.file)
    (held_out,) = recipe.folds(labelled, 0)
    found = evaluate(model.spec(), recipe.encode(labelled.take(held_out)))
    assert found.samples == model.card.samples
    # Another machine may round another way.
    assert found.accuracy == pytest.approx(model.card.value, abs=0.02)
