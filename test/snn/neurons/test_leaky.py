"""IF, LIF and LI: closed forms, bounds of parameters, Brian2 and the trace of the NIR paper."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.neurons.leaky import If, Integrator, Li, Lif

from .stepping import DT_MS, Floats, apart, raster, stream, trace

# Brian2 2.9 uses names that pyparsing wants changed.
pytestmark = pytest.mark.filterwarnings("ignore::pyparsing.PyparsingDeprecationWarning")


@settings(deadline=None)
@given(tau_ms=st.floats(0.1, 1e4), resistance=st.floats(0.01, 100.0))
def test_a_constant_current_drives_the_membrane_to_resistance_times_current(
    tau_ms: float, resistance: float
) -> None:
    neuron = Lif(tau_mem_ms=tau_ms, resistance=resistance)
    fixed_point = neuron.gain(1.0) / (1.0 - neuron.decay(1.0))
    assert fixed_point == pytest.approx(resistance)


@settings(deadline=None)
@given(
    tau_ms=st.floats(0.1, 1e3),
    rest=st.floats(-2, 2),
    resistance=st.floats(-3, 3),
    current=st.floats(-5, 5),
    initial=st.floats(-2, 2),
)
def test_the_exact_membrane_is_that_of_the_differential_equation(
    tau_ms: float, rest: float, resistance: float, current: float, initial: float
) -> None:
    neuron = Li(tau_mem_ms=tau_ms, rest=rest, resistance=resistance, initial=initial)
    asymptote = rest + resistance * current
    time_ms = 0.5 * np.arange(1, 21)
    expected = asymptote + (initial - asymptote) * np.exp(-time_ms / tau_ms)
    run = trace(neuron, [current] * 20, dt_ms=0.5)
    assert run.output == pytest.approx(expected)
    assert np.array_equal(run.output, run.membrane)


@settings(deadline=None)
@given(tau_ms=st.floats(0.1, 1e4), dt_ms=st.floats(0.01, 10.0))
def test_two_exact_half_ticks_are_one_tick(tau_ms: float, dt_ms: float) -> None:
    neuron = Li(tau_mem_ms=tau_ms, rest=0.3, resistance=2.0)
    once = trace(neuron, [0.7], dt_ms).membrane[-1]
    assert trace(neuron, [0.7, 0.7], dt_ms / 2).membrane[-1] == pytest.approx(once)


def test_euler_takes_the_slope_at_the_begin_of_the_tick() -> None:
    neuron = Li(tau_mem_ms=4.0, rest=1.0, resistance=2.0, initial=3.0, integrator="euler")
    first = 3.0 + 0.5 / 4.0 * ((1.0 - 3.0) + 2.0 * 0.25)
    second = first + 0.5 / 4.0 * ((1.0 - first) + 2.0 * -1.0)
    assert trace(neuron, [0.25, -1.0], dt_ms=0.5).membrane == pytest.approx([first, second])


def test_euler_converges_to_exact() -> None:
    def end(dt_ms: float, **integrator: Any) -> float:
        neuron = Li(tau_mem_ms=5.0, resistance=1.0, **integrator)
        return float(trace(neuron, [1.0] * round(4.0 / dt_ms), dt_ms).membrane[-1])

    errors = [abs(end(dt_ms, integrator="euler") - end(dt_ms)) for dt_ms in (0.02, 0.01)]
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.01)


def test_after_its_time_constant_a_membrane_is_at_one_e_th() -> None:
    assert Lif(tau_mem_ms=20.0).decay(20.0) == pytest.approx(1.0 / math.e)


def test_without_a_resistance_a_weight_is_a_jump_of_the_membrane() -> None:
    run = trace(Lif(tau_mem_ms=3.0, rest=0.25), [0.5, 0.0])
    assert run.membrane == pytest.approx([0.75, 0.25 + 0.5 * math.exp(-1.0 / 3.0)])


def test_a_bias_is_a_jump_in_every_tick() -> None:
    run = trace(Li(tau_mem_ms=2.0, bias=0.5), [0.0, 0.0])
    assert run.membrane == pytest.approx([0.5, 0.5 + 0.5 * math.exp(-0.5)])


def test_a_membrane_starts_at_rest_or_where_it_is_told_to() -> None:
    assert Lif(rest=-0.5).state().membrane == -0.5
    assert Lif(rest=-0.5, initial=0.25).state().membrane == 0.25
    assert If(initial=0.25).state().membrane == 0.25


def test_without_leak_the_membrane_adds_up() -> None:
    currents = [0.25, -0.5, 0.125]
    assert trace(If(bias=0.25), currents).membrane.tolist() == [0.5, 0.25, 0.625]
    per_second = trace(If(resistance_per_s=200.0), currents, dt_ms=0.5).membrane
    assert per_second == pytest.approx(0.1 * np.cumsum(currents))


def test_an_integrator_adds_up_and_its_membrane_is_the_output() -> None:
    run = trace(Integrator(resistance_per_s=200.0, bias=0.5, initial=1.0), [5.0, -1.0], dt_ms=0.5)
    assert run.output == pytest.approx([2.0, 2.4])
    assert np.array_equal(run.output, run.membrane)


def test_each_neuron_has_its_own_parameters() -> None:
    parameters = [(2.0, 1.0, 0.0), (10.0, 0.5, -0.25), (30.0, 4.0, 0.5)]
    tau_ms, resistance, rest = (list(values) for values in zip(*parameters, strict=True))
    currents = np.random.default_rng(0).uniform(-1, 2, (30, 3))
    together = trace(Lif(tau_mem_ms=tau_ms, resistance=resistance, rest=rest), currents)
    for index, (tau, r, v) in enumerate(parameters):
        alone = trace(Lif(tau_mem_ms=tau, resistance=r, rest=v), currents[:, index])
        assert np.array_equal(alone.output, together.output[:, index])
        assert np.array_equal(alone.membrane, together.membrane[:, index])


def test_a_readout_never_fires_and_its_membrane_is_the_output() -> None:
    assert not Li.spikes
    assert Lif.spikes
    assert trace(Li(), [5.0] * 3).output[-1] > 10.0


# Brian2 integrates, compares with the threshold and resets in one step, as a tick does here; its
# refractory period includes the step of the spike, so that it is a tick longer for the same number.
BRIAN_REFRACTORY_MS = 2.0
REFRACTORY_MS = BRIAN_REFRACTORY_MS - DT_MS


def test_lif_is_that_of_brian(brian: Any) -> None:
    """In float64 spikes are equal; in float32 rounding may move a spike by one tick."""
    generator = np.random.default_rng(1)
    size, ticks = 20, 3000
    currents = np.repeat(generator.uniform(0, 4, (ticks // 20, size)), 20, axis=0)
    parameters = {
        "tau_mem_ms": generator.uniform(5, 30, size),
        "resistance": generator.uniform(0.5, 2.0, size),
        "threshold": generator.uniform(0.8, 1.2, size),
        "rest": generator.uniform(-0.2, 0.2, size),
        "reset_value": generator.uniform(-0.5, 0.0, size),
    }
    group = brian.NeuronGroup(
        size,
        """dv/dt = (rest - v + resistance * drive(t, i)) / tau : 1 (unless refractory)
        tau : second
        resistance : 1
        threshold : 1
        rest : 1
        reset_value : 1""",
        threshold="v >= threshold",
        reset="v = reset_value",
        refractory=BRIAN_REFRACTORY_MS * brian.ms,
        method="exact",
        namespace={"drive": brian.TimedArray(currents, dt=DT_MS * brian.ms)},
    )
    group.tau = parameters["tau_mem_ms"] * brian.ms
    group.v = parameters["rest"]
    for name in ("resistance", "threshold", "rest", "reset_value"):
        setattr(group, name, parameters[name])
    monitor = brian.SpikeMonitor(group)
    brian.Network(group, monitor).run(ticks * DT_MS * brian.ms)
    expected = raster(monitor, ticks, size)
    assert expected.sum() > 400

    neuron = Lif(refractory_ms=REFRACTORY_MS, **parameters)
    assert np.array_equal(trace(neuron, currents, DT_MS).output, expected)
    assert apart(stream(neuron, currents, DT_MS), expected) <= 1


def nir_paper_input() -> Floats:
    """Return the spikes of the LIF experiment of the NIR paper: one in ten steps of 0.1 ms."""
    ones = [
        6, 22, 27, 31, 32, 35, 37, 40, 41, 43, *range(44, 54), *range(67, 79), 84, 85,
    ]  # fmt: skip
    spikes = np.zeros(1000)
    spikes[10 * np.array(ones)] = 1.0
    return spikes


@pytest.mark.parametrize("integrator", ["exact", "euler"])
@pytest.mark.parametrize("reset", ["hard", "subtract"])
def test_the_trace_of_the_nir_paper(integrator: Any, reset: Any) -> None:
    """tau = 2.5 ms, r = 1, threshold 0.1; Pedersen et al., Nature Communications 15, 8122, 2024.

    The spikes of its exact simulation (which subtracts), norse (Euler, hard) and others that its
    repository keeps (neuromorphs/NIR, paper/01_lif): lif_exact.csv, lif_norse.csv.
    """
    neuron = Lif(tau_mem_ms=2.5, resistance=1.0, threshold=0.1, reset=reset, integrator=integrator)
    run = trace(neuron, nir_paper_input(), DT_MS)
    assert run.ticks == [460, 510, 710, 760]
    membranes = {
        "exact": {60: 3.921056e-2, 61: 3.767309e-2, 100: 7.916476e-3},
        "euler": {60: 0.04, 61: 0.038399998, 220: 0.04005827, 440: 0.090013996, 450: 0.09984423},
    }[integrator]
    for tick, membrane in membranes.items():
        assert run.membrane[tick] == pytest.approx(membrane, rel=1e-6)
    assert np.array_equal(
        np.flatnonzero(stream(neuron, nir_paper_input()[:, None], DT_MS)), run.ticks
    )


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        (Lif, "model", "izhikevich"),
        (Lif, "tau_mem_ms", 0.0),
        (Lif, "tau_mem_ms", -1.0),
        (Lif, "tau_mem_ms", [10.0, 0.0]),
        (Lif, "tau_mem_ms", []),
        (Lif, "tau_mem_ms", None),
        (Lif, "integrator", "rk4"),
        (Lif, "resistance", 1e39),
        (Lif, "resistance", math.inf),
        (Lif, "bias", math.nan),
        (Lif, "bias", [0.0, math.nan]),
        (Lif, "initial", 1e300),
        (Lif, "tau", 1.0),
        (If, "tau_mem_ms", 1.0),
        (If, "resistance_per_s", 1e12),
        (Li, "threshold", 1.0),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_by_name(
    model: type, field: str, value: object
) -> None:
    with pytest.raises(NetworkError, match=f"^population 'x': {field} "):
        build(model, {field: value}, "population 'x'", NetworkError)
