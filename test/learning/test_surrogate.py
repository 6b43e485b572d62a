"""The training loop: learns, goes on to the same bytes, keeps the best, ends when it is in vain."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.learning.classification import evaluate
from neuromorphic_ros.learning.samples import LearningError, Samples
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population
from neuromorphic_ros.snn.synapses import connect
from neuromorphic_ros.snn.weight_grid import WeightGrid

from .networks import (
    CHANNELS,
    edges,
    given_graph_network,
    graph_network,
    network,
    samples,
    two_inputs,
)

torch = pytest.importorskip("torch")

from neuromorphic_ros.learning.surrogate import (  # noqa: E402
    SURROGATES,
    SurrogateTraining,
    TrainingState,
    Work,
    accuracy,
    advance,
    is_over,
    start,
    trained,
)
from neuromorphic_ros.snn.network import TorchNetwork  # noqa: E402


def work(**changes: Any) -> Work:
    given = {"epochs": 6, "batch": 8, "learning_rate": 0.02} | changes
    return Work(network(), samples(), SurrogateTraining(**given))


def learned(task: Work) -> TrainingState:
    state = start(task)
    while not is_over(task, state):
        state = advance(task, state)
    return state


def same(one: TrainingState, other: TrainingState) -> bool:
    return all(
        torch.equal(tensor, getattr(other, part)[name])
        for part in ("weights", "best", "moments")
        for name, tensor in getattr(one, part).items()
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [("epochs", 0), ("learning_rate", math.nan), ("surrogate", "sigmoid"), ("label_smoothing", 1)],
)
def test_parameters_out_of_range_are_refused(field: str, value: Any) -> None:
    with pytest.raises(LearningError, match=field):
        build(SurrogateTraining, {field: value}, "training", LearningError)


def test_what_cannot_be_learned_is_refused() -> None:
    parameters = SurrogateTraining()
    wrong = Samples(np.zeros((1, 3, CHANNELS + 1)), np.zeros(1, np.int64))
    with pytest.raises(LearningError, match="takes"):
        start(Work(network(), wrong, parameters))
    with pytest.raises(LearningError, match="takes"):
        start(Work(network(), samples(), parameters, validation=wrong))
    with pytest.raises(NetworkError, match="unknown"):
        start(Work(network(), samples(), parameters, output="nothing"))
    unconnected = NetworkSpec(
        name="unconnected",
        dt_ms=1.0,
        inputs=(Input("spikes", (CHANNELS,)),),
        populations=(Population("output", (2,), Lif()),),
    )
    with pytest.raises(LearningError, match="no weights"):
        start(Work(unconnected, samples(), parameters))


def test_a_loss_that_is_not_finite_is_told() -> None:
    task = work()
    state = start(task)
    broken = {name: torch.full_like(each, math.nan) for name, each in state.weights.items()}
    with pytest.raises(LearningError, match="learning rate"):
        advance(task, state._replace(weights=broken))


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_every_surrogate_learns(surrogate: str) -> None:
    task = work(surrogate=surrogate)
    state = learned(task)
    assert state.history[-1].loss < state.history[0].loss
    assert evaluate(trained(task, state), samples(60, seed=1)).accuracy >= 0.9


@pytest.mark.parametrize("per_channel", [False, True])
def test_what_is_trained_on_a_grid_ends_on_it_and_learns(per_channel: bool) -> None:
    grid = WeightGrid(bits=3, per_channel=per_channel)
    task, unseen = work()._replace(grid=grid), samples(60, seed=1)
    state = learned(task)
    spec = trained(task, state)
    for index in (0, 1):
        matrix = connect(spec, index).dense()
        columns = matrix.T if per_channel else [matrix]
        assert max(len(np.unique(np.abs(column))) for column in columns) <= grid.levels + 1
    found = evaluate(spec, unseen)
    assert found.accuracy >= 0.9
    assert found.accuracy == accuracy(task, state.best, unseen)


def test_what_was_pruned_stays_so_while_the_rest_is_trained() -> None:
    weights = np.random.default_rng(0).normal(0.1, 0.3, (CHANNELS, 12)).astype(np.float32)
    weights[np.abs(weights) < 0.2] = 0.0
    spec = network()
    first = dataclasses.replace(spec.projections[0], weights=Array(weights))
    spec = dataclasses.replace(spec, projections=(first, spec.projections[1]))
    task = work()._replace(spec=spec, keep_zeros=True)
    matrix = connect(trained(task, learned(task)), 0).dense()
    assert np.array_equal(matrix != 0, weights != 0)
    assert not np.allclose(matrix, weights)


def test_training_on_a_grid_goes_on_to_the_same_bytes() -> None:
    task = work(epochs=3)._replace(grid=WeightGrid(bits=4), keep_zeros=True)
    assert same(learned(task), learned(task))
    state = advance(task, advance(task, start(task)))
    assert same(advance(task, state), learned(task))


def test_torch_and_the_engine_agree() -> None:
    task = work(epochs=2)
    state, unseen = learned(task), samples(60, seed=1)
    assert accuracy(task, state.weights, unseen) == evaluate(trained(task, state), unseen).accuracy


def test_a_network_of_two_inputs_learns_and_the_engine_decides_alike() -> None:
    task, unseen = work(epochs=8)._replace(spec=two_inputs()), samples(60, seed=1)
    state = learned(task)
    found = evaluate(trained(task, state), unseen)
    assert found.accuracy >= 0.9
    assert found.accuracy == accuracy(task, state.best, unseen)


def graph_work(**changes: Any) -> Work:
    given = {"epochs": 8, "batch": 8, "learning_rate": 0.02} | changes
    return Work(graph_network(), edges(), SurrogateTraining(**given))


def test_a_graph_of_events_learns_and_the_engine_decides_alike() -> None:
    task, unseen = graph_work(), edges(60, seed=1)
    spec = trained(task, learned(task))
    found = evaluate(spec, unseen)
    assert found.accuracy >= 0.9
    with torch.no_grad():
        outputs, _ = TorchNetwork(spec)(torch.tensor(unseen.inputs).swapaxes(0, 1))
    decided = outputs["output"].sum((0, 3)).argmax(1)
    assert found.predicted.tolist() == decided.tolist()
    # More than the readout learned.
    before, after = (each.graphs[0].graph for each in (task.spec, spec))
    assert before != after


def test_a_given_graph_learns_with_its_attention_and_the_engine_decides_alike() -> None:
    task, unseen = work(learning_rate=0.05)._replace(spec=given_graph_network()), samples(60, 1)
    state = learned(task)
    found = evaluate(trained(task, state), unseen)
    assert found.accuracy >= 0.9
    assert found.accuracy == accuracy(task, state.best, unseen)
    before, after = start(task).weights, state.weights
    # The linear readout of the layers is not heard, so that nothing could teach it.
    assert [name for name in after if name.endswith((".graph.weight", ".graph.bias"))] == []
    for name in ("message", "query", "attention"):
        (key,) = (each for each in after if each.endswith(name))
        assert not torch.equal(before[key], after[key])


def test_a_cost_of_spikes_makes_fewer_in_every_layer_of_a_graph() -> None:
    def spikes(rate_cost: float) -> dict[str, int]:
        task = graph_work(rate_cost=rate_cost)
        return evaluate(trained(task, learned(task)), edges()).counts.by_population()

    free, dear = spikes(0.0), spikes(100.0)
    for layer in ("features.1", "features"):
        assert dear[layer] < 0.8 * free[layer]


def test_an_epoch_leaves_what_was_before_as_it_was() -> None:
    task = work()
    before = start(task)
    kept = {name: each.clone() for name, each in before.weights.items()}
    first, again = advance(task, before), advance(task, before)
    assert all(torch.equal(each, before.weights[name]) for name, each in kept.items())
    assert same(first, again)
    assert not same(first, before._replace(moments=first.moments))


def test_another_seed_is_another_training() -> None:
    assert same(learned(work(epochs=1)), learned(work(epochs=1)))
    assert not same(learned(work(epochs=1)), learned(work(epochs=1, seed=1)))


def test_samples_are_augmented_anew_in_every_epoch() -> None:
    seen: list[bytes] = []

    def augment(inputs: Any, generator: np.random.Generator) -> Any:
        made = inputs * (generator.random(inputs.shape) < 0.8)
        seen.append(made.tobytes())
        return made

    learned(work(epochs=2, batch=40)._replace(augment=augment))
    assert len(set(seen)) == 2


def test_the_best_epoch_is_kept_and_training_ends_in_vain() -> None:
    # Half of these labels are wrong, so that no epoch can be better for long.
    noise = samples(20, seed=2)
    validation = Samples(noise.inputs, np.arange(20) // 2 % 2)
    task = work(epochs=40, patience=3)._replace(validation=validation)
    state = learned(task)
    assert len(state.history) == state.best_epoch + 3 < 40
    best = max(epoch.validation for epoch in state.history)
    assert state.history[state.best_epoch - 1].validation == best
    assert accuracy(task, state.best, validation) == best


def test_a_cost_of_spikes_makes_fewer() -> None:
    def spikes(rate_cost: float) -> int:
        task = work(rate_cost=rate_cost)
        return int(evaluate(trained(task, learned(task)), samples()).counts.spikes[1])

    assert spikes(20.0) < 0.8 * spikes(0.0)
