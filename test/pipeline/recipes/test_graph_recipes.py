"""Graphs beside convolutions: the same data and about the same size, another network between."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.learning.classification import evaluate
from neuromorphic_ros.learning.samples import Samples
from neuromorphic_ros.pipeline.measurement import of_classes
from neuromorphic_ros.pipeline.models import measured_card
from neuromorphic_ros.pipeline.recipes import gestures, graph_gestures, graph_nmnist, nmnist
from neuromorphic_ros.pipeline.recipes.recipe import Made
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.spec import NetworkSpec

pytest.importorskip("torch")

from neuromorphic_ros.snn.network import TorchNetwork

PAIRS = [(graph_gestures.RECIPE, gestures.RECIPE), (graph_nmnist.RECIPE, nmnist.RECIPE)]


def parameters(spec: NetworkSpec) -> int:
    """Return the number of weights and biases that are trained."""
    return sum(each.numel() for each in TorchNetwork(spec).parameters())


@pytest.mark.parametrize(("graph", "convolutional"), PAIRS)
def test_a_graph_is_about_as_large_and_its_data_are_the_same(
    graph: SurrogateRecipe, convolutional: SurrogateRecipe
) -> None:
    assert graph.spec.graphs
    assert not convolutional.spec.graphs
    assert parameters(graph.spec) == pytest.approx(parameters(convolutional.spec), rel=0.05)
    for name in ("source", "split", "classes", "read", "folds", "encode", "train", "augment"):
        assert getattr(graph, name) == getattr(convolutional, name)
    assert graph.spec.inputs == convolutional.spec.inputs
    assert graph.spec.dt_ms == convolutional.spec.dt_ms


def test_a_card_counts_the_spikes_of_every_layer() -> None:
    recipe = graph_gestures.RECIPE
    inputs = np.random.default_rng(0).poisson(0.05, (1, 4, *recipe.spec.inputs[0].shape))
    found = evaluate(recipe.spec, Samples(inputs.astype(np.uint8), np.zeros(1, np.int64)))
    fired = found.counts.by_population()
    assert fired["features.1"] > 0
    card = measured_card(recipe, Made(recipe.spec, of_classes(found, 40.0)), "made by hand")
    assert card.spikes == fired["features.1"] + fired["features"] + fired["output"]
