"""What may be loaded into a core."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.backends.truenorth.chip import AXONS, CORES, NEURONS
from neuromorphic_ros.backends.truenorth.core import Core, check_cores
from neuromorphic_ros.backends.truenorth.neuron import LIMITS, NEURON, idle
from neuromorphic_ros.errors import NetworkError


def silent() -> Core:
    return Core(np.zeros(AXONS, np.uint8), np.zeros((AXONS, NEURONS), np.bool_), idle(NEURONS))


def test_limits_cover_every_field_but_the_destination_core() -> None:
    assert NEURON.names is not None
    assert set(LIMITS) | {"destination_core"} == set(NEURON.names)


@pytest.mark.parametrize("field", LIMITS)
def test_limits_are_inclusive(field: str) -> None:
    low, high = LIMITS[field]
    core = silent()
    for value in (low, high):
        core.neurons[field][7] = value
        check_cores([core])
    core.neurons[field][7] = high + 1
    with pytest.raises(NetworkError, match=rf"core 0, neuron 7: {field} {high + 1} is outside of"):
        check_cores([core])


def test_what_is_below_a_limit_is_refused() -> None:
    core = silent()
    core.neurons["weight"][255, 3] = -256
    with pytest.raises(NetworkError, match=r"core 1, neuron 255: weight -256 .* -255\.\.255"):
        check_cores([silent(), core])


def test_a_spike_goes_to_a_core_that_is_there() -> None:
    core = silent()
    core.neurons["destination_core"][3] = 1
    check_cores([core, silent()])
    with pytest.raises(NetworkError, match="core 0, neuron 3: destination_core 1 is outside"):
        check_cores([core])


def test_there_are_four_types_of_axons() -> None:
    core = silent()
    core.axon_type[9] = 4
    with pytest.raises(NetworkError, match="core 0: axon 9 has type 4"):
        check_cores([core])


def test_shapes_and_dtypes_are_those_of_a_core() -> None:
    core = silent()
    with pytest.raises(NetworkError, match=r"core 0: crossbar is bool of shape \(255, 256\)"):
        check_cores([core._replace(crossbar=core.crossbar[1:])])
    with pytest.raises(NetworkError, match="core 0: axon_type is int64"):
        check_cores([core._replace(axon_type=core.axon_type.astype(np.int64))])
    with pytest.raises(NetworkError, match="core 0: neurons is float64"):
        check_cores([core._replace(neurons=np.zeros(NEURONS))])


def test_a_chip_has_at_least_one_core_and_not_more_than_it_has() -> None:
    with pytest.raises(NetworkError, match="0 cores"):
        check_cores([])
    with pytest.raises(NetworkError, match="4097 cores"):
        check_cores([silent()] * (CORES + 1))
