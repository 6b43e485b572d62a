"""Classes of series by a liquid and leaky integrators, on series that we make."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from neuromorphic_ros.learning.classification import evaluate
from neuromorphic_ros.learning.samples import LearningError, Samples, tick_spikes
from neuromorphic_ros.pipeline.liquid_readout import OUTPUT, traces_of, with_readout
from neuromorphic_ros.snn.reservoir import ReservoirParameters, reservoir_network
from neuromorphic_ros.snn.streaming import StreamingNetwork

TICKS, FIELDS = 60, 6
PARAMETERS = ReservoirParameters(
    shape=(3, 3, 6),
    reach=5.0,
    bias=0.0,
    input_weights="graded",
    input_probability=1.0,
    input_scale=0.8,
    tau_mem_ms=(5.0, 20.0),
    tau_trace_ms=40.0,
)
NETWORK = reservoir_network(PARAMETERS, (1, FIELDS))


def waves(samples: int, seed: int) -> Samples:
    """Return sines of two frequencies with random phases, each tick by the field that answers."""
    generator = np.random.default_rng(seed)
    label = np.arange(samples) % 2
    cycles = np.where(label, 12.0, 3.0)[:, None] * np.linspace(0, 1, TICKS)
    values = np.sin(2 * np.pi * (cycles + generator.uniform(0, 1, (samples, 1))))
    field = np.rint((values + 1) / 2 * (FIELDS - 1)).astype(int)
    inputs = np.zeros((samples, TICKS, 1, FIELDS), np.uint8)
    np.put_along_axis(inputs, field[:, :, None, None], 1, axis=3)
    return Samples(inputs, label)


def traces(samples: Samples) -> npt.NDArray[np.float64]:
    return traces_of(NETWORK, samples, (40, TICKS))


def test_unseen_series_are_told_apart() -> None:
    seen = waves(16, 0)
    spec = with_readout(NETWORK, traces(seen), seen.label, 2)
    assert evaluate(spec, waves(16, 1)).confusion.tolist() == [[8, 0], [0, 8]]


def test_labels_that_mean_nothing_are_not_learned() -> None:
    samples = waves(24, 2)
    samples = samples._replace(label=np.random.default_rng(0).permutation(samples.label))
    seen, right = traces(samples), 0
    for case in range(24):
        others = np.arange(24) != case
        spec = with_readout(NETWORK, seen[others], samples.label[others], 2)
        right += int(np.trace(evaluate(spec, samples.take(~others)).confusion))
    assert right <= 19


def test_the_output_is_the_linear_readout_of_the_traces() -> None:
    samples = waves(4, 0)
    spec = with_readout(NETWORK, traces(samples), samples.label, 2)
    network, found = StreamingNetwork(spec), []
    for sequence in samples.inputs:
        network.reset()
        network.run(tick_spikes(sequence))
        found.append(network.membrane(OUTPUT))
    assert [each.name for each in spec.populations] == ["liquid", OUTPUT]
    weights, rest = network.weights("liquid -> output"), spec.population(OUTPUT).neuron.rest
    np.testing.assert_allclose(found, traces(samples)[:, -1] @ weights + rest.values, atol=1e-4)
    # Four series and 54 neurons: what was learned is fitted well.
    np.testing.assert_allclose(found, np.eye(2)[samples.label], atol=0.3)


def test_a_series_does_not_depend_on_the_ones_before() -> None:
    samples = waves(3, 0)
    np.testing.assert_array_equal(traces(samples)[2:], traces(samples.take(slice(2, 3))))


@pytest.mark.parametrize("moments", [(), (TICKS + 1,)])
def test_moments_beyond_the_samples_are_refused(moments: tuple[int, ...]) -> None:
    with pytest.raises(LearningError, match="last 60 ticks"):
        traces_of(NETWORK, waves(1, 0), moments)


@pytest.mark.parametrize(
    ("samples", "label", "complaint"),
    [(0, [], "cannot be trained"), (2, [0], "cannot be trained"), (2, [0, 2], "0 to 2")],
)
def test_labels_that_do_not_fit_are_refused(samples: int, label: list[int], complaint: str) -> None:
    with pytest.raises(LearningError, match=complaint):
        with_readout(NETWORK, np.zeros((samples, 1, 54)), np.array(label, np.int64), 2)
