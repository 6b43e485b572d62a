"""Model cards: what is wrong in one is told, what is shipped says how it was made."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.learning.classification import wilson
from neuromorphic_ros.pipeline.measurement import ACCURACY
from neuromorphic_ros.pipeline.models import (
    CARD,
    ModelCard,
    ModelError,
    find_model,
    model_names,
    write_card,
)
from neuromorphic_ros.pipeline.networks import hardware_names
from neuromorphic_ros.pipeline.recipes.registry import RECIPES, find_recipe


def shipped() -> ModelCard:
    return find_model("digits").card


def test_an_unknown_model_is_told_what_there_is() -> None:
    with pytest.raises(ModelError, match="digits"):
        find_model("letters")
    with pytest.raises(ModelError, match="neither"):
        find_model("/nowhere/at/all")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"value": 1.2}, "value"),
        ({"samples": 0}, "samples"),
        ({"licence": ""}, "licence"),
        ({"secret": 1}, "secret is not a known field"),
        ({"ci95": [0.1]}, "ci95"),
        ({"data": {"name": "x"}}, "data.*missing"),
    ],
)
def test_a_wrong_card_is_refused(tmp_path: Path, change: dict[str, object], complaint: str) -> None:
    write_card(shipped(), tmp_path / "model")
    content = yaml.safe_load((tmp_path / "model" / CARD).read_text())
    (tmp_path / "model" / CARD).write_text(yaml.safe_dump(content | change))
    with pytest.raises(ModelError, match=complaint):
        find_model("model", tmp_path)


@pytest.mark.parametrize("content", ["", "- 1", "\x00", "{"])
def test_rubbish_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / CARD).write_text(content)
    with pytest.raises(ModelError, match=r"card\.yaml"):
        find_model("model", tmp_path)


def test_a_card_without_its_network_is_told(tmp_path: Path) -> None:
    write_card(shipped(), tmp_path / "model")
    with pytest.raises(NetworkError, match=r"network\.nir"):
        find_model("model", tmp_path).spec()


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        write_card(shipped(), tmp_path / "file")


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    card = dataclasses.replace(shipped(), name="copy", classes=("0", "yes", "null"))
    write_card(card, tmp_path / "copy")
    assert find_model("copy", tmp_path).card == card
    assert find_model(str(tmp_path / "copy")).card == card
    assert model_names(tmp_path) == ["copy"]


@pytest.mark.parametrize("name", model_names())
def test_what_is_shipped_says_all_of_it(name: str) -> None:
    model = find_model(name)
    card, spec = model.card, model.spec()
    recipe = find_recipe(card.recipe)
    assert card.name == name
    assert recipe.source.ships
    assert (card.data.licence, card.licence) == (
        recipe.source.licence,
        recipe.source.licence_of_weights,
    )
    assert card.command == f"neuromorphic train {card.recipe} --seed 0"
    assert set(card.energy) == set(hardware_names())
    assert card.neurons == spec.neurons
    assert spec.name == name
    assert card.ci95[0] <= card.value <= card.ci95[1]
    if card.metric == ACCURACY:
        assert spec.population("output").shape[0] == len(card.classes)
        right = round(card.value * card.samples)
        assert wilson(right, card.samples) == pytest.approx(card.ci95, abs=1e-4)


def test_every_recipe_that_may_be_shipped_is() -> None:
    assert set(model_names()) >= {name for name, recipe in RECIPES.items() if recipe.source.ships}
