"""Neurons in the integers of TrueNorth, and those that it does not have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.backends.truenorth.codebook import Codebook
from neuromorphic_ros.backends.truenorth.neuron import RESET_LINEAR, RESET_TO_VALUE
from neuromorphic_ros.backends.truenorth.translation import (
    Translation,
    dynamics,
    rate_error,
    translate,
)
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.neurons.adex import AdEx
from neuromorphic_ros.snn.neurons.cuba import CubaLif
from neuromorphic_ros.snn.neurons.leaky import If, Li, Lif
from neuromorphic_ros.snn.spec import Population


def translated(neuron: Any, values: list[float], bias: float = 0.0) -> Translation:
    population = Population(name="cells", shape=(1,), neuron=neuron)
    moves = dynamics(population, np.array([bias]), dt_ms=1.0)
    book = Codebook(np.array([values]), np.empty((0, 4), np.int64))
    return translate("cells", moves, book)


def test_weights_and_threshold_keep_their_ratio() -> None:
    made = translated(If(threshold=1.0), [0.3, -0.5, 0, 0])
    neuron = made.neurons[0]
    assert neuron["weight"].tolist() == [153, -255, 0, 0]
    assert neuron["threshold"] == 510
    assert made.threshold_error == made.leak_error == 0
    assert neuron["leak"] == 0
    assert neuron["saturate"] == 1
    assert neuron["negative_threshold"] == 2**18 - 1
    assert neuron["reset_mode"] == RESET_TO_VALUE
    assert neuron["reset_value"] == 0


def test_the_scale_is_the_one_that_rounds_the_least() -> None:
    # At the finest scale a threshold of 1 would be one of 1.02, rounded up to 2.
    neuron = translated(If(threshold=1.0), [250, -250, 0, 0]).neurons[0]
    assert neuron["weight"].tolist() == [250, -250, 0, 0]
    assert neuron["threshold"] == 1


def test_a_strict_threshold_is_the_next_integer() -> None:
    assert translated(If(threshold=1.0, strict=True), [0.5, 0, 0, 0]).neurons["threshold"] == 511


def test_a_threshold_between_two_integers_needs_the_higher_one() -> None:
    made = translated(If(threshold=1.0), [0.7, 0, 0, 0])
    weight, threshold = int(made.neurons["weight"][0, 0]), int(made.neurons["threshold"][0])
    assert weight < threshold <= 2 * weight


def test_reset_floor_and_start_are_kept() -> None:
    neuron = translated(If(reset="subtract", floor=-0.5, initial=0.25), [0.5, 0, 0, 0]).neurons[0]
    assert neuron["reset_mode"] == RESET_LINEAR
    assert neuron["threshold"] == 510
    assert neuron["negative_threshold"] == 255
    assert neuron["initial"] == round(127.5)


def test_a_constant_input_is_a_leak_of_if() -> None:
    neuron = translated(If(bias=0.1), [0.5, 0, 0, 0], bias=-0.3).neurons[0]
    assert neuron["leak"] / neuron["threshold"] == pytest.approx(-0.2, rel=0.01)
    assert neuron["leak_reversal"] == 0


def test_the_leak_of_lif_is_half_of_that_at_the_threshold_and_towards_rest() -> None:
    made = translated(Lif(tau_mem_ms=20.0), [0.25, 0, 0, 0])
    neuron, decay = made.neurons[0], np.exp(-1 / 20)
    assert neuron["leak"] / made.scale[0] == pytest.approx(-(1 - decay) / 2, rel=0.03)
    assert neuron["leak_reversal"] == 1
    # It leaks before its input, the chip after: what fires is less by one leak.
    assert (neuron["threshold"] - neuron["leak"]) / made.scale[0] == pytest.approx(1, abs=1e-6)
    assert made.leak_error < 0.001


def test_inhibition_of_lif_ends_where_its_leak_would_end_it() -> None:
    made = translated(Lif(tau_mem_ms=20.0), [0.25, 0, 0, 0])
    settled = 0.0
    for _ in range(1000):
        settled = settled * np.exp(-1 / 20) - 1
    assert -made.neurons["negative_threshold"][0] / made.scale[0] == pytest.approx(settled, 0.01)
    # Without a leak it never ends, and a refractory period begins below any floor.
    for neuron in (If(), Lif(refractory_ms=5.0, tau_mem_ms=20.0)):
        assert translated(neuron, [0.25, 0, 0, 0]).neurons["negative_threshold"] == 2**18 - 1


def test_rest_is_zero_on_the_chip() -> None:
    made = translated(Lif(rest=-1.0, threshold=1.0, reset_value=-1.0, floor=-2.0), [0.5, 0, 0, 0])
    neuron = made.neurons[0]
    assert (neuron["threshold"] - neuron["leak"]) / made.scale[0] == pytest.approx(2)
    assert neuron["negative_threshold"] / made.scale[0] == pytest.approx(1, abs=0.01)
    assert neuron["initial"] == 0


def test_a_slow_leak_is_lost_and_said_so() -> None:
    made = translated(Lif(tau_mem_ms=1e5), [0.5, 0, 0, 0])
    assert made.neurons["leak"] == 0
    assert made.leak_error == pytest.approx(0.5e-5, rel=0.01)
    assert made.neurons["threshold"] == 511
    # Where one unit is much of the threshold, it stays.
    assert translated(Lif(tau_mem_ms=1e5), [250, 0, 0, 0]).neurons["threshold"] == 1


def test_neurons_without_weights_keep_threshold_and_leak() -> None:
    neuron = translated(If(bias=0.25), [0, 0, 0, 0]).neurons[0]
    assert neuron["threshold"] == 4 * neuron["leak"] > 0


def test_rates_differ_the_more_the_faster_the_leak() -> None:
    errors = [rate_error(np.exp(-1 / tau)) for tau in (1e6, 100, 10, 1)]
    assert errors[0] < 1e-4
    assert errors == sorted(errors)
    assert 0.3 < errors[-1] < 0.6
    assert rate_error(1.0) == 0
    assert rate_error(0.0) > 0.3


@pytest.mark.parametrize(
    ("neuron", "complaint"),
    [
        (Li(), "no neurons of model li; choose if or lif"),
        (CubaLif(), "no neurons of model cuba_lif"),
        (AdEx(), "no neurons of model adex"),
        (If(multi_spike=True), "no multi_spike; choose false"),
        (If(reset_in="next_tick"), "no reset_in: next_tick; choose same_tick"),
        (If(refractory_ms=3), "a refractory period is a reset far below rest"),
        (Lif(refractory_ms=3, reset="subtract"), "a refractory period is a reset"),
        (Lif(refractory_ms=3, floor=0.0), "a refractory period is a reset"),
        (Lif(refractory_ms=3, tau_mem_ms=1e6), "refractory period of 3 ticks .* not within 1"),
        (Lif(refractory_ms=9000, tau_mem_ms=1.0), "refractory period of 9000 ticks .* not within"),
        (If(reset="subtract", lower_first=True), "no lower_first"),
        (Lif(reset_value=0.5), "reset_value is not its rest"),
        (Lif(rest=1.0, reset_value=1.0), "threshold is not above its rest"),
        (Lif(bias=0.1), "one leak per neuron"),
        (Lif(floor=0.5), "floor is above its rest"),
    ],
)
def test_what_the_chip_has_not_is_refused_by_name(neuron: Any, complaint: str) -> None:
    with pytest.raises(NetworkError, match=f"population 'cells'.*{complaint}"):
        translated(neuron, [0.5, 0, 0, 0])


def test_a_bias_of_a_projection_is_refused_for_lif() -> None:
    with pytest.raises(NetworkError, match="one leak per neuron"):
        translated(Lif(), [0.5, 0, 0, 0], bias=0.1)


def test_a_threshold_of_more_than_18_bits_is_refused() -> None:
    with pytest.raises(NetworkError, match=r"'cells', neuron 0: a threshold of 1000 .* 18 bits"):
        translated(If(threshold=1000.0), [1e-3, 0, 0, 0])
