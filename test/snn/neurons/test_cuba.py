"""CUBA-LIF and CUBA-LI: closed forms, Brian2 and the numbers of PyNN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.neurons.cuba import CubaLi, CubaLif, exact_gain
from neuromorphic_ros.snn.neurons.leaky import Lif

from .stepping import DT_MS, Floats, apart, raster, stream, trace

# Brian2 2.9 uses names that pyparsing wants changed.
pytestmark = pytest.mark.filterwarnings("ignore::pyparsing.PyparsingDeprecationWarning")

taus = st.floats(0.2, 200.0)


@settings(deadline=None, max_examples=25)
@given(tau_mem_ms=taus, tau_syn_ms=taus, dt_ms=st.floats(0.05, 5.0))
def test_the_exact_gain_solves_the_differential_equations(
    tau_mem_ms: float, tau_syn_ms: float, dt_ms: float
) -> None:
    solved = solve_ivp(
        lambda _, state: [(state[1] - state[0]) / tau_mem_ms, -state[1] / tau_syn_ms],
        (0.0, dt_ms),
        [0.0, 1.0],
        rtol=1e-10,
        atol=1e-12,
    )
    assert exact_gain(tau_mem_ms, tau_syn_ms, dt_ms) == pytest.approx(solved.y[0, -1], rel=1e-6)


@given(tau_ms=taus, apart=st.floats(-1e-6, 1e-6), dt_ms=st.floats(0.05, 5.0))
def test_nearly_equal_time_constants_lose_no_precision(
    tau_ms: float, apart: float, dt_ms: float
) -> None:
    limit = dt_ms / tau_ms * math.exp(-dt_ms / tau_ms)
    assert exact_gain(tau_ms, tau_ms, dt_ms) == pytest.approx(limit, rel=1e-13)
    # To first order the gain moves by half of the distance of the rates.
    expected = limit * (1.0 + 0.5 * apart * dt_ms / tau_ms)
    found = exact_gain(tau_ms, tau_ms * (1.0 + apart), dt_ms)
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.filterwarnings("error")
def test_the_gain_stays_finite_at_the_bounds_of_its_parameters() -> None:
    ends = np.array([1e-6, 1e6])
    gains = exact_gain(ends[:, None], ends, 1000.0)
    assert np.all(np.isfinite(gains))
    assert np.all(gains >= 0)


@settings(deadline=None)
@given(tau_mem_ms=taus, tau_syn_ms=taus, dt_ms=st.floats(0.05, 5.0))
def test_two_exact_half_ticks_are_one_tick(
    tau_mem_ms: float, tau_syn_ms: float, dt_ms: float
) -> None:
    # With input in the next tick a tick without input is the solution from its begin to its end.
    neuron = CubaLi(
        tau_mem_ms=tau_mem_ms, tau_syn_ms=tau_syn_ms, resistance=1.5, input_in="next_tick"
    )
    once, halved = (
        trace(neuron, [0.0] * steps, dt_ms / steps, synapse=np.float64(0.7)) for steps in (1, 2)
    )
    assert halved.membrane[-1] == pytest.approx(once.membrane[-1])
    assert halved.synapse[-1] == pytest.approx(once.synapse[-1])


def test_a_spike_makes_an_alpha_like_bump() -> None:
    run = trace(CubaLi(tau_mem_ms=10.0, tau_syn_ms=5.0, resistance=1.0), [2.0] + [0.0] * 200)
    time_ms = np.arange(1, 202)
    bump = 2.0 * (np.exp(-time_ms / 10.0) - np.exp(-time_ms / 5.0)) * 5.0 / (10.0 - 5.0)
    assert run.membrane == pytest.approx(bump, abs=1e-12)
    assert run.synapse == pytest.approx(2.0 * np.exp(-(time_ms - 1) / 5.0))
    assert np.array_equal(run.output, run.membrane)


def test_input_in_the_next_tick_is_the_same_a_tick_later() -> None:
    spikes = np.random.default_rng(0).random(200) < 0.2
    same, later = (
        trace(CubaLi(resistance=1.0, input_in=when), spikes) for when in ("same_tick", "next_tick")
    )
    assert np.array_equal(later.membrane[1:], same.membrane[:-1])


def test_euler_takes_the_slopes_at_the_begin_of_the_tick() -> None:
    neuron = CubaLi(
        tau_mem_ms=4.0, tau_syn_ms=2.0, resistance=3.0, integrator="euler", input_in="next_tick"
    )
    run = trace(neuron, [1.0, 0.0, 0.0], dt_ms=0.5)
    assert run.synapse == pytest.approx([1.0, 0.75, 0.5625])
    first = 0.5 / 4.0 * 3.0 * 1.0
    assert run.membrane == pytest.approx([0.0, first, first * 0.875 + 0.375 * 0.75])


def test_without_a_resistance_the_synaptic_current_is_the_jump() -> None:
    run = trace(CubaLi(tau_mem_ms=10.0, tau_syn_ms=5.0, input_gain=0.5), [1.0, 0.0])
    assert run.membrane[0] == 0.5
    after = 0.5 * math.exp(-1.0 / 10.0) + 0.5 * math.exp(-1.0 / 5.0)
    assert run.membrane[1] == pytest.approx(after)


def test_a_synapse_that_forgets_at_once_leaves_a_leaky_neuron() -> None:
    currents = np.random.default_rng(0).uniform(-0.5, 1.0, 300)
    instant = trace(CubaLif(tau_syn_ms=1e-6), currents)
    assert instant.ticks
    assert instant.ticks == trace(Lif(), currents).ticks


def test_input_goes_on_arriving_while_the_membrane_is_refractory() -> None:
    run = trace(CubaLif(refractory_ms=3.0, tau_syn_ms=50.0), [1.5, 0.5, 0.5, 0.0, 0.0])
    assert run.ticks == [0, 4]
    assert run.membrane[:4].tolist() == [0.0] * 4
    decay = math.exp(-1.0 / 50.0)
    assert run.synapse[2] == pytest.approx((1.5 * decay + 0.5) * decay + 0.5)


# Brian2 applies synapses after it has integrated a step and compared with the threshold: a spike
# acts from the next step on, which is `input_in: next_tick` here. Of its refractory period the
# step of the spike is the first.
BRIAN_REFRACTORY_MS = 2.0
REFRACTORY_MS = BRIAN_REFRACTORY_MS - DT_MS


def brian_cuba(
    brian: Any, parameters: dict[str, Floats], spikes: Floats, bias: float = 0.0
) -> tuple[Floats, Floats]:
    """Return spikes and membranes, (ticks, neurons), of one neuron per column of `spikes`."""
    ticks, size = spikes.shape
    group = brian.NeuronGroup(
        size,
        """dv/dt = (rest - v + resistance * (current + bias)) / tau : 1 (unless refractory)
        dcurrent/dt = -current / tau_syn : 1
        tau : second
        tau_syn : second
        resistance : 1
        threshold : 1
        rest : 1
        reset_value : 1""",
        threshold="v >= threshold",
        reset="v = reset_value",
        refractory=BRIAN_REFRACTORY_MS * brian.ms,
        method="exact",
        namespace={"bias": bias},
    )
    group.tau = parameters["tau_mem_ms"] * brian.ms
    group.tau_syn = parameters["tau_syn_ms"] * brian.ms
    group.v = parameters["rest"]
    for name in ("resistance", "threshold", "rest", "reset_value"):
        setattr(group, name, parameters[name])
    tick, index = np.nonzero(spikes)
    source = brian.SpikeGeneratorGroup(size, index, tick * DT_MS * brian.ms)
    synapses = brian.Synapses(source, group, "weight : 1", on_pre="current_post += weight")
    synapses.connect(i=np.arange(size), j=np.arange(size))
    synapses.weight = parameters["input_gain"]
    fired = brian.SpikeMonitor(group)
    seen = brian.StateMonitor(group, "v", record=True, when="end")
    brian.Network(group, source, synapses, fired, seen).run(ticks * DT_MS * brian.ms)
    return raster(fired, ticks, size), np.asarray(seen.v).T


def test_cuba_lif_is_that_of_brian(brian: Any) -> None:
    """In float64 spikes are equal; in float32 rounding may move a spike by one tick."""
    generator = np.random.default_rng(1)
    size, ticks = 20, 3000
    parameters = {
        "tau_mem_ms": generator.uniform(5, 30, size),
        "tau_syn_ms": generator.uniform(1, 15, size),
        "input_gain": generator.uniform(-1, 6, size),
        "resistance": generator.uniform(0.5, 2.0, size),
        "threshold": generator.uniform(0.8, 1.2, size),
        "rest": generator.uniform(-0.2, 0.2, size),
        "reset_value": generator.uniform(-0.5, 0.0, size),
    }
    spikes = (generator.random((ticks, size)) < 0.03).astype(np.float64)
    expected, membrane = brian_cuba(brian, parameters, spikes)
    assert expected.sum() > 400

    neuron = CubaLif(refractory_ms=REFRACTORY_MS, input_in="next_tick", **parameters)
    run = trace(neuron, spikes, DT_MS)
    assert np.array_equal(run.output, expected)
    assert run.membrane == pytest.approx(membrane, abs=1e-10)
    assert apart(stream(neuron, spikes, DT_MS), expected) <= 1


def test_the_numbers_of_pynn(brian: Any) -> None:
    """IF_curr_exp of PyNN 0.13 at 0.9 nA fires at 35.8, 73.6 and 111.4 ms on Brian2.

    tau_m 20 ms, cm 1 nF (hence 20 Mohm), v_rest = v_reset = -65 mV, v_thresh -50 mV, refractory
    2 ms. A spike is stamped with the begin of its step.
    """
    parameters = {
        "tau_mem_ms": 20.0,
        "tau_syn_ms": 5.0,
        "resistance": 20.0,
        "rest": -65.0,
        "reset_value": -65.0,
    }
    bias_na, ticks = 0.9, 1200
    per_tick = 20.0 * bias_na * (1.0 - math.exp(-DT_MS / 20.0))
    # Thresholds are above 0 here: everything is 100 mV higher.
    shifted = {"rest": 35.0, "reset_value": 35.0, "threshold": 50.0}
    neuron = CubaLif(**parameters | shifted, bias=per_tick, refractory_ms=REFRACTORY_MS)
    fired = trace(neuron, np.zeros(ticks), DT_MS).ticks
    assert fired == [358, 736, 1114]

    arrays = {
        name: np.array([value]) for name, value in (parameters | {"threshold": -50.0}).items()
    }
    arrays["input_gain"] = np.zeros(1)
    expected, _ = brian_cuba(brian, arrays, np.zeros((ticks, 1)), bias_na)
    assert fired == np.flatnonzero(expected).tolist()


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        (CubaLif, "tau_syn_ms", 0.0),
        (CubaLif, "tau_syn_ms", [5.0, -1.0]),
        (CubaLif, "input_gain", math.inf),
        (CubaLif, "input_in", "now"),
        (CubaLif, "tau_syn", 1.0),
        (CubaLi, "threshold", 1.0),
        (CubaLi, "tau_syn_ms", "slow"),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_by_name(
    model: type, field: str, value: object
) -> None:
    with pytest.raises(NetworkError, match=f"^population 'x': {field} "):
        build(model, {field: value}, "population 'x'", NetworkError)
