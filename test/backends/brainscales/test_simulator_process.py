"""The process of a simulator: it starts, answers, says why it fails, and ends."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.backends.brainscales.plan import network, plan
from neuromorphic_ros.backends.brainscales.simulator_process import SimulatorProcess
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.snn.builder import Network

pytest.importorskip("nest", reason="PyNN is not installed")


@pytest.mark.parametrize("engine", ["nest", "neuron", "brian2"])
def test_it_runs_resets_and_ends(engine: str) -> None:
    if engine == "neuron":
        pytest.importorskip("neuron", reason="NEURON is not installed")
    made = Network().add_input("in", 1).add("a", 1).connect("in", "a", weights=1.3)
    process = SimulatorProcess(network(plan(made.spec())), engine)
    fired = process.run(np.array([0]), np.array([1.0]), 10.0)
    assert fired.neuron.tolist() == [0]
    assert 1.0 < fired.time_us[0] < 4.0
    process.reset()
    again = process.run(np.array([0]), np.array([1.0]), 10.0)
    np.testing.assert_array_equal(again.time_us, fired.time_us)
    process.close()
    with pytest.raises((BackendError, ValueError)):
        process.run(np.array([0]), np.array([1.0]), 20.0)


def test_what_it_said_when_it_failed_is_told() -> None:
    made = network(plan(Network().add_input("in", 1).add("a", 1).spec()))
    with pytest.raises(BackendError, match=r"'nest' has failed: .*[Rr]esolution"):
        SimulatorProcess(made._replace(step_us=0.01234567), "nest")
