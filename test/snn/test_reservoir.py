"""The liquid: radius, Dale's law, distances, and that the engine runs it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.array import as_numpy
from neuromorphic_ros.snn.reservoir import (
    LIQUID,
    TRACE,
    ReservoirParameters,
    input_weights,
    recurrent_weights,
    reservoir_network,
)
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.synapses import connect
from neuromorphic_ros.snn.tick_spikes import TickSpikes


def parameters(**values: Any) -> ReservoirParameters:
    return build(ReservoirParameters, {"shape": (4, 4, 8), **values}, "liquid", NetworkError)


def loop(spec: NetworkSpec) -> npt.NDArray[np.float64]:
    """Return the recurrent weights of all delays together, as the engine runs them."""
    own = [i for i, each in enumerate(spec.projections) if each.pre == each.post == LIQUID]
    return np.sum([connect(spec, index).dense().astype(np.float64) for index in own], axis=0)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.1, 2.0), st.floats(1.5, 8.0), st.integers(0, 100))
def test_the_radius_of_what_the_engine_runs_is_the_one_asked_for(
    radius: float, reach: float, seed: int
) -> None:
    chosen = parameters(spectral_radius=radius, reach=reach, delay_ticks=(1, 5, 9))
    weights = loop(reservoir_network(chosen, (3,), seed=seed))
    assert np.abs(np.linalg.eigvals(weights)).max() == pytest.approx(radius, rel=1e-3)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.0, 1.0), st.integers(0, 100))
def test_a_neuron_either_excites_or_inhibits(share: float, seed: int) -> None:
    chosen = parameters(excitatory_share=share, reach=5.0)
    weights = recurrent_weights(chosen, np.random.default_rng(seed))
    excites, inhibits = (weights > 0).any(1), (weights < 0).any(1)
    assert not np.any(excites & inhibits)
    assert excites.sum() <= round(share * chosen.size) <= chosen.size - inhibits.sum()
    assert not np.any(np.diagonal(weights))


def test_eight_of_ten_excite() -> None:
    weights = recurrent_weights(parameters(reach=5.0), np.random.default_rng(0))
    assert (weights > 0).any(1).sum() == round(0.8 * 128)
    assert (weights < 0).any(1).sum() == 128 - round(0.8 * 128)


def test_excitation_and_inhibition_of_each_neuron_are_in_balance() -> None:
    weights = recurrent_weights(parameters(reach=5.0), np.random.default_rng(0))
    both = (weights > 0).any(0) & (weights < 0).any(0)
    assert both.mean() > 0.9
    assert weights.sum(0)[both] == pytest.approx(0.0, abs=1e-9)


def test_connections_fall_off_with_distance_as_maass_has_it() -> None:
    chosen = parameters(shape=(10, 10, 10), excitatory_share=1.0, reach=2.0)
    connected = recurrent_weights(chosen, np.random.default_rng(0)) != 0
    place = np.stack(np.unravel_index(np.arange(1000), (10, 10, 10)), 1)
    squared = np.square(place[:, None] - place).sum(-1)
    for distance_2 in (1, 2, 4, 9):
        pairs = squared == distance_2
        expected = 0.3 * np.exp(-distance_2 / 4.0)
        deviation = np.sqrt(expected / np.count_nonzero(pairs))
        assert connected[pairs].mean() == pytest.approx(expected, abs=5 * deviation)
    assert not connected[squared > 100].any()
    assert connected.mean() < 0.02


def test_every_synapse_has_one_of_the_delays() -> None:
    chosen = parameters(delay_ticks=(2, 7), reach=5.0)
    spec = reservoir_network(chosen, (3,))
    own = [i for i, each in enumerate(spec.projections) if each.pre == each.post == LIQUID]
    assert [spec.projections[index].delay_ticks for index in own] == [2, 7]
    one, other = (connect(spec, index).dense() != 0 for index in own)
    assert not np.any(one & other)
    assert 0.4 < one.sum() / (one | other).sum() < 0.6


def test_time_constants_span_their_range() -> None:
    liquid = reservoir_network(parameters(tau_mem_ms=(5.0, 80.0)), (3,)).population(LIQUID)
    tau_ms = as_numpy(liquid.neuron.tau_mem_ms)  # type: ignore[union-attr]
    assert 5.0 <= tau_ms.min() < 6.0
    assert 70.0 < tau_ms.max() <= 80.0
    # As many above the geometric mean as below.
    assert abs(np.mean(tau_ms > 20.0) - 0.5) < 0.2


@pytest.mark.parametrize("neuron", ["lif", "alif"])
def test_the_model_is_the_one_asked_for(neuron: str) -> None:
    spec = reservoir_network(parameters(neuron=neuron), (3,))
    assert spec.population(LIQUID).neuron.model == neuron


def test_the_seed_decides_everything() -> None:
    one = reservoir_network(parameters(), (3,), seed=1)
    assert reservoir_network(parameters(), (3,), seed=1) == one
    other = reservoir_network(parameters(), (3,), seed=2)
    for this, that in zip(one.projections[:2], other.projections[:2], strict=True):
        assert this.weights != that.weights


def test_graded_weights_read_the_value_of_a_population_code() -> None:
    chosen = parameters(input_weights="graded", input_probability=1.0, input_scale=0.5)
    weights = input_weights(chosen, (2, 5), (0,)).reshape(2, 5, 128)
    slope = np.linspace(-1, 1, 5)[:, None]
    np.testing.assert_allclose(weights[0], slope * weights[0, -1], rtol=1e-5, atol=1e-8)
    assert not np.allclose(weights[0, -1], weights[1, -1])
    assert np.abs(weights).max() <= 0.5


def test_a_share_of_the_channels_drives_a_neuron() -> None:
    weights = input_weights(parameters(input_probability=0.25), (400,), (0,))
    assert np.count_nonzero(weights) / weights.size == pytest.approx(0.25, abs=0.01)


def test_the_trace_is_the_exponential_filter_of_the_spikes() -> None:
    chosen = parameters(bias=0.2, tau_trace_ms=7.0)
    network = StreamingNetwork(reservoir_network(chosen, (3,), dt_ms=0.5, seed=3))
    silent = TickSpikes(np.empty(0, np.uint32), np.zeros(101, np.int64))
    fired = network.run(silent)
    count = np.zeros((100, chosen.size))
    tick = np.repeat(np.arange(100), np.diff(fired.first))
    mine = fired.address < chosen.size
    np.add.at(count, (tick[mine], fired.address[mine]), 1.0)
    assert count.sum() > 500
    decay = np.exp(-0.5 / 7.0)
    expected = (1 - decay) * (decay ** np.arange(99, -1, -1)[:, None] * count).sum(0)
    np.testing.assert_allclose(network.membrane(TRACE), expected, atol=1e-6)


def test_without_radius_a_neuron_fires_at_the_rate_of_its_bias() -> None:
    chosen = parameters(spectral_radius=0.0, bias=0.1, tau_mem_ms=(1e5, 1e5))
    network = StreamingNetwork(reservoir_network(chosen, (3,)))
    fired = network.run(TickSpikes(np.empty(0, np.uint32), np.zeros(1001, np.int64)))
    counts = np.bincount(fired.address, minlength=chosen.size)[: chosen.size]
    assert np.abs(counts - 100).max() <= 2


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"shape": (100, 100, 100)}, "1000000 neurons exceeds"),
        ({"shape": (0, 1, 1)}, "shape"),
        ({"tau_mem_ms": (20.0, 10.0)}, "must rise"),
        ({"excitatory_share": 1.5}, "excitatory_share"),
        ({"delay_ticks": (0,)}, "delay_ticks"),
        ({"delay_ticks": ()}, "delay_ticks"),
        ({"neuron": "adex"}, "neuron"),
        ({"spectral_radius": -1.0}, "spectral_radius"),
    ],
)
def test_impossible_parameters_are_refused(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(NetworkError, match=complaint):
        parameters(**values)


@pytest.mark.parametrize(
    "values", [{"shape": (1, 1, 1)}, {"probability_ee": 0.0, "excitatory_share": 1.0}]
)
def test_a_liquid_without_loops_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(NetworkError, match="form no loop"):
        reservoir_network(parameters(**values), (3,))
