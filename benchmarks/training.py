"""Time a training step of a feed-forward network of LIF neurons beside the same in snntorch.

Forward, loss, backward and a step of SGD, on one thread; the same weights, inputs and neurons.
"""

from __future__ import annotations

import importlib.util
import statistics
import timeit
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from reporting import Row, main

from neuromorphic_ros.snn.network import TorchNetwork
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.surrogate import Arctan
from neuromorphic_ros.snn.weights import Normal

ROUNDS = 31
DECAY = 0.9
ACTIVITY = 0.1
LEARNING_RATE = 1e-3


class Work(NamedTuple):
    """Sizes of a network from its input to its output, and of what it is trained with."""

    sizes: tuple[int, ...]
    batch: int
    ticks: int


WORKS = (
    Work((784, 256, 256, 10), batch=64, ticks=25),
    Work((2312, 1024, 512, 10), batch=64, ticks=25),
    Work((700, 256, 256, 20), batch=32, ticks=100),
)


class Side(NamedTuple):
    """One network in one framework; forward: spikes to spikes, both (ticks, batch, neurons)."""

    parameters: list[torch.Tensor]
    forward: Callable[[torch.Tensor], torch.Tensor]


def spec_of(work: Work) -> NetworkSpec:
    """Return a network with the conventions of snntorch's Leaky."""
    neuron = Lif(
        tau_mem_ms=1 / (1 - DECAY),
        integrator="euler",
        reset="subtract",
        reset_in="next_tick",
        strict=True,
    )
    names = [f"layer{depth}" for depth in range(len(work.sizes))]
    return NetworkSpec(
        name="training",
        dt_ms=1.0,
        inputs=(Input(name=names[0], shape=work.sizes[:1]),),
        populations=tuple(
            Population(name=name, shape=(size,), neuron=neuron)
            for name, size in zip(names[1:], work.sizes[1:], strict=True)
        ),
        projections=tuple(
            Projection(pre=pre, post=post, weights=Normal(mean=0.0, deviation=(8 / size) ** 0.5))
            for (pre, post), size in zip(pairwise(names), work.sizes, strict=False)
        ),
    )


def ours(work: Work) -> Side:
    """Build the network here."""
    network = TorchNetwork(spec_of(work), Arctan())
    last = f"layer{len(work.sizes) - 1}"
    return Side([*network.parameters()], lambda spikes: network(spikes)[0][last])


def snntorch_with(weights: Sequence[torch.Tensor]) -> Side:
    """Build the network in snntorch, with the loop over ticks of its tutorials."""
    import snntorch

    linears = [torch.nn.Linear(len(weight), len(weight.T), bias=False) for weight in weights]
    for linear, weight in zip(linears, weights, strict=True):
        linear.weight = torch.nn.Parameter(weight.detach().T.contiguous())
    leakies = [snntorch.Leaky(beta=DECAY, spike_grad=snntorch.surrogate.atan()) for _ in weights]

    def forward(spikes: torch.Tensor) -> torch.Tensor:
        membranes = [leaky.init_leaky() for leaky in leakies]
        fired = []
        for now in spikes:
            for layer, (linear, leaky) in enumerate(zip(linears, leakies, strict=True)):
                now, membranes[layer] = leaky(linear(now), membranes[layer])
            fired.append(now)
        return torch.stack(fired)

    return Side([linear.weight for linear in linears], forward)


def step_of(side: Side, spikes: torch.Tensor, label: torch.Tensor) -> Callable[[], float]:
    """Return one step of training, cross-entropy of the spike counts; it returns the loss."""
    optimizer = torch.optim.SGD(side.parameters, lr=LEARNING_RATE)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(side.forward(spikes).sum(0), label)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def measure_one(work: Work) -> Row:
    """Time both sides in turn; medians. loss: of both before the first step."""
    generator = torch.Generator().manual_seed(0)
    spikes = torch.rand(work.ticks, work.batch, work.sizes[0], generator=generator) < ACTIVITY
    label = torch.randint(work.sizes[-1], (work.batch,), generator=generator)
    sides = {"ours": ours(work)}
    if importlib.util.find_spec("snntorch"):
        sides["snntorch"] = snntorch_with(sides["ours"].parameters)
    steps = {name: step_of(side, spikes.float(), label) for name, side in sides.items()}
    loss = {name: step() for name, step in steps.items()}
    ms: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            ms[name].append(1e3 * timeit.timeit(step, number=1))
    median = {name: statistics.median(times) for name, times in ms.items()}
    row: Row = {
        "network": "-".join(map(str, work.sizes)),
        "batch": work.batch,
        "ticks": work.ticks,
        "ours_ms": median["ours"],
        "ours_loss": loss["ours"],
    }
    if "snntorch" in median:
        row |= {
            "snntorch_ms": median["snntorch"],
            "snntorch_loss": loss["snntorch"],
            "ours/snntorch": median["ours"] / median["snntorch"],
        }
    return row


def measure() -> list[Row]:
    """Train networks of several sizes."""
    torch.set_num_threads(1)
    return [measure_one(work) for work in WORKS]


if __name__ == "__main__":
    main(__doc__, measure)
