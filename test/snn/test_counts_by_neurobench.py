"""Our counts of a feed-forward network, against those that NeuroBench takes of it in torch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.snn.counts import Counts
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("neurobench", reason="needs NeuroBench")

import snntorch  # noqa: E402
from neurobench.metrics.workload import SynapticOperations  # noqa: E402
from neurobench.models import SNNTorchModel  # noqa: E402

TICKS = 50
IMAGE, MAP, HIDDEN, OUT = (2, 6, 5), (3, 3, 3), 12, 4
# Sums are multiples of 0.25, and a threshold that they never meet leaves nothing to rounding. No
# leak, as resets of snntorch come a tick later.
THRESHOLD = 2.5 + 2**-10


class Torch(torch.nn.Module):
    """The network as snntorch users write it."""

    def __init__(self, weights: dict[str, Any]) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(IMAGE[0], MAP[0], 3, stride=2, padding=1)
        self.hidden = torch.nn.Linear(math.prod(MAP), HIDDEN)
        self.out = torch.nn.Linear(HIDDEN, OUT)
        for name, weight in weights.items():
            layer = getattr(self, name)
            layer.weight.data = torch.from_numpy(weight)
            # NeuroBench leaves biases out, and so do we.
            layer.bias.data.fill_(0.25)
        self.neurons = torch.nn.ModuleList(
            snntorch.Leaky(beta=1.0, threshold=THRESHOLD, init_hidden=False) for _ in range(3)
        )
        self.reset()

    def reset(self) -> None:
        self.membranes = [neuron.init_leaky() for neuron in self.neurons]

    def forward(self, image: Any) -> Any:
        current = image
        for place, name in enumerate(("conv", "hidden", "out")):
            current = getattr(self, name)(current if name == "conv" else current.flatten(1))
            current, self.membranes[place] = self.neurons[place](current, self.membranes[place])
        return current, self.membranes[-1]


@pytest.fixture(params=range(3))
def generator(request: pytest.FixtureRequest) -> np.random.Generator:
    return np.random.default_rng(request.param)


@pytest.fixture
def weights(generator: np.random.Generator) -> dict[str, Any]:
    shapes = {
        "conv": (MAP[0], IMAGE[0], 3, 3),
        "hidden": (HIDDEN, math.prod(MAP)),
        "out": (OUT, HIDDEN),
    }
    return {
        # A third of the weights is zero.
        name: (generator.integers(-1, 2, shape) * generator.integers(1, 3, shape)).astype(
            np.float32
        )
        for name, shape in shapes.items()
    }


def ours(weights: dict[str, Any], spikes: Any) -> Counts:
    neuron = {"model": "if", "threshold": THRESHOLD, "reset": "subtract"}
    shapes = {"conv": MAP, "hidden": (HIDDEN,), "out": (OUT,)}
    order = ("image", *shapes)
    content: dict[str, Any] = {
        "name": "feed_forward",
        "dt_ms": 1.0,
        "inputs": [{"name": "image", "shape": IMAGE}],
        "populations": [
            {"name": name, "shape": shape, "neuron": neuron} for name, shape in shapes.items()
        ],
        "projections": [
            {
                "pre": pre,
                "post": post,
                "bias": 0.25,
                "weights": (weights[post] if post == "conv" else weights[post].T).tolist(),
                **(
                    {"pattern": {"type": "conv2d", "kernel": 3, "stride": 2, "padding": 1}}
                    if post == "conv"
                    else {}
                ),
            }
            for pre, post in zip(order, shapes, strict=False)
        ],
    }
    network = StreamingNetwork(NetworkSpec(**content))
    tick, address = np.nonzero(spikes.reshape(TICKS, -1))
    first = np.searchsorted(tick, np.arange(TICKS + 1))
    network.run(TickSpikes(address.astype(np.uint32), first))
    return network.counts()


def test_synaptic_events_and_dense_operations_are_those_of_neurobench(
    weights: dict[str, Any], generator: np.random.Generator
) -> None:
    spikes = (generator.random((TICKS, *IMAGE)) < 0.1).astype(np.float32)
    model = SNNTorchModel(Torch(weights))
    model.register_hooks()
    data = torch.from_numpy(spikes)[None]
    with torch.no_grad():
        fired = model(data)
        found = SynapticOperations()(model, fired, (data, None))
    counts = ours(weights, spikes)
    assert fired.sum() > 0
    assert counts.by_population()["out"] == int(fired.sum())
    assert found == {
        "Effective_ACs": counts.synaptic_events.sum(),
        "Effective_MACs": 0,
        "Dense": counts.dense_macs.sum(),
    }
