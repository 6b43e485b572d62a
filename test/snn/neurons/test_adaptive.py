"""ALIF: how its threshold rises and decays, and homeostasis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.neurons.adaptive import Alif
from neuromorphic_ros.snn.neurons.leaky import Lif

from .stepping import DT_MS, Floats, apart, raster, stream, trace

# Brian2 2.9 uses names that pyparsing wants changed.
pytestmark = pytest.mark.filterwarnings("ignore::pyparsing.PyparsingDeprecationWarning")


def test_every_spike_raises_the_threshold_which_decays() -> None:
    neuron = Alif(tau_adaptation_ms=20.0, adaptation=0.25)
    run = trace(neuron, [1.5, 0.0, 0.0, 1.5, 0.0, 0.0])
    assert run.ticks == [0, 3]
    decay = math.exp(-1.0 / 20.0)
    # The rise is whole for the tick after the spike.
    second = 0.25 * decay**3 + 0.25
    expected = [0.25, 0.25 * decay, 0.25 * decay**2, second, second * decay, second * decay**2]
    assert run.adaptation == pytest.approx(expected)


@pytest.mark.parametrize(("current", "fires"), [(1.24, False), (1.25, True)])
def test_a_raised_threshold_asks_for_more(current: float, fires: bool) -> None:
    run = trace(Alif(adaptation=0.25), [2.0, current])
    assert run.ticks == ([0, 1] if fires else [0])


def test_subtraction_takes_the_raised_threshold() -> None:
    run = trace(Alif(adaptation=0.25, reset="subtract", tau_mem_ms=1e6), [2.0, 2.0])
    assert run.membrane == pytest.approx([1.0, 3.0 - 1.25], rel=1e-5)


def test_intervals_grow_to_a_steady_one() -> None:
    run = trace(Alif(bias=0.2, tau_adaptation_ms=100.0), np.zeros(3000))
    gaps = np.diff(run.ticks)
    assert np.all(np.diff(gaps[:5]) >= 0)
    assert gaps[-1] > gaps[0]
    assert np.ptp(gaps[-10:]) <= 1


def test_without_adaptation_it_is_a_leaky_neuron() -> None:
    currents = np.random.default_rng(0).uniform(-0.5, 1.0, 300)
    run = trace(Alif(adaptation=0.0, refractory_ms=2.0), currents)
    plain = trace(Lif(refractory_ms=2.0), currents)
    assert np.array_equal(run.output, plain.output)
    assert np.array_equal(run.membrane, plain.membrane)


def rates_hz(neuron: Alif, drives: list[float]) -> Floats:
    """Return the rate in the last 20 of 80 s of 1 ms ticks, for each drive."""
    return stream(neuron, np.tile(drives, (80_000, 1)))[-20_000:].sum(axis=0) / 20.0


@pytest.mark.parametrize("target_hz", [5.0, 20.0])
def test_homeostasis_holds_the_rate_when_input_changes_fourfold(target_hz: float) -> None:
    drives = [0.15, 0.3, 0.6]
    free = rates_hz(Alif(adaptation=0.0), drives)
    assert free[2] > 2.5 * free[0] > 2.5 * target_hz
    neuron = Alif(adaptation=0.0, homeostasis=0.05, target_rate_hz=target_hz)
    assert rates_hz(neuron, drives) == pytest.approx(target_hz, rel=0.05)
    # From too many spikes and from too few.
    changes = np.repeat([[0.15, 0.6], [0.6, 0.15]], 60_000, axis=0)
    assert stream(neuron, changes)[-20_000:].sum(axis=0) / 20.0 == pytest.approx(
        target_hz, rel=0.05
    )


def test_homeostasis_moves_the_threshold_by_spikes_too_many() -> None:
    neuron = Alif(adaptation=0.0, homeostasis=0.5, target_rate_hz=100.0)
    run = trace(neuron, [1.0, 0.0, 0.0])
    assert run.offset == pytest.approx([0.45, 0.40, 0.35])


def test_homeostasis_never_goes_below_the_least_threshold() -> None:
    neuron = Alif(homeostasis=0.5, target_rate_hz=500.0, threshold_min=0.25)
    silent = trace(neuron, [0.0] * 10)
    assert silent.offset[:3] == pytest.approx([-0.25, -0.5, -0.75])
    assert silent.offset[9] == -0.75
    assert trace(neuron, [0.0] * 10 + [0.25]).ticks == [10]


def test_each_neuron_has_its_own_adaptation() -> None:
    neuron = Alif(adaptation=[0.0, 1.0], tau_adaptation_ms=[10.0, 100.0])
    run = trace(neuron, [[1.5, 1.5], [1.5, 1.5]])
    assert run.output.tolist() == [[1, 1], [1, 0]]


def test_alif_is_that_of_brian(brian: Any) -> None:
    """In float64 spikes are equal; in float32 rounding may move a spike by one tick.

    In Brian2 the rise of the threshold decays before it is first compared with, hence the larger
    rise there.
    """
    generator = np.random.default_rng(2)
    size, ticks = 10, 3000
    currents = np.repeat(generator.uniform(0, 4, (ticks // 20, size)), 20, axis=0)
    tau_mem, tau_adaptation = generator.uniform(5, 30, size), generator.uniform(20, 200, size)
    adaptation = generator.uniform(0.0, 0.5, size)
    group = brian.NeuronGroup(
        size,
        """dv/dt = (drive(t, i) - v) / tau_mem : 1
        da/dt = -a / tau_adaptation : 1
        tau_mem : second
        tau_adaptation : second
        rise : 1""",
        threshold="v >= 1 + a",
        reset="v = 0; a += rise",
        method="exact",
        namespace={"drive": brian.TimedArray(currents, dt=DT_MS * brian.ms)},
    )
    group.tau_mem, group.tau_adaptation = tau_mem * brian.ms, tau_adaptation * brian.ms
    group.rise = adaptation * np.exp(DT_MS / tau_adaptation)
    monitor = brian.SpikeMonitor(group)
    brian.Network(group, monitor).run(ticks * DT_MS * brian.ms)
    expected = raster(monitor, ticks, size)
    assert expected.sum() > 150

    neuron = Alif(
        tau_mem_ms=tau_mem,
        tau_adaptation_ms=tau_adaptation,
        adaptation=adaptation,
        resistance=1.0,
    )
    assert np.array_equal(trace(neuron, currents, DT_MS).output, expected)
    assert apart(stream(neuron, currents, DT_MS), expected) <= 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tau_adaptation_ms", 0.0),
        ("adaptation", -0.1),
        ("adaptation", [0.1, math.nan]),
        ("target_rate_hz", -1.0),
        ("homeostasis", -1.0),
        ("threshold_min", 0.0),
        ("beta", 1.0),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(NetworkError, match=f"^population 'x': {field} "):
        build(Alif, {field: value}, "population 'x'", NetworkError)
