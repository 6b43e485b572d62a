"""Networks on a chip, and what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.backends.brainscales.plan import attempt, network, plan
from neuromorphic_ros.backends.brainscales.spread import CALIBRATED, IDEAL, scattered
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.snn.builder import Network
from neuromorphic_ros.snn.neurons.leaky import Li, Lif
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp
from neuromorphic_ros.snn.spec import NetworkSpec


def relay() -> NetworkSpec:
    network = Network().add_input("in", 3).add("a", 2, Lif(tau_mem_ms=10.0)).add("b", 1)
    network.connect("in", "a", weights=[[0.5, 0.5], [-0.5, 0.25], [0.5, 0.5]])
    return network.connect("a", "b", weights=1.0).spec()


def test_the_network_is_that_of_the_plan_in_parameters_of_circuits() -> None:
    made = plan(relay())
    built = network(made)
    assert built.names.tolist() == ["a", "b"]
    assert built.first.tolist() == [0, 2, 3]
    assert built.sources == made.sources.number == 2
    assert built.pre.tolist() == [0, 0, 1, 1, 2, 3]
    assert built.post.tolist() == [0, 1, 0, 1, 2, 2]
    assert np.all(built.weight == np.rint(built.weight))
    assert np.sign(built.weight).tolist() == [1, 1, -1, 1, 1, 1]
    assert built.tau_mem_us == pytest.approx([10, 10, 10])
    assert built.history_us == pytest.approx(50)


def test_a_shipped_network_fits_with_small_errors() -> None:
    made = plan(find_network("motion_detector"))
    assert made.weight_error < 0.001
    assert made.sources.number == 192
    assert all(each.rows <= 256 for each in made.arrays)
    assert not any(made.saturated.values())


def test_finer_weights_give_way_to_what_fits() -> None:
    # Of 200 sources, each weight may take one synapse, not two or three.
    network = Network().add_input("in", 200).add("a", 4)
    generator = np.random.default_rng(0)
    network.connect("in", "a", weights=generator.uniform(0.3, 1.4, (200, 4)).tolist())
    made, reasons = attempt(network.spec())
    assert made
    assert not reasons
    assert np.abs(made.weights.data).max() <= 63


def test_everything_that_does_not_fit_is_named_at_once() -> None:
    made = Network().add_input("in", 1).add("a", 600).add("b", 1, Li())
    made.connect("in", "a", weights=0.5, plasticity=PairStdp()).connect("a", "b")
    mapped, reasons = attempt(made.spec())
    assert mapped is None
    assert [reason.split(";")[0] for reason in reasons] == [
        "601 neurons, a chip has 512",
        "projection in -> a: is plastic, but synapses are fixed here",
        "population 'b': BrainScaleS-2 is not set up here for neurons of model li",
    ]
    with pytest.raises(NetworkError, match=r"does not fit BrainScaleS-2: 601 neurons.*plastic.*li"):
        plan(made.spec())


def test_too_many_sources_of_a_neuron_are_refused() -> None:
    weights = np.linspace(0.5, 1, 300)[:, None]
    made = Network().add_input("in", 300).add("a", 1).connect("in", "a", weights=weights.tolist())
    _, reasons = attempt(made.spec())
    assert len(reasons) == 1
    assert "population 'a', neuron 0: its 300 sources need 300 synapses, it has 256" in reasons[0]


def test_too_many_rows_of_an_array_are_refused() -> None:
    # Every source excites half of the neurons and inhibits the others: two rows, shared by none.
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (200, 200))
    made = Network().add_input("in", 200).add("a", 200)
    made.connect("in", "a", weights=(0.1 * signs).tolist())
    _, reasons = attempt(made.spec())
    assert len(reasons) == 1
    assert "array 0 of synapses needs 400 rows, it has 256" in reasons[0]
    made = Network().add_input("in", 200).add("a", 200)
    made.connect("in", "a", weights=np.abs(0.1 * signs).tolist())
    assert attempt(made.spec())[1] == ()


def test_long_delays_between_neurons_are_refused() -> None:
    made = Network().add_input("in", 1).add("a", 1).connect("in", "a", delay_ticks=20)
    made.connect("a", "a", weights=0.5, delay_ticks=2)
    _, reasons = attempt(made.spec())
    assert len(reasons) == 1
    assert "projection a -> a: delay_ticks 2" in reasons[0]
    assert "choose 0 or 1" in reasons[0]


def test_spread_is_drawn_from_the_seed() -> None:
    ideal = network(plan(relay()))
    same = scattered(ideal, IDEAL, 1)
    for field in ideal._fields:
        np.testing.assert_array_equal(getattr(same, field), getattr(ideal, field))
    one, again, other = (scattered(ideal, CALIBRATED, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.weight, again.weight)
    for field in ("v_thresh_lsb", "tau_mem_us", "tau_syn_us", "weight"):
        assert np.all(getattr(one, field) != getattr(ideal, field))
        assert np.all(getattr(one, field) != getattr(other, field))
    assert np.all(np.sign(one.weight) == np.sign(ideal.weight))
