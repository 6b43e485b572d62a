"""Neurons and their synapses on the cores of a chip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.backends.loihi.chip import Core, chip, place
from neuromorphic_ros.errors import NetworkError

NEURONS_PER_CORE = 8192
SYNAPSES_PER_CORE = 937_500


def test_limits_are_those_that_are_published() -> None:
    limits = chip()
    assert (limits.cores.value, limits.neurons_per_core.value) == (128, NEURONS_PER_CORE)
    assert limits.neurons == 2**20
    assert limits.synapses_per_core == SYNAPSES_PER_CORE
    assert (limits.weight.value, limits.delay.value) == (8, 62)


def test_a_core_is_full_of_neurons_or_of_synapses() -> None:
    assert place(np.zeros(NEURONS_PER_CORE + 1, np.int64)) == (
        Core(0, NEURONS_PER_CORE, 0),
        Core(NEURONS_PER_CORE, 1, 0),
    )
    half = SYNAPSES_PER_CORE // 2
    assert place(np.array([half, half, 1, 1])) == (Core(0, 2, 2 * half), Core(2, 2, 2))
    assert place(np.zeros(0, np.int64)) == ()


@given(st.lists(st.integers(0, SYNAPSES_PER_CORE), max_size=60))
def test_every_neuron_is_on_one_core_that_holds_it(fan_in: list[int]) -> None:
    cores = place(np.array(fan_in, np.int64))
    assert [core.first for core in cores] == np.cumsum(
        [0, *(core.neurons for core in cores)]
    ).tolist()[:-1]
    assert sum(core.neurons for core in cores) == len(fan_in)
    for core in cores:
        assert core.synapses == sum(fan_in[core.first : core.first + core.neurons])
        assert core.synapses <= SYNAPSES_PER_CORE


def test_a_neuron_with_more_than_a_core_holds_is_refused() -> None:
    with pytest.raises(NetworkError, match=r"neuron 1 is reached by 937501 .* 937500: prune"):
        place(np.array([0, SYNAPSES_PER_CORE + 1]))


def test_more_cores_than_there_are_is_refused() -> None:
    assert len(place(np.full(128, SYNAPSES_PER_CORE))) == 128
    with pytest.raises(NetworkError, match=r"need 129 cores, Loihi 2 has 128: take fewer"):
        place(np.full(129, SYNAPSES_PER_CORE))
