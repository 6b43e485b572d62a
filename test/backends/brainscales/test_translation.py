"""Neurons in parameters of circuits, and those that the chip does not have."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.backends.brainscales.chip import chip
from neuromorphic_ros.backends.brainscales.translation import (
    MOST_THRESHOLDS,
    REST_LSB,
    SCALES_LSB,
    Dynamics,
    Translation,
    dynamics,
    peak,
    speed_up,
    synapses,
    translate,
)
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.builder import Network
from neuromorphic_ros.snn.neurons.adex import AdEx
from neuromorphic_ros.snn.neurons.cuba import CubaLif
from neuromorphic_ros.snn.neurons.leaky import If, Li, Lif
from neuromorphic_ros.snn.spec import Population


def moved(neuron: Any, bias: float = 0.0, speed: float = 1000.0) -> Dynamics:
    population = Population(name="cells", shape=(1,), neuron=neuron)
    return dynamics(population, np.array([bias]), dt_ms=1.0, speed_up=speed)


def translated(neuron: Any, weights: list[float], bias: float = 0.0) -> Translation:
    column = scipy.sparse.csc_array(np.array(weights)[:, None])
    return translate(moved(neuron, bias), column, SCALES_LSB[0])


def test_time_constants_run_faster_by_the_ratio() -> None:
    made = moved(CubaLif(tau_mem_ms=20.0, tau_syn_ms=5.0, refractory_ms=3.0))
    assert made.tau_mem_us == pytest.approx([20.0])
    assert made.tau_syn_us == pytest.approx([5.0])
    assert made.refractory_us == pytest.approx(3.0)
    assert not made.saturated


def test_time_constants_beyond_their_range_are_set_to_its_end_and_told_in_ms() -> None:
    made = moved(Lif(tau_mem_ms=500.0, refractory_ms=100.0))
    assert made.tau_mem_us.tolist() == [60.0]
    assert made.saturated["tau_mem_ms"] == pytest.approx((500.0, 60.0))
    assert made.saturated["refractory_ms"] == pytest.approx((100.0, 32.0))
    assert moved(If()).saturated["tau_mem_ms"] == (math.inf, 60.0)


def test_the_chip_runs_faster_where_that_brings_slow_membranes_into_range() -> None:
    def ratio(tau_mem_ms: float, dt_ms: float) -> float:
        network = Network(dt_ms=dt_ms).add("a", 1, Lif(tau_mem_ms=tau_mem_ms))
        return speed_up(network.spec())

    assert ratio(30.0, 1.0) == 1000
    assert ratio(90.0, 1.0) == pytest.approx(1 / 0.6 * 1e3)
    assert ratio(1e6, 1.0) == 2000
    assert ratio(1000.0, 40.0) == pytest.approx(40e3 / 2.4)


def test_a_jump_of_the_membrane_is_reached_by_the_peak() -> None:
    made = moved(Lif(tau_mem_ms=20.0))
    assert made.charge * peak(made.tau_mem_us, made.tau_syn_us) == pytest.approx([1.0])


@given(
    tau_mem_us=st.floats(0.5, 60),
    tau_syn_us=st.floats(0.3, 30),
)
def test_the_peak_is_the_largest_value_of_the_solution(
    tau_mem_us: float, tau_syn_us: float
) -> None:
    time_us = np.linspace(0, 10 * max(tau_mem_us, tau_syn_us), 200_001)
    if abs(tau_syn_us / tau_mem_us - 1) < 1e-3:
        course = time_us / tau_mem_us * np.exp(-time_us / tau_mem_us)
    else:
        course = (
            tau_mem_us
            / (tau_mem_us - tau_syn_us)
            * (np.exp(-time_us / tau_mem_us) - np.exp(-time_us / tau_syn_us))
        )
    found = peak(np.array([tau_mem_us]), np.array([tau_syn_us]))[0]
    assert found == pytest.approx(course.max(), rel=2e-3)


def test_a_synapse_of_its_own_keeps_its_charge() -> None:
    neuron = CubaLif(tau_mem_ms=20.0, tau_syn_ms=5.0)
    made = moved(neuron)
    decay = math.exp(-1 / 5)
    assert made.charge == pytest.approx([1 / (1 - decay)])


def test_potentials_are_whole_and_between_what_must_fire_and_what_must_not() -> None:
    made = translated(Lif(tau_mem_ms=30.0), [0.2, -0.2])
    cells = made.cells
    assert cells.v_rest_lsb == cells.v_reset_lsb == REST_LSB
    assert cells.v_thresh_lsb == np.rint(cells.v_thresh_lsb)
    weight = made.weights.data[0]
    # The peaks of five come to the threshold, those of four do not, in all their decay.
    height = float(peak(cells.tau_mem_us, cells.tau_syn_us)[0])
    assert 4 * weight * height < cells.v_thresh_lsb[0] - REST_LSB <= 5 * weight * height


def test_a_strict_threshold_is_above_what_equals_it() -> None:
    plain, strict = (
        translated(Lif(strict=strict), [0.25]).cells.v_thresh_lsb for strict in (False, True)
    )
    assert plain < strict


def test_constant_input_moves_the_rest() -> None:
    # 0.05 in a tick comes to 0.05 / (1 - exp(-1 / 20)) in the end.
    made = translated(Lif(tau_mem_ms=20.0), [0.5], bias=0.01)
    expected = REST_LSB + 0.01 / -math.expm1(-1 / 20) * made.scale
    assert made.cells.v_rest_lsb == np.rint(expected)
    beyond = translated(Lif(tau_mem_ms=20.0), [0.5], bias=10.0)
    assert beyond.saturated["v_rest_lsb"][1] == chip().leak_lsb.high


def test_reset_value_counts_from_rest() -> None:
    made = translated(Lif(rest=1.0, threshold=2.0, reset_value=0.9), [0.5])
    assert made.cells.v_reset_lsb == np.rint(REST_LSB - 0.1 * made.scale)


def test_what_circuits_do_not_do_is_told() -> None:
    assert moved(Lif(reset="subtract", floor=-1.0)).lost == ("reset: subtract", "floor")
    assert moved(Lif()).lost == ()


def test_a_weight_of_many_thresholds_is_bounded() -> None:
    made = translated(Lif(), [250.0, -250.0])
    largest = MOST_THRESHOLDS * made.scale
    assert made.weights.data == pytest.approx([largest, -largest], abs=0.5)
    assert made.weight_error[0] / made.weight_error[1] > 0.9


def test_large_weights_take_several_synapses() -> None:
    assert synapses(np.array([0.0, 1, -63, 64, -252, 253])).tolist() == [0, 1, 1, 2, 4, 5]


@settings(max_examples=50, deadline=None)
@given(
    weights=st.lists(st.floats(-2, 2).filter(lambda w: abs(w) > 0.05), min_size=1, max_size=30),
    threshold=st.floats(1, 2),
)
def test_weights_are_rounded_by_half_an_lsb_at_most(weights: list[float], threshold: float) -> None:
    made = translated(Lif(threshold=threshold), weights)
    moves = moved(Lif(threshold=threshold))
    dense = made.weights.toarray().ravel() / made.scale
    assert np.all(np.abs(dense - np.array(weights) * moves.charge) <= 0.5001 / made.scale)
    low, high = chip().threshold_lsb
    assert low <= made.cells.v_thresh_lsb[0] <= high
    assert not made.saturated


@pytest.mark.parametrize(
    ("neuron", "reason"),
    [
        (Li(), "model li; choose if, lif or cuba_lif"),
        (AdEx(), "model adex"),
        (Lif(multi_spike=True), "choose multi_spike: false"),
        (Lif(rest=2.0), "threshold is not above its rest"),
    ],
)
def test_what_the_chip_does_not_have_is_refused(neuron: Any, reason: str) -> None:
    with pytest.raises(NetworkError, match=f"population 'cells'.*{reason}"):
        moved(neuron)
