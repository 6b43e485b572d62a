"""Recipes by name, and where their data are."""

from __future__ import annotations

import os
from pathlib import Path

from neuromorphic_ros.learning.samples import LearningError
from neuromorphic_ros.pipeline.recipes import (
    basic_motions,
    cartpole,
    converted_digits,
    digits,
    environment_monitor,
    gestures,
    graph_avoider,
    graph_cars,
    graph_gestures,
    graph_nmnist,
    nmnist,
    pump_faults,
    watch_exercises,
)
from neuromorphic_ros.pipeline.recipes.recipe import Recipe
from neuromorphic_ros.resources import share_directory

RECIPES: dict[str, Recipe] = {
    each.RECIPE.name: each.RECIPE
    for each in (
        basic_motions,
        cartpole,
        converted_digits,
        digits,
        environment_monitor,
        gestures,
        graph_avoider,
        graph_cars,
        graph_gestures,
        graph_nmnist,
        nmnist,
        pump_faults,
        watch_exercises,
    )
}
DATA = "NEUROMORPHIC_DATA"


def find_recipe(name: str) -> Recipe:
    """Return a recipe by name; raises LearningError that lists the known ones."""
    if name not in RECIPES:
        raise LearningError(f"recipe '{name}' is unknown; there are {', '.join(RECIPES)}")
    return RECIPES[name]


def data_path(recipe: Recipe, given: Path | None = None) -> Path:
    """Return where the data of a recipe are: as given, else in the folder of data.

    That is NEUROMORPHIC_DATA, else shared/data beside the repository.
    Raises LearningError if there is nothing.
    """
    folder = os.environ.get(DATA) or share_directory().parent / "shared" / "data"
    path = given or Path(folder) / recipe.source.file
    if not path.exists():
        raise LearningError(
            f"{path}: the data of recipe '{recipe.name}' are not there; give their place by --data "
            f"or {DATA} ({recipe.source.name}; {recipe.source.citation})"
        )
    return path
