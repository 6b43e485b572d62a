"""Dendrites that favour inputs that come together, gated by a neuromodulator."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.neurons.dendritic import DendriticLif, branch
from neuromorphic_ros.snn.neurons.leaky import Lif

from .stepping import Floats, trace


def sigmoid(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-value))


def inputs(*ticks: tuple[float, ...]) -> Floats:
    """Return currents (ticks, compartments) of one neuron."""
    return np.array(ticks, np.float64)


def test_the_drive_of_a_branch_is_a_sigmoid_that_is_zero_at_rest() -> None:
    neuron = DendriticLif(dendrite_threshold=1.5, dendrite_slope=0.5, tau_dendrite_ms=10.0)
    constants = neuron.constants(1.0)
    drive, potential = branch(constants, np.float64(1.0), np.float64(0.75))
    assert potential == pytest.approx(math.exp(-0.1) + 0.75)
    assert drive == pytest.approx(sigmoid((potential - 1.5) / 0.5) - sigmoid(-1.5 / 0.5))
    assert branch(constants, np.float64(0.0), np.float64(0.0))[0] == 0.0
    assert branch(constants, np.float64(0.0), np.float64(1e6))[0] == pytest.approx(1 - sigmoid(-3))


@pytest.mark.filterwarnings("error")
@given(
    potential=st.floats(-1e6, 1e6),
    threshold=st.floats(-1e6, 1e6),
    slope=st.floats(1e-3, 1e6),
)
def test_a_drive_is_finite_and_bounded(potential: float, threshold: float, slope: float) -> None:
    neuron = DendriticLif(dendrite_threshold=threshold, dendrite_slope=slope)
    drive, _ = branch(neuron.constants(1.0), np.float64(0.0), np.float64(potential))
    assert -1.0 <= drive <= 1.0
    assert (drive >= 0) == (potential >= 0) or drive == 0


def test_without_input_the_soma_has_no_drive() -> None:
    run = trace(DendriticLif(dendrites=3), np.zeros((50, 4)))
    assert np.all(run.membrane == 0.0)


def test_input_of_the_soma_passes_no_dendrite() -> None:
    currents = np.random.default_rng(0).uniform(-0.5, 1.0, 200)
    beside = np.zeros((200, 3))
    beside[:, 0] = currents
    plain = trace(Lif(), currents)
    run = trace(DendriticLif(), beside)
    assert plain.ticks
    assert np.array_equal(run.output, plain.output)
    assert np.array_equal(run.membrane, plain.membrane)


def test_inputs_on_one_branch_beat_the_same_inputs_spread_over_branches() -> None:
    neuron = DendriticLif(dendrites=4, dendritic_gain=1.0, tau_mem_ms=20.0)
    clustered, spread = np.zeros((30, 5)), np.zeros((30, 5))
    for spike in range(4):
        clustered[spike, 1] += 1.0
        spread[spike, 1 + spike] += 1.0
    assert trace(neuron, clustered).output.sum() > 0
    assert trace(neuron, spread).output.sum() == 0
    together, alone = (trace(neuron, given).membrane.max() for given in (clustered, spread))
    assert together > 2 * alone


def test_inputs_close_in_time_beat_the_same_inputs_far_apart() -> None:
    neuron = DendriticLif(dendrites=1)
    close, far = np.zeros((400, 2)), np.zeros((400, 2))
    close[:3, 1] = 1.0
    far[:300:100, 1] = 1.0
    assert trace(neuron, close).output.sum() > 0
    assert trace(neuron, far).output.sum() == 0


@pytest.mark.parametrize(
    ("level", "sensitivity", "gain"), [(0, 1, 1), (1, 1, 2), (-1, 1, 0), (0.5, -1, 0.5), (1, 3, 4)]
)
def test_a_neuromodulator_scales_the_dendrites_alone(
    level: float, sensitivity: float, gain: float
) -> None:
    neuron = DendriticLif(dendrites=1, sensitivity=sensitivity, threshold=1e6)
    currents = inputs((0.25, 1.5), (0.0, 1.5), (0.0, 0.0))
    soma = trace(neuron, currents * [1.0, 0.0]).membrane
    drive = trace(neuron, currents * [0.0, 1.0]).membrane
    modulated = trace(neuron, currents, modulation=np.float64(level)).membrane
    assert modulated == pytest.approx(soma + gain * drive)


def test_each_neuron_has_its_own_dendrites() -> None:
    neuron = DendriticLif(
        dendrites=2, dendrite_threshold=[0.5, 4.0], dendritic_gain=[1.0, 2.0], threshold=1e6
    )
    currents = np.zeros((3, 3, 2))
    currents[0, 1] = currents[1, 2] = 1.0
    together = trace(neuron, currents).membrane
    for index, (threshold, gain) in enumerate([(0.5, 1.0), (4.0, 2.0)]):
        alone = DendriticLif(
            dendrites=2, dendrite_threshold=threshold, dendritic_gain=gain, threshold=1e6
        )
        assert together[:, index] == pytest.approx(trace(alone, currents[:, :, index]).membrane)


@pytest.mark.parametrize("dendrites", [1, 2, 64])
def test_a_neuron_has_its_soma_and_its_dendrites(dendrites: int) -> None:
    neuron = DendriticLif(dendrites=dendrites)
    assert neuron.compartments == 1 + dendrites
    assert len(neuron.state().dendrites) == dendrites


def test_strong_inhibition_of_a_dendrite_leaves_a_gradient() -> None:
    torch = pytest.importorskip("torch")
    current = torch.tensor([0.0, -1e4], requires_grad=True)
    neuron = DendriticLif(dendrites=1)
    drive, _ = branch(
        type(neuron.constants(1.0))(*(torch.as_tensor(float(c)) for c in neuron.constants(1.0))),
        torch.tensor(0.0),
        current,
    )
    drive.sum().backward()
    assert torch.isfinite(current.grad).all()
    assert current.grad[0] > 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dendrites", 0),
        ("dendrites", 65),
        ("dendrites", 1.5),
        ("tau_dendrite_ms", 0.0),
        ("dendrite_slope", 0.0),
        ("dendrite_threshold", math.inf),
        ("dendritic_gain", "high"),
        ("sensitivity", [1.0, math.nan]),
        ("compartments", 3),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(NetworkError, match=f"^population 'x': {field} "):
        build(DendriticLif, {field: value}, "population 'x'", NetworkError)
