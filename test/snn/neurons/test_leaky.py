"""Neuron models: closed forms of their discretisation and bounds of their parameters."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.neurons.leaky import Lif


@settings(deadline=None)
@given(tau_ms=st.floats(0.1, 1e4), dt_ms=st.floats(0.01, 10.0))
def test_two_half_ticks_leak_as_much_as_one_tick(tau_ms: float, dt_ms: float) -> None:
    neuron = Lif(tau_mem_ms=tau_ms)
    assert neuron.decay(dt_ms / 2) ** 2 == pytest.approx(neuron.decay(dt_ms))


@settings(deadline=None)
@given(tau_ms=st.floats(0.1, 1e4), resistance=st.floats(0.01, 100.0))
def test_a_constant_current_drives_the_membrane_to_resistance_times_current(
    tau_ms: float, resistance: float
) -> None:
    neuron = Lif(tau_mem_ms=tau_ms, resistance=resistance)
    fixed_point = neuron.gain(1.0) / (1.0 - neuron.decay(1.0))
    assert fixed_point == pytest.approx(resistance)


def test_after_its_time_constant_a_membrane_is_at_one_e_th() -> None:
    assert Lif(tau_mem_ms=20.0).decay(20.0) == pytest.approx(1.0 / math.e)


def test_without_a_resistance_a_weight_is_a_jump_of_the_membrane() -> None:
    assert Lif(tau_mem_ms=3.0).gain(0.7) == 1.0


@pytest.mark.parametrize(
    ("refractory_ms", "dt_ms", "ticks"),
    [(0.0, 1.0, 0), (5.0, 1.0, 5), (5.0, 0.1, 50), (2.0, 4.0, 0)],
)
def test_the_refractory_period_is_rounded_to_whole_ticks(
    refractory_ms: float, dt_ms: float, ticks: int
) -> None:
    assert Lif(refractory_ms=refractory_ms).refractory_ticks(dt_ms) == ticks


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "izhikevich"),
        ("tau_mem_ms", 0.0),
        ("tau_mem_ms", -1.0),
        ("threshold", 0.0),
        ("threshold", 1e-50),
        ("reset", "half"),
        ("refractory_ms", -1.0),
        ("resistance", 1e39),
        ("resistance", math.inf),
        ("bias", math.nan),
        ("tau", 1.0),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(NetworkError, match=f"^population 'x': {field} "):
        build(Lif, {field: value}, "population 'x'", NetworkError)
