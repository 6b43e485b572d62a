"""Folds: what is held out is never trained with, and all folds are counted together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuromorphic_ros.learning.classification import evaluate
from neuromorphic_ros.learning.samples import LearningError, Samples
from neuromorphic_ros.pipeline.measurement import of_classes, pooled
from neuromorphic_ros.pipeline.models import measured_card
from neuromorphic_ros.pipeline.networks import hardware_names
from neuromorphic_ros.pipeline.recipes.digits import RECIPE
from neuromorphic_ros.pipeline.recipes.recipe import Labelled, Made
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection

pytest.importorskip("torch")

from neuromorphic_ros.pipeline.model_training import plan

NOWHERE = Path("nowhere")
GROUPS = np.array([0, 0, 1, 1, 2, 2])


def encode(labelled: Labelled) -> Samples:
    return Samples(np.stack(labelled.content), labelled.label)


def recipe() -> SurrogateRecipe:
    """Return one whose recordings repeat their own number, so that each can be found again."""
    content = [np.full((2, 3), number, np.uint8) for number in range(6)]
    return RECIPE._replace(
        classes=("one", "other"),
        spec=NetworkSpec(
            name="relay",
            dt_ms=2.0,
            inputs=(Input("spikes", (3,)),),
            populations=(Population("output", (2,), Lif()),),
            projections=(Projection("spikes", "output", Array(np.eye(3, 2))),),
        ),
        read=lambda _: Labelled(content, np.arange(6) % 2, GROUPS),
        folds=lambda labelled, _: [labelled.group == each for each in range(3)],
        encode=encode,
        train=lambda labelled, _: encode(labelled),
    )


def numbers(samples: Samples) -> set[int]:
    return set(samples.inputs[:, 0, 0].tolist())


@pytest.mark.parametrize("chosen", [np.zeros(6, bool), np.ones(6, bool)])
def test_a_fold_needs_both_parts(chosen: np.ndarray) -> None:
    with pytest.raises(LearningError, match="too few"):
        plan(recipe()._replace(folds=lambda *_: [chosen]), NOWHERE, 0)


def test_wrong_parameters_name_the_recipe() -> None:
    with pytest.raises(LearningError, match="momentum"):
        plan(recipe()._replace(parameters={"momentum": 0.9}), NOWHERE, 0)


def test_what_is_held_out_is_not_trained_with() -> None:
    planned = plan(recipe(), NOWHERE, seed=3, epochs=7)
    for group, fold in enumerate(planned.folds):
        assert numbers(fold.held_out) == {2 * group, 2 * group + 1}
        assert numbers(fold.work.samples) == set(range(6)) - numbers(fold.held_out)
        assert (fold.work.parameters.seed, fold.work.parameters.epochs) == (3, 7)
    assert planned.whole is not None
    assert numbers(planned.whole.samples) == set(range(6))


def test_the_network_of_the_only_fold_is_the_one_shipped() -> None:
    alone = recipe()._replace(folds=lambda labelled, _: [labelled.group == 0])
    assert plan(alone, NOWHERE, 0).whole is None


def test_folds_are_counted_together() -> None:
    folds = plan(recipe(), NOWHERE, 0).folds
    one_by_one = [evaluate(recipe().spec, fold.held_out) for fold in folds]
    together = pooled(one_by_one)
    assert together.samples == 6
    assert together.confusion.sum(axis=1).tolist() == [3, 3]
    assert together.counts.synaptic_events.sum() == sum(
        each.counts.synaptic_events.sum() for each in one_by_one
    )
    made = Made(recipe().spec, of_classes(together, sample_ms=4.0))
    card = measured_card(recipe(), made, "made by hand")
    assert card.samples == 6
    assert card.sample_ms == 4.0
    assert card.neurons == 2
    # Every input spike of the first two channels meets one weight that is not zero.
    assert card.synaptic_operations == pytest.approx(2 * 2 * sum(range(6)) / 6)
    assert set(card.energy) == set(hardware_names())
    pj = card.energy["digital_1pj"].dynamic_uj * 1e6
    assert 0 < pj < 1e4
