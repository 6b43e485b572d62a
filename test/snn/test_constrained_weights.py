"""Weights that are trained on a grid or stay zero: forward as they end, backward as without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.patterns import Random
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.synapses import connect
from neuromorphic_ros.snn.weight_grid import WeightGrid

torch = pytest.importorskip("torch")

from neuromorphic_ros.snn.constrained_weights import constrain  # noqa: E402
from neuromorphic_ros.snn.network import TorchNetwork  # noqa: E402

NORMAL = {"type": "normal", "mean": 0.0, "deviation": 1.0}
GRID = WeightGrid(bits=4, per_channel=True)


def network(pre: list[int], post: list[int], **projection: Any) -> NetworkSpec:
    return NetworkSpec(
        name="net",
        dt_ms=1.0,
        inputs=({"name": "in", "shape": pre},),  # type: ignore[arg-type]
        populations=({"name": "out", "shape": post, "neuron": {"model": "li"}},),  # type: ignore[arg-type]
        projections=({"pre": "in", "post": "out", "weights": NORMAL, **projection},),  # type: ignore[arg-type]
    )


DENSE = network([6], [5])
KERNEL = network([2, 6, 6], [3, 4, 4], pattern={"type": "conv2d", "kernel": 3})
DRAWN = network([12], [9], pattern={"type": "random", "probability": 0.4})
PAIRS = network([7], [7], pattern={"type": "one_to_one"})


def ran(torch_network: TorchNetwork) -> Any:
    spec = torch_network.spec()
    spikes = torch.ones(3, 1, *spec.inputs[0].shape)
    return torch_network(spikes)[0]["out"]


@pytest.mark.parametrize("spec", [DENSE, KERNEL, DRAWN, PAIRS], ids=["dense", "conv", "drawn", "1"])
def test_weights_are_used_and_end_on_the_grid(spec: NetworkSpec) -> None:
    constrained = TorchNetwork(spec)
    constrain(constrained, GRID, keep_zeros=False)
    ended = constrained.spec()
    plain = TorchNetwork(ended)
    assert torch.equal(ran(constrained), ran(plain))
    shared = spec.projections[0].pattern.type == "one_to_one"
    given = connect(spec, 0).dense()
    if spec is not KERNEL:
        rounded = WeightGrid(bits=4, per_channel=not shared).rounded(given, 1)
        assert np.array_equal(connect(ended, 0).dense(), rounded)
    assert not np.allclose(connect(ended, 0).dense(), given)


def test_the_gradient_passes_as_if_there_were_no_grid() -> None:
    grids = (None, WeightGrid(bits=8), WeightGrid(bits=2, step="mse"))
    found = []
    for grid in grids:
        trained = TorchNetwork(DENSE)
        constrain(trained, grid, keep_zeros=False)
        # The membranes are linear in the weights: the gradient does not depend on them.
        ran(trained).sum().backward()
        (parameter,) = trained.parameters()
        found.append(parameter.grad)
    assert all(torch.equal(each, found[0]) for each in found)
    assert found[0].abs().min() > 0


def test_what_is_zero_stays_zero_and_is_not_trained() -> None:
    weights = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
    weights[weights < 0.3] = 0.0
    trained = TorchNetwork(network([6], [5], weights=Array(weights)))
    constrain(trained, GRID, keep_zeros=True)
    optimizer = torch.optim.SGD(trained.parameters(), lr=1.0)
    (-ran(trained).sum()).backward()
    optimizer.step()
    moved = connect(trained.spec(), 0).dense()
    assert np.array_equal(moved != 0, weights != 0)
    assert np.all(moved[weights != 0] > weights[weights != 0])


def test_drawn_pairs_stay_as_they_were_drawn() -> None:
    constrained = TorchNetwork(DRAWN)
    constrain(constrained, GRID, keep_zeros=True)
    ended = constrained.spec()
    assert isinstance(ended.projections[0].pattern, Random)
    assert np.all((connect(DRAWN, 0).dense() != 0) | (connect(ended, 0).dense() == 0))


def test_pools_and_biases_are_left_alone() -> None:
    pool = network([1, 4, 4], [1, 2, 2], pattern={"type": "avg_pool2d", "kernel": 2}, weights=0.3)
    biased = network([6], [5], bias=Array(np.linspace(0, 1, 5).astype(np.float32)))
    for spec in (pool, biased):
        constrained = TorchNetwork(spec)
        constrain(constrained, WeightGrid(bits=2), keep_zeros=True)
        ended = constrained.spec().projections[0]
        assert ended.bias == spec.projections[0].bias
        if spec is pool:
            assert np.float32(ended.weights) == np.float32(0.3)  # type: ignore[arg-type]


def test_without_constraints_nothing_changes() -> None:
    free = TorchNetwork(DENSE)
    names = [name for name, _ in free.named_parameters()]
    constrain(free, None, keep_zeros=False)
    assert [name for name, _ in free.named_parameters()] == names
    assert free.spec() == TorchNetwork(DENSE).spec()
