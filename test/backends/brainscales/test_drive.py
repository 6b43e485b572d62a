"""What drives neurons: sources that the host plays, and weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.backends.brainscales.drive import drive
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.builder import Network
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.spec import NetworkSpec


def test_channels_with_equal_weights_are_one_source() -> None:
    network = Network().add_input("in", 4).add("a", 2)
    network.connect("in", "a", weights=[[1.0, 2.0], [0.0, 1.0], [1.0, 2.0], [0.0, 0.0]])
    made = drive(network.spec())
    assert made.sources.number == 2
    assert made.sources.channel.tolist() == [0, 1, 2]
    assert made.sources.source.tolist() == [0, 1, 0]
    np.testing.assert_array_equal(made.weights[:2].toarray(), [[1, 2], [0, 1]])


def test_the_host_delays_what_comes_from_outside() -> None:
    network = Network().add_input("in", 1).add("a", 1)
    network.connect("in", "a", weights=3.0)
    network.connect("in", "a", weights=-2.0, delay_ticks=7)
    made = drive(network.spec())
    assert made.sources.number == 2
    assert made.sources.delay_ticks.tolist() == [0, 7]
    assert made.weights[:2].toarray().ravel().tolist() == [3, -2]
    assert not made.too_late


def test_delays_between_neurons_are_told_from_two_ticks_on() -> None:
    network = Network().add_input("in", 1).add("a", 2)
    network.connect("in", "a")
    network.connect("a", "a", pattern=OneToOne(), delay_ticks=1)
    network.connect("a[0]", "a[1]", delay_ticks=2)
    made = drive(network.spec())
    assert [str(each) for each in made.too_late] == ["a[0] -> a[1]"]


def test_constant_input_is_summed_by_neuron() -> None:
    network = Network().add_input("in", 2).add("a", 3)
    network.connect("in", "a[1:3]", weights=1.0, bias=[0.5, 0.25])
    network.connect("in", "a", weights=1.0, bias=1.0)
    assert drive(network.spec()).bias.tolist() == [1.0, 1.5, 1.25]


def test_a_network_without_inputs_has_no_sources() -> None:
    network = Network().add("a", 2)
    network.connect("a", "a", weights=0.5, delay_ticks=1)
    made = drive(network.spec())
    assert made.sources.number == 0
    assert made.weights.shape == (2, 2)


def test_weights_that_do_not_fit_are_refused() -> None:
    content = {
        "name": "wrong",
        "dt_ms": 1,
        "inputs": [{"name": "a", "shape": [2]}],
        "populations": [{"name": "b", "shape": [3]}],
        "projections": [{"pre": "a", "post": "b", "weights": [1, 2]}],
    }
    with pytest.raises(NetworkError, match="a -> b"):
        drive(NetworkSpec(**content))


@settings(max_examples=30, deadline=None)
@given(
    channels=st.integers(1, 8),
    neurons=st.integers(1, 5),
    delays=st.lists(st.integers(0, 2), min_size=1, max_size=3),
    seed=st.integers(0, 1000),
)
def test_sources_carry_every_weight_of_every_channel(
    channels: int, neurons: int, delays: list[int], seed: int
) -> None:
    generator = np.random.default_rng(seed)
    network = Network().add_input("in", channels).add("a", neurons)
    expected = np.zeros((3, channels, neurons))
    for delay in delays:
        weights = generator.integers(-1, 2, (channels, neurons)).astype(float)
        expected[delay] += weights
        network.connect("in", "a", weights=weights.tolist(), delay_ticks=delay)
    made = drive(network.spec())
    found = np.zeros_like(expected)
    sources = made.sources
    for channel, delay, source in zip(
        sources.channel, sources.delay_ticks, sources.source, strict=True
    ):
        found[delay, channel] += made.weights[source].toarray().ravel()
    np.testing.assert_array_equal(found, expected)
    used = np.unique(expected[np.any(expected, axis=2)], axis=0)
    assert sources.number >= len(used)
