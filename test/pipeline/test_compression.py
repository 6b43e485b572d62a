"""Networks are compressed in order, by recorded input, and measured beside what they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.compression.map_weights import CompressionError
from neuromorphic_ros.compression.quantize import quantize
from neuromorphic_ros.learning.samples import LearningError, Samples, tick_spikes
from neuromorphic_ros.parameters import build
from neuromorphic_ros.pipeline.calibration import Calibration, labelled_calibration
from neuromorphic_ros.pipeline.compression import Compression, Trainer, compress, size_of
from neuromorphic_ros.pipeline.compression_report import report
from neuromorphic_ros.pipeline.recipes.recipe import Labelled, Source
from neuromorphic_ros.pipeline.recipes.surrogate_recipe import SurrogateRecipe
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.state_bits import StateBits
from neuromorphic_ros.snn.synapses import connect
from neuromorphic_ros.snn.weight_grid import WeightGrid

CHANNELS, TICKS = 8, 12
NOWHERE = Path("nowhere")


def network(hidden: int = 10) -> NetworkSpec:
    """Return two classes by hand: hidden neurons hear one half each; the last ones hear nothing."""
    half = np.arange(CHANNELS)[:, None] // (CHANNELS // 2) == np.arange(hidden) % 2
    into = np.where(half, 0.55, -0.3) * np.linspace(1.0, 0.7, hidden)
    into[:, -2:] = 0.001
    out = np.where(np.arange(hidden)[:, None] % 2 == np.arange(4) // 2, 0.4, -0.4)
    neuron = Lif(tau_mem_ms=5.0, reset="subtract")
    return NetworkSpec(
        name="halves",
        dt_ms=1.0,
        inputs=(Input("in", (CHANNELS,)),),
        populations=(Population("hidden", (hidden,), neuron), Population("output", (2, 2), neuron)),
        projections=(
            Projection("in", "hidden", Array(into)),
            Projection("hidden", "output", Array(out)),
        ),
    )


def samples(count: int = 24, seed: int = 0) -> Samples:
    generator = np.random.default_rng(seed)
    label = np.arange(count) % 2
    half = np.arange(CHANNELS) // (CHANNELS // 2)
    chance = np.where(half == label[:, None], 0.6, 0.1)[:, None, :]
    fired = generator.random((count, TICKS, CHANNELS)) < chance
    return Samples(fired.astype(np.uint8), label.astype(np.int64))


PIECES = tuple(tick_spikes(sequence) for sequence in samples().inputs)
CALIBRATION = Calibration(PIECES, PIECES, samples())
AGAIN = Trainer(samples(), {"batch": 8})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("neurons", 1.0),
        ("weights", 1.1),
        ("below", -1),
        ("scope", "layer"),
        ("epochs", -1),
        ("grid", {"bits": 9}),
        ("state", {"membrane": 3}),
    ],
)
def test_what_cannot_be_asked_for_is_refused(field: str, value: Any) -> None:
    with pytest.raises(CompressionError, match=field):
        build(Compression, {field: value}, "compression", CompressionError)


def test_training_without_samples_is_refused() -> None:
    with pytest.raises(CompressionError, match="network 'halves' has no labelled samples"):
        compress(network(), Compression(epochs=1), PIECES)


def test_nothing_is_changed_if_nothing_is_asked_for() -> None:
    found = compress(network(), Compression(), PIECES)
    assert found.spec == network()
    assert found.roundings == ()


def test_the_neurons_that_hardly_fire_are_taken_out() -> None:
    spec = compress(network(), Compression(neurons=0.2), PIECES).spec
    assert spec.shapes["hidden"] == (8,)
    assert np.array_equal(connect(spec, 0).dense(), connect(network(), 0).dense()[:, :8])


def test_all_is_done_in_order() -> None:
    grid = WeightGrid(bits=4)
    wanted = Compression(neurons=0.2, weights=0.5, below=0.35, grid=grid)
    found = compress(network(), wanted, PIECES)
    matrices = [connect(found.spec, index).dense() for index in (0, 1)]
    assert np.count_nonzero(matrices[0]) <= CHANNELS * 8 // 2
    assert [each.projection for each in found.roundings] == ["in -> hidden", "hidden -> output"]
    for matrix in matrices:
        steps = matrix / (np.abs(matrix).max() / grid.levels)
        assert np.allclose(steps, np.rint(steps), atol=1e-4)
    # Pruned weights are no change of the grid.
    assert all(each.rms < 0.2 for each in found.roundings)


def test_the_scope_of_a_share_is_a_projection_or_the_network() -> None:
    each, whole = (
        compress(network(), Compression(weights=0.5, scope=scope), PIECES).spec  # type: ignore[arg-type]
        for scope in ("projection", "network")
    )
    kept = [[np.count_nonzero(connect(spec, k).dense()) for k in (0, 1)] for spec in (each, whole)]
    assert kept[0] == [40, 20]
    assert sum(kept[1]) == 60
    assert kept[1] != kept[0]


def test_size_counts_synapses_and_their_bits() -> None:
    spec = network()
    assert size_of(spec) == (14, 120, 120 * 32)
    pruned = compress(spec, Compression(weights=0.5), PIECES).spec
    assert size_of(pruned, WeightGrid(bits=4)) == (14, 60, 60 * 4)
    assert size_of(quantize(pruned, "int8")).weight_bits <= 60 * 8


def test_a_report_tells_size_spikes_and_answers() -> None:
    grid = WeightGrid(bits=3)
    found = report(
        network(), compress(network(), Compression(grid=grid), PIECES), grid, CALIBRATION
    )
    assert found.reduction > 32 / 3
    assert found.accuracy_before is not None
    assert found.accuracy is not None
    assert found.accuracy_before.value > 0.9
    assert found.accuracy.samples == 24
    by_name = {each.population: each for each in found.populations}
    assert 0.5 < by_name["output"].same_spikes < 1
    document = found.document()
    assert json.loads(json.dumps(document)) == document
    same = report(network(), compress(network(), Compression(), PIECES), None, CALIBRATION)
    assert same.accuracy == same.accuracy_before
    assert [each.same_spikes for each in same.populations] == [1, 1]


def test_without_labels_there_is_no_accuracy() -> None:
    calibration = Calibration(PIECES, PIECES)
    found = report(network(), compress(network(), Compression(), PIECES), None, calibration)
    assert found.accuracy is None
    assert found.document()["accuracy"] is None


def test_state_in_many_bits_changes_nothing_and_in_few_something() -> None:
    pytest.importorskip("torch")
    same = []
    for bits in (24, 5):
        wanted = Compression(state=StateBits(membrane=bits, current=bits))
        found = report(network(), compress(network(), wanted, PIECES), None, CALIBRATION)
        same.append(found.populations[-1].same_spikes)
        assert found.accuracy is not None
    assert same[0] > 0.98
    assert same[1] < same[0]


def test_what_is_trained_again_is_on_the_grid_and_stays_pruned() -> None:
    pytest.importorskip("torch")
    pruned = compress(network(), Compression(weights=0.6), PIECES).spec
    grid = WeightGrid(bits=3, per_channel=True)
    wanted = Compression(weights=0.6, epochs=2, learning_rate=0.01, grid=grid)
    found = compress(network(), wanted, PIECES, AGAIN)
    for index in (0, 1):
        before, after = (connect(spec, index).dense() for spec in (pruned, found.spec))
        assert not after[before == 0].any()
        assert not np.array_equal(before, after)
        for column in after.T:
            assert len(np.unique(np.abs(column))) <= grid.levels + 1
    assert compress(network(), wanted, PIECES, AGAIN).spec == found.spec


def test_parameters_of_training_that_are_wrong_are_told() -> None:
    pytest.importorskip("torch")
    wrong = Trainer(samples(), {"momentum": 0.9})
    with pytest.raises(LearningError, match="training of 'halves': momentum"):
        compress(network(), Compression(epochs=1), PIECES, wrong)


def recipe(folds: int = 1) -> SurrogateRecipe:
    given = samples(40)
    label = given.label
    content = [*given.inputs]

    def encode(labelled: Labelled) -> Samples:
        return Samples(np.stack(labelled.content), labelled.label)

    place = np.arange(40)
    return SurrogateRecipe(
        name="halves",
        task="tell halves",
        classes=("low", "high"),
        source=Source("made up", "nobody", "none", "nowhere", True, "none"),
        split="a quarter",
        spec=network(),
        parameters={},
        read=lambda _: Labelled(content, label, place),
        folds=lambda labelled, _: [labelled.group % 4 == fold for fold in range(folds)],
        encode=encode,
        train=lambda labelled, _: encode(labelled),
    )


def test_what_is_held_out_measures_and_the_rest_calibrates_and_trains() -> None:
    found = labelled_calibration(recipe(), NOWHERE, 0, train=True)
    assert found.held_out is not None
    assert found.again is not None
    assert (len(found.pieces), len(found.measured)) == (30, 10)
    assert found.held_out.size == 10
    assert found.again.samples.size == 30
    assert found.seen == ""
    assert labelled_calibration(recipe(), NOWHERE, 0, train=False).again is None


def test_what_a_shipped_network_has_seen_is_told() -> None:
    assert "trained on all" in labelled_calibration(recipe(4), NOWHERE, 0, train=False).seen


def test_a_split_needs_both_parts() -> None:
    nothing = recipe()._replace(folds=lambda labelled, _: [labelled.group < 0])
    with pytest.raises(LearningError, match="too few"):
        labelled_calibration(nothing, NOWHERE, 0, train=False)
