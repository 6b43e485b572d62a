"""AdEx: Brian2 with the parameters of the papers, and its own conventions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.neurons.adex import AdEx
from neuromorphic_ros.snn.spec import NetworkSpec, Population
from neuromorphic_ros.snn.streaming import StreamingNetwork

from .stepping import DT_MS, Floats, apart, raster, stream, trace

# Brian2 2.9 uses names that pyparsing wants changed.
pytestmark = pytest.mark.filterwarnings("ignore::pyparsing.PyparsingDeprecationWarning")

# Naud et al., Biological Cybernetics 99, 335 (2008), with the values of Brian2's example of that
# paper, which were adapted to its figures: pF, nS, mV, nS, ms, pA, mV, pA; the spikes in 600 ms.
PATTERNS = {
    "tonic": (200, 10, -70, 2, 30, 0, -58, 500, 60),
    "adapting": (200, 12, -70, 2, 300, 60, -58, 500, 12),
    "initial burst": (130, 18, -58, 4, 150, 120, -50, 400, 12),
    "regular bursting": (200, 10, -58, 2, 120, 100, -46, 210, 11),
    "delayed accelerating": (200, 12, -70, -10, 300, 0, -58, 300, 45),
    "delayed regular bursting": (100, 10, -65, -10, 90, 30, -47, 110, 32),
    "transient": (100, 10, -65, 10, 90, 100, -47, 180, 1),
    "irregular": (100, 12, -60, -11, 130, 30, -48, 160, 33),
}
# Chaos amplifies the rounding of a sum in another order.
CHAOTIC = ("delayed regular bursting", "irregular")
FIELDS = (
    "capacitance_pf",
    "leak_ns",
    "rest_mv",
    "subthreshold_ns",
    "tau_w_ms",
    "spike_triggered_pa",
    "reset_mv",
    "bias_pa",
)
COUNTS = [pattern[-1] for pattern in PATTERNS.values()]


def naud() -> dict[str, Floats]:
    """Return the parameters of all patterns by field, and those that they share."""
    columns = np.array(list(PATTERNS.values()), np.float64).T
    shared = {"slope_mv": 2.0, "threshold_mv": -50.0, "peak_mv": 0.0}
    return dict(zip(FIELDS, columns, strict=False)) | {
        name: np.full(len(PATTERNS), value) for name, value in shared.items()
    }


def brian_adex(brian: Any, parameters: dict[str, Floats], currents: Floats) -> Floats:
    """Return the spikes of forward Euler in Brian2; currents in pA, (ticks, neurons)."""
    ticks, size = currents.shape
    group = brian.NeuronGroup(
        size,
        """dv/dt = (leak_ns * (rest_mv - v)
            + leak_ns * slope_mv * exp((v - threshold_mv) / slope_mv)
            + bias_pa + drive(t, i) - w) / capacitance_pf / ms : 1
        dw/dt = (subthreshold_ns * (v - rest_mv) - w) / tau_w_ms / ms : 1
        """
        + "\n".join(f"{name} : 1" for name in parameters),
        threshold="v > peak_mv",
        reset="v = reset_mv; w += spike_triggered_pa",
        method="euler",
        namespace={"drive": brian.TimedArray(currents, dt=DT_MS * brian.ms)},
    )
    for name, values in parameters.items():
        setattr(group, name, values)
    group.v = parameters["rest_mv"]
    monitor = brian.SpikeMonitor(group)
    brian.Network(group, monitor).run(ticks * DT_MS * brian.ms)
    return raster(monitor, ticks, size)


def test_the_firing_patterns_of_naud_are_those_of_brian(brian: Any) -> None:
    """Spike counts are equal and times within one tick, but for the chaotic patterns.

    Both integrate, compare with the threshold and reset in one step: there is no shift.
    """
    silence = np.zeros((6000, len(PATTERNS)))
    expected = brian_adex(brian, naud(), silence)
    assert expected.sum(axis=0).tolist() == COUNTS
    neuron = AdEx(**naud())
    ours = trace(neuron, silence, DT_MS).output
    assert ours.sum(axis=0).tolist() == COUNTS
    assert np.array_equal(stream(neuron, silence, DT_MS).sum(axis=0), COUNTS)
    regular = [name not in CHAOTIC for name in PATTERNS]
    assert apart(ours[:, regular], expected[:, regular]) <= 1
    assert apart(stream(neuron, silence, DT_MS)[:, regular], expected[:, regular]) <= 1


def test_the_patterns_are_what_they_are_called() -> None:
    fired = trace(AdEx(**naud()), np.zeros((6000, len(PATTERNS))), DT_MS).output.T
    times = dict(zip(PATTERNS, map(np.flatnonzero, fired), strict=True))
    gaps = {name: np.diff(ticks) for name, ticks in times.items()}
    assert np.ptp(gaps["tonic"][5:]) <= 1
    assert np.all(np.diff(gaps["adapting"][:5]) > 0)
    assert np.all(np.diff(gaps["delayed accelerating"][:10]) < 0)
    assert gaps["initial burst"][:2].max() * 5 < gaps["initial burst"][2:].min()
    bursts = gaps["regular bursting"][2:] > 5 * gaps["regular bursting"].min()
    assert bursts.any()
    assert not bursts.all()
    assert times["delayed accelerating"][0] > times["adapting"][0]
    assert times["transient"].max() < 1000


def test_the_neurons_of_brette_and_gerstner_are_those_of_brian(brian: Any) -> None:
    """Regular spiking as in the paper, bursting and fast spiking, under steps of current."""
    size = 3
    parameters = {
        name: np.full(size, value)
        for name, value in {
            "capacitance_pf": 281.0, "leak_ns": 30.0, "rest_mv": -70.6, "slope_mv": 2.0,
            "threshold_mv": -50.4, "peak_mv": -40.4, "bias_pa": 0.0,
        }.items()
    }  # fmt: skip
    parameters |= {
        "tau_w_ms": np.array([144.0, 20.0, 144.0]),
        "subthreshold_ns": np.array([4.0, 4.0, 2 * 281.0 / 144.0]),
        "spike_triggered_pa": np.array([80.5, 500.0, 0.0]),
        "reset_mv": np.array([-70.6, -45.4, -70.6]),
    }
    currents = np.zeros((3000, size))
    currents[200:1200], currents[1800:2800] = 1000.0, 700.0
    expected = brian_adex(brian, parameters, currents)
    assert expected.sum(axis=0).tolist() == [5, 9, 11]
    neuron = AdEx(**parameters)
    assert apart(trace(neuron, currents, DT_MS).output, expected) <= 1
    assert apart(stream(neuron, currents, DT_MS), expected) <= 1
    # The first is what a neuron is by default.
    assert np.array_equal(trace(AdEx(), currents[:, 0], DT_MS).output, expected[:, 0])


def test_a_membrane_at_rest_stays_at_rest_but_for_the_foot_of_the_upstroke() -> None:
    foot_mv = 2.0 * math.exp((-70.6 + 50.4) / 2.0)
    run = trace(AdEx(), np.zeros(20_000), DT_MS)
    assert run.membrane[-1] == pytest.approx(-70.6 + foot_mv * 30.0 / 34.0, abs=1e-5)
    assert not run.ticks


def test_a_spike_resets_and_adapts() -> None:
    run = trace(AdEx(spike_triggered_pa=60.0, subthreshold_ns=0.0), [1e6, 0.0], DT_MS)
    assert run.ticks == [0]
    assert run.membrane[0] == -70.6
    assert run.adaptation[0] == 60.0
    assert run.adaptation[1] == pytest.approx(60.0 * (1.0 - DT_MS / 144.0))


def test_substeps_of_a_tick_are_ticks_of_their_length() -> None:
    fine = trace(AdEx(bias_pa=900.0), np.zeros(3000), DT_MS)
    coarse = trace(AdEx(bias_pa=900.0, substeps=10), np.zeros(300), 10 * DT_MS)
    assert coarse.output.tolist() == fine.output.reshape(300, 10).sum(axis=1).tolist()
    assert coarse.membrane == pytest.approx(fine.membrane[9::10])


def test_several_spikes_fit_into_a_tick_of_substeps() -> None:
    run = trace(AdEx(bias_pa=9000.0, spike_triggered_pa=0.0, substeps=100), np.zeros(3), 10.0)
    assert run.output.max() > 1


def test_a_current_through_a_synapse_decays_from_tick_to_tick() -> None:
    run = trace(AdEx(tau_syn_ms=5.0), [100.0, 0.0, 50.0, 0.0])
    decay = math.exp(-1.0 / 5.0)
    third = 100.0 * decay**2 + 50.0
    assert run.synapse == pytest.approx([100.0, 100.0 * decay, third, third * decay])
    assert trace(AdEx(), [100.0, 0.0]).synapse.tolist() == [100.0, 0.0]


def test_after_a_spike_the_membrane_is_held_for_the_refractory_period() -> None:
    held = trace(AdEx(bias_pa=2000.0, refractory_ms=2.0), np.zeros(200), DT_MS)
    first = held.ticks[0]
    assert held.membrane[first : first + 21].tolist() == [-70.6] * 21
    assert held.membrane[first + 21] > -70.6
    halved = AdEx(bias_pa=2000.0, refractory_ms=2.0, substeps=2)
    assert trace(halved, np.zeros(100), 2 * DT_MS).ticks == [tick // 2 for tick in held.ticks]


def test_its_membrane_is_kept_in_64_bits() -> None:
    network = StreamingNetwork(NetworkSpec("one", 1.0, (), (Population("cell", (2,), AdEx()),)))
    assert network.membrane("cell").dtype == np.float64
    assert network.membrane("cell").tolist() == [-70.6, -70.6]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("capacitance_pf", 0.0),
        ("slope_mv", 0.0),
        ("tau_w_ms", -1.0),
        ("tau_syn_ms", 0.0),
        ("tau_syn_ms", [5.0, -5.0]),
        ("substeps", 0),
        ("substeps", 1.5),
        ("substeps", 10**9),
        ("bias_pa", math.nan),
        ("tau_mem_ms", 10.0),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(NetworkError, match=f"^population 'x': {field} "):
        build(AdEx, {field: value}, "population 'x'", NetworkError)


@pytest.mark.parametrize("field", ["peak_mv", "rest_mv", "reset_mv"])
def test_a_membrane_that_would_overflow_the_exponential_is_refused(field: str) -> None:
    with pytest.raises(NetworkError, match=r"^population 'x': .*more than 100 slope_mv above"):
        build(AdEx, {field: [-60.0, 160.0]}, "population 'x'", NetworkError)
