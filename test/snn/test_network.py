"""The torch module: batches, gradients, state, parameters, what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from neuromorphic_ros.errors import NetworkError, SpikeError  # noqa: E402
from neuromorphic_ros.snn.array import Array  # noqa: E402
from neuromorphic_ros.snn.network import TorchNetwork  # noqa: E402
from neuromorphic_ros.snn.neurons.adex import AdEx  # noqa: E402
from neuromorphic_ros.snn.neurons.dendritic import DendriticLif  # noqa: E402
from neuromorphic_ros.snn.neurons.leaky import If, Li, Lif  # noqa: E402
from neuromorphic_ros.snn.patterns import Conv2d, OneToOne, Pool2d, Random  # noqa: E402
from neuromorphic_ros.snn.spec import (  # noqa: E402
    Input,
    NetworkSpec,
    Population,
    Projection,
    Stage,
)
from neuromorphic_ros.snn.surrogate import Rectangular, Triangular  # noqa: E402
from neuromorphic_ros.snn.synapses import connect  # noqa: E402
from neuromorphic_ros.snn.weights import Normal, Uniform  # noqa: E402


def network_of(
    *nodes: Input | Population, projections: tuple[Projection, ...], **fields: Any
) -> NetworkSpec:
    return NetworkSpec(
        name="net",
        dt_ms=1.0,
        inputs=tuple(node for node in nodes if isinstance(node, Input)),
        populations=tuple(node for node in nodes if isinstance(node, Population)),
        projections=projections,
        **fields,
    )


def recurrent() -> NetworkSpec:
    return network_of(
        Input("a", (5,)),
        Input("b", (2, 3)),
        Population("v1", (8,), Lif(tau_mem_ms=5.0)),
        Population("v2", (6,), Lif(tau_mem_ms=9.0, reset="subtract", refractory_ms=2.0)),
        Population("out", (2, 2), Li()),
        projections=(
            Projection("a", "v1", Normal(0.3, 0.5)),
            Projection("b", "v2", Normal(0.3, 0.5), delay_ticks=2),
            Projection("v1", "v2", Normal(0.2, 0.5), bias=0.05),
            Projection("v2", "v1", Normal(0.0, 0.5), delay_ticks=1),
            Projection("v2", "out", Normal(0.0, 0.5), delay_ticks=3),
        ),
    )


def spikes(*shape: int, seed: int = 0, probability: float = 0.3) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(shape, generator=generator) < probability).float()


def test_the_sequences_of_a_batch_run_as_they_would_alone() -> None:
    network = TorchNetwork(recurrent())
    inputs = {"a": spikes(30, 4, 5), "b": spikes(30, 4, 2, 3, seed=1)}
    together, _ = network(inputs)
    assert {name: tuple(x.shape) for name, x in together.items()} == {
        "v1": (30, 4, 8), "v2": (30, 4, 6), "out": (30, 4, 2, 2),
    }  # fmt: skip
    assert 0 < together["v1"].mean() < 1
    for index in range(4):
        alone, _ = network({name: x[:, index : index + 1] for name, x in inputs.items()})
        for name, output in alone.items():
            torch.testing.assert_close(together[name][:, index : index + 1], output)


def test_the_gradient_passes_from_call_to_call_until_it_is_detached() -> None:
    network = TorchNetwork(recurrent())
    first = {"a": spikes(4, 1, 5).requires_grad_(), "b": spikes(4, 1, 2, 3)}
    later = {"a": spikes(4, 1, 5, seed=2), "b": spikes(4, 1, 2, 3, seed=3)}
    _, state = network(first)
    outputs, _ = network(later, state)
    outputs["out"].sum().backward(retain_graph=True)
    assert first["a"].grad is not None
    assert first["a"].grad.abs().sum() > 0
    first["a"].grad = None
    outputs, _ = network(later, state.detach())
    outputs["out"].sum().backward()
    assert first["a"].grad is None


def test_without_a_state_every_call_starts_at_rest() -> None:
    network = TorchNetwork(recurrent())
    inputs = {"a": spikes(20, 1, 5), "b": spikes(20, 1, 2, 3)}
    earlier, state = network(inputs)
    again, _ = network(inputs)
    on, _ = network(inputs, state)
    assert torch.equal(earlier["v2"], again["v2"])
    assert not torch.equal(earlier["v2"], on["v2"])


def test_a_linear_network_has_the_gradient_of_its_closed_form() -> None:
    # v_T = sum over ticks of decay^(T - t) W x_t, a delay of 2 later.
    weights = np.array([[0.5, -1.0], [2.0, 0.25], [1.0, 1.0]], np.float32)
    neuron = Li(tau_mem_ms=4.0, integrator="euler")
    spec = network_of(
        Input("a", (3,)),
        Population("out", (2,), neuron),
        projections=(Projection("a", "out", Array(weights), delay_ticks=2, bias=0.125),),
    )
    network = TorchNetwork(spec)
    amounts = torch.rand(6, 1, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    outputs, _ = network(amounts)
    seen = torch.tensor([0.75**3, 0.75**2, 0.75, 1.0, 0.0, 0.0])
    bias = 0.125 * sum(0.75**tick for tick in range(6))
    expected = (seen @ amounts[:, 0].detach()) @ torch.from_numpy(weights) + bias
    torch.testing.assert_close(outputs["out"][-1, 0], expected)
    outputs["out"][-1, 0, 1].backward()
    torch.testing.assert_close(amounts.grad[:, 0], seen[:, None] * torch.from_numpy(weights)[:, 1])
    (synapses,) = network.synapses
    expected = (seen @ amounts[:, 0].detach())[:, None] * torch.tensor([0.0, 1.0])
    torch.testing.assert_close(synapses.maps[0].weight.grad, expected)


def test_spikes_have_the_gradient_of_the_surrogate_that_was_chosen() -> None:
    spec = network_of(
        Input("a", (4,)),
        Population("out", (4,), If()),
        projections=(Projection("a", "out", pattern=OneToOne()),),
    )
    amounts = torch.tensor([[[0.2, 0.8, 1.1, 1.7]]], requires_grad=True)
    for surrogate, expected in (
        (Triangular(height=1), [0.2, 0.8, 0.9, 0.3]),
        (Rectangular(), [0.0, 1.0, 1.0, 0.0]),
    ):
        outputs, _ = TorchNetwork(spec, surrogate)(amounts)
        assert outputs["out"].flatten().tolist() == [0, 0, 1, 1]
        (found,) = torch.autograd.grad(outputs["out"].sum(), amounts)
        assert found.flatten().tolist() == pytest.approx(expected, abs=1e-6)


def test_resets_have_no_gradient() -> None:
    # With one through the reset, 1 - g would be added for the first tick.
    spec = network_of(
        Input("a", (1,)),
        Population("out", (1,), If(reset="subtract")),
        projections=(Projection("a", "out"),),
    )
    amounts = torch.tensor([1.25, 0.5]).view(2, 1, 1).requires_grad_()
    outputs, _ = TorchNetwork(spec, Triangular(height=1))(amounts)
    (found,) = torch.autograd.grad(outputs["out"][1].sum(), amounts)
    assert found.flatten().tolist() == pytest.approx([0.75, 0.75])


@pytest.mark.parametrize("neuron", [AdEx(bias_pa=900.0, tau_syn_ms=5.0), DendriticLif(dendrites=2)])
def test_every_parameter_of_a_nonlinear_model_gets_a_finite_gradient(neuron: Any) -> None:
    spec = network_of(
        Input("a", (6,)),
        Population("cell", (4,), neuron),
        Population("out", (2,), Li()),
        projections=(
            *(
                Projection("a", "cell", Uniform(0.2, 1.5), compartment=compartment)
                for compartment in range(neuron.compartments)
            ),
            Projection("cell", "out", Normal(0.0, 1.0)),
        ),
    )
    network = TorchNetwork(spec, Triangular(width=20.0))
    outputs, _ = network(spikes(60, 3, 6))
    assert outputs["cell"].dtype == torch.float32
    assert outputs["cell"].sum() > 0
    outputs["out"].square().sum().backward()
    for parameter in network.parameters():
        assert parameter.grad is not None
        assert torch.isfinite(parameter.grad).all()
        assert parameter.grad.abs().sum() > 0


def test_training_lowers_the_loss() -> None:
    generator = torch.Generator().manual_seed(0)
    spec = network_of(
        Input("a", (12,)),
        Population("hidden", (24,), Lif(reset="subtract")),
        Population("out", (3,), Li()),
        projections=(
            Projection("a", "hidden", Normal(0.1, 0.3)),
            Projection("hidden", "hidden", Normal(0.0, 0.1), delay_ticks=1),
            Projection("hidden", "out", Normal(0.0, 0.1), bias=Array([0.0, 0.0, 0.0])),
        ),
    )
    network = TorchNetwork(spec)
    label = torch.arange(24) % 3
    rate = torch.where(torch.arange(12)[None] % 3 == label[:, None], 0.4, 0.05)
    sample = (torch.rand(20, 24, 12, generator=generator) < rate).float()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    losses = []
    for _ in range(25):
        optimizer.zero_grad()
        outputs, _ = network(sample)
        loss = torch.nn.functional.cross_entropy(outputs["out"].mean(0), label)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("pattern", [Random(probability=0.3), Random(in_degree=2)])
def test_random_pairs_are_those_of_the_engine_and_no_others_are_trained(pattern: Random) -> None:
    spec = network_of(
        Input("a", (10,)),
        Population("out", (7,), Li()),
        projections=(Projection("a", "out", Uniform(0.5, 1.0), pattern),),
        seed=3,
    )
    network = TorchNetwork(spec)
    pairs = connect(spec, 0).dense() != 0
    (weight,) = network.parameters()
    assert weight.shape == (np.count_nonzero(pairs),)
    weight.data += 1.0
    trained = connect(network.spec(), 0).dense()
    assert np.array_equal(trained != 0, pairs)
    assert trained[pairs].min() >= 1.5


def image_network(precision: Any = "float32", **last: Any) -> NetworkSpec:
    return network_of(
        Input("a", (2, 6, 6)),
        Population("v1", (4, 3, 3), Lif()),
        Population("out", (5,), Li()),
        projections=(
            Projection(
                "a",
                "v1",
                Normal(0.2, 0.4),
                Conv2d((3, 3), padding=(1, 1)),
                bias=Array([0.1, 0.2, 0.3, 0.4]),
                before=(Stage(Pool2d("sum_pool2d", (2, 2))),),
                precision=precision,
            ),
            Projection("v1", "out", Normal(0.0, 0.2), **last),
        ),
    )


def test_kernels_stay_shared_and_pooling_is_not_trained() -> None:
    network = TorchNetwork(image_network())
    shapes = sorted(tuple(parameter.shape) for parameter in network.parameters())
    assert shapes == [(4,), (4, 2, 3, 3), (36, 5)]
    outputs, _ = network(spikes(5, 2, 2, 6, 6))
    outputs["out"].square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_the_spec_holds_the_present_weights_in_their_form() -> None:
    spec = image_network(bias=0.25)
    network = TorchNetwork(spec)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2)
    trained = network.spec()
    conv, dense = trained.projections
    assert conv.before == spec.projections[0].before
    assert conv.pattern == spec.projections[0].pattern
    assert conv.bias == Array(np.array([0.2, 0.4, 0.6, 0.8], np.float32))
    assert dense.bias == 0.5
    assert isinstance(dense.weights, Array)
    assert np.array_equal(dense.weights.values, 2 * connect(spec, 1).dense())
    assert TorchNetwork(trained).spec() == trained


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_a_rounded_weight_is_trained_straight_through(precision: Any) -> None:
    weights = Array(np.array([[0.30001, -0.77777]], np.float32))
    spec = network_of(
        Input("a", (1,)),
        Population("out", (2,), If()),
        Population("membrane", (2,), Li(tau_mem_ms=1e6)),
        projections=(Projection("a", "membrane", weights, precision=precision),),
    )
    network = TorchNetwork(spec)
    outputs, _ = network(torch.ones(1, 1, 1))
    stored = connect(spec, 0).dense()
    assert not np.array_equal(stored, weights.values)
    assert np.array_equal(outputs["membrane"].detach()[0, 0].numpy(), stored[0])
    outputs["membrane"].sum().backward()
    (weight,) = network.parameters()
    assert weight.grad.tolist() == [[1.0, 1.0]]


def test_taps_that_only_see_padding_do_not_count_in_rounding() -> None:
    kernel = np.full((1, 1, 3, 3), 100.3, np.float32)
    kernel[0, 0, 1, 1] = 0.5
    spec = network_of(
        Input("a", (1, 1, 1)),
        Population("out", (1, 1, 1), Li(tau_mem_ms=1e6)),
        projections=(
            Projection("a", "out", Array(kernel), Conv2d((3, 3), padding=(1, 1)), precision="int8"),
        ),
    )
    outputs, _ = TorchNetwork(spec)(torch.ones(1, 1, 1, 1, 1))
    assert outputs["out"].item() == connect(spec, 0).dense().item() == pytest.approx(0.5)


def test_membranes_are_returned_where_they_are_asked_for() -> None:
    network = TorchNetwork(recurrent())
    inputs = {"a": spikes(10, 2, 5), "b": spikes(10, 2, 2, 3)}
    plain, _ = network(inputs)
    recorded, state = network(inputs, record=("v2", "out"))
    assert set(recorded) - set(plain) == {"v2.membrane", "out.membrane"}
    assert recorded["v2.membrane"].shape == (10, 2, 6)
    assert torch.equal(recorded["v2.membrane"][-1], state.neurons["v2"].membrane)
    assert torch.equal(recorded["out.membrane"], recorded["out"])


def test_one_input_needs_no_name() -> None:
    network = TorchNetwork(image_network())
    sample = spikes(4, 1, 2, 6, 6)
    assert torch.equal(network(sample)[0]["v1"], network({"a": sample})[0]["v1"])


def test_everything_moves_to_a_device_together() -> None:
    network = TorchNetwork(recurrent()).to("meta")
    inputs = {
        "a": torch.empty(3, 2, 5, device="meta"),
        "b": torch.empty(3, 2, 2, 3, device="meta"),
    }
    outputs, state = network(inputs)
    network(inputs, state)
    assert all(output.device.type == "meta" for output in outputs.values())


@pytest.mark.parametrize(
    ("inputs", "complaint"),
    [
        (torch.zeros(3, 1, 5), "pass the inputs of network 'net' by name: a, b"),
        ({"a": torch.zeros(3, 1, 5)}, "the inputs of network 'net' are a, b, not a"),
        ({}, "are a, b, not none"),
        (
            {"a": torch.zeros(3, 1, 5), "b": torch.zeros(3, 1, 2, 3), "c": torch.zeros(3, 1, 1)},
            "are a, b, not a, b, c",
        ),
        ({"a": torch.zeros(3, 1, 4), "b": torch.zeros(3, 1, 2, 3)}, r"input 'a' has .*\(3, 1, 4\)"),
        ({"a": torch.zeros(3, 1, 5), "b": torch.zeros(3, 1, 6)}, "input 'b' has shape"),
        ({"a": torch.zeros(3, 1, 5), "b": torch.zeros(4, 1, 2, 3)}, "input 'b' has shape"),
        ({"a": torch.zeros(3, 1, 5), "b": torch.zeros(3, 2, 2, 3)}, "input 'b' has shape"),
        ({"a": torch.zeros(0, 1, 5), "b": torch.zeros(0, 1, 2, 3)}, "at least one tick"),
        ({"a": torch.zeros(5), "b": torch.zeros(2, 3)}, "input 'a' has shape"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(inputs: Any, complaint: str) -> None:
    with pytest.raises(SpikeError, match=complaint):
        TorchNetwork(recurrent())(inputs)


def test_a_state_of_another_batch_is_refused() -> None:
    network = TorchNetwork(recurrent())
    with pytest.raises(SpikeError, match="state is of another batch than the inputs, 2"):
        network({"a": torch.zeros(1, 2, 5), "b": torch.zeros(1, 2, 2, 3)}, network.start(3))


def test_recording_an_unknown_population_is_refused() -> None:
    with pytest.raises(NetworkError, match="population 'v3' is unknown"):
        TorchNetwork(image_network())(torch.zeros(1, 1, 2, 6, 6), record=("v3",))


def test_a_network_without_inputs_is_refused_when_it_runs() -> None:
    network = TorchNetwork(network_of(Population("alone", (2,)), projections=()))
    with pytest.raises(SpikeError, match="are none, not none"):
        network({})


@pytest.mark.parametrize(
    ("weights", "pattern", "bias", "complaint"),
    [
        (Array([[1.0, 2.0]]), None, None, r"projection a -> out: weights have shape \(1, 2\)"),
        (Array([1.0]), OneToOne(), None, "projection a -> out: weights have shape"),
        (1.0, Random(in_degree=4), None, "projection a -> out: in_degree 4 exceeds"),
        (1.0, None, Array([1.0, 2.0]), "projection a -> out: bias has shape"),
    ],
)
def test_a_projection_that_does_not_fit_is_refused_by_name(
    weights: Any, pattern: Any, bias: Any, complaint: str
) -> None:
    given = {} if pattern is None else {"pattern": pattern}
    spec = network_of(
        Input("a", (3,)),
        Population("out", (3,)),
        projections=(Projection("a", "out", weights, bias=bias, **given),),
    )
    with pytest.raises(NetworkError, match=complaint):
        TorchNetwork(spec)


def test_a_cycle_without_delay_is_refused() -> None:
    spec = network_of(
        Input("a", (1,)),
        Population("p", (1,)),
        Population("q", (1,)),
        projections=(Projection("p", "q"), Projection("q", "p")),
    )
    with pytest.raises(NetworkError, match="form a cycle"):
        TorchNetwork(spec)
