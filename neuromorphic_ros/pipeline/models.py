"""Shipped models: a network with a card that says what it does, how well, and how it was made."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import yaml
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.energy.price import price
from neuromorphic_ros.errors import NeuromorphicError
from neuromorphic_ros.parameters import STRICT, build, read_mapping
from neuromorphic_ros.pipeline.energy_account import priced_on
from neuromorphic_ros.pipeline.networks import hardware_names
from neuromorphic_ros.pipeline.recipes.recipe import Made, Recipe
from neuromorphic_ros.resources import share_directory
from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.snn.network_folder import network_in
from neuromorphic_ros.snn.spec import NetworkSpec

CARD = "card.yaml"
Words = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Energy = Annotated[float, Field(ge=0)]


class ModelError(NeuromorphicError, ValueError):
    """A shipped model that is unknown or whose card cannot be read or written."""


@dataclass(frozen=True, config=STRICT)
class Data:
    """What a model was trained and measured on."""

    name: Words
    citation: Words
    licence: Words
    split: Words


@dataclass(frozen=True, config=STRICT)
class SampleEnergy:
    """Energy of one sample by published prices [uJ], never a measurement.

    static_uj: of the power that is drawn all the time, over the length of a sample; none: no price.
    lower_bound: some price is missing. grade: the weakest of the prices; empty: none was used.
    """

    dynamic_uj: Energy
    static_uj: Energy | None
    lower_bound: bool
    grade: str


@dataclass(frozen=True, config=STRICT)
class ModelCard:
    """What a model does and how well.

    recipe: that trained it and can evaluate it. metric, value, ci95, samples: on samples that it
    was not trained with; ci95 is the metric's interval. synaptic_operations, spikes: mean of a
    sample, spikes of neurons. classes: their names. energy: by hardware. command: what made it.
    """

    name: Words
    task: Words
    recipe: Words
    data: Data
    licence: Words
    classes: tuple[str, ...]
    metric: Words
    value: Share
    ci95: tuple[Share, Share]
    samples: Annotated[int, Field(ge=1)]
    neurons: Annotated[int, Field(ge=1)]
    synaptic_operations: Energy
    spikes: Energy
    sample_ms: Energy
    energy: dict[str, SampleEnergy]
    command: Words


class Model(NamedTuple):
    """A model that is there."""

    card: ModelCard
    network: Path

    def spec(self) -> NetworkSpec:
        """Read the network; raises NetworkError."""
        return load_network(self.network)


def models_folder() -> Path:
    """Return the folder of the shipped models."""
    return share_directory() / "models"


def model_names(folder: Path | None = None) -> list[str]:
    """List the models of a folder, or the shipped ones."""
    return sorted(card.parent.name for card in (folder or models_folder()).glob(f"*/{CARD}"))


def find_model(name: str, folder: Path | None = None) -> Model:
    """Load a shipped model by name, or one by the path of its folder.

    Raises ModelError that lists the shipped ones, or names what is wrong in the card.
    """
    shipped = folder or models_folder()
    place = shipped / name if re.fullmatch(r"\w[\w-]*", name) else Path(name)
    if not (place / CARD).is_file():
        known = ", ".join(model_names(shipped)) or "none"
        raise ModelError(f"model '{name}' is neither a folder with {CARD} nor shipped: {known}")
    return Model(load_card(place), network_in(place))


def load_card(folder: Path) -> ModelCard:
    """Read the card of the model in a folder; raises ModelError if it cannot be or is wrong."""
    where = f"model card {folder / CARD}"
    return build(ModelCard, read_mapping(folder / CARD, where, ModelError), where, ModelError)


def write_card(card: ModelCard, folder: Path) -> None:
    """Write a card; raises ModelError if it cannot be."""
    content = dataclasses.asdict(card) | {
        "classes": list(card.classes),
        "ci95": list(card.ci95),
    }
    text = yaml.safe_dump(content, sort_keys=False, width=100, allow_unicode=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CARD).write_text(text, encoding="utf-8")
    except OSError as unwritable:
        raise ModelError(f"{folder / CARD} cannot be written: {unwritable}") from None


def measured_card(recipe: Recipe, made: Made, command: str) -> ModelCard:
    """Fill in the card of a model as it was measured."""
    found, source = made.measured, recipe.source
    counts, low, high = found.counts, *found.ci95
    inputs = {each.name for each in made.spec.inputs}
    spikes = sum(fired for name, fired in counts.by_population().items() if name not in inputs)
    return ModelCard(
        name=recipe.name,
        task=recipe.task,
        recipe=recipe.name,
        data=Data(source.name, source.citation, source.licence, recipe.split),
        licence=source.licence_of_weights,
        classes=recipe.classes,
        metric=found.metric,
        value=round(found.value, 4),
        ci95=(round(low, 4), round(high, 4)),
        samples=found.samples,
        neurons=made.spec.neurons,
        synaptic_operations=round(float(counts.synaptic_events.sum()) / found.samples, 1),
        spikes=round(spikes / found.samples, 1),
        sample_ms=found.sample_ms,
        energy=energy_by_hardware(counts, found.samples, found.sample_ms),
        command=command,
    )


def energy_by_hardware(counts: Counts, samples: int, sample_ms: float) -> dict[str, SampleEnergy]:
    """Price the mean sample on every hardware."""
    found = {}
    for name in hardware_names():
        priced = price(counts, samples * sample_ms * 1e-3, *priced_on(name))
        static = None if math.isnan(priced.static_pj) else _rounded(priced.static_pj / samples)
        found[name] = SampleEnergy(
            _rounded(priced.dynamic_pj / samples), static, priced.lower_bound, priced.grade
        )
    return found


def listed(card: ModelCard) -> Mapping[str, Any]:
    """Return what a list of models says of one."""
    names = ("name", "task", "metric", "value", "ci95", "samples", "synaptic_operations", "command")
    return {name: getattr(card, name) for name in names}


def _rounded(energy_pj: float) -> float:
    return float(f"{energy_pj / 1e6:.4g}")
