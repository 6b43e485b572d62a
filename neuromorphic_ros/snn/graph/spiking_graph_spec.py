"""A spiking graph attention network: layers that run on any given graph of nodes and edges."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.graph.event_graph_spec import on_grid
from neuromorphic_ros.snn.graph.given_graph import MAX_WEIGHT, GivenGraph, Numbers
from neuromorphic_ros.snn.graph.pooling import Pooling

MAX_WIDTH = 1024
MAX_TAU_TICKS = 10_000
# Float64 holds 53 bits: products with attention vectors have 22 behind the point, messages that
# were weighted by attention 26. Sums of either are exact, in any order, below these.
EXACT_SCORE_BELOW = 2.0**30
EXACT_CURRENT_BELOW = 2.0**26


@dataclass(frozen=True, config=STRICT)
class GraphNeurons:
    """Leaky integrate-and-fire neurons whose leak is computed when a message arrives.

    Between two messages a membrane decays by exp(-t / tau_mem). A neuron fires only in a tick in
    which one arrives, at v >= threshold; `hard` sets v to 0 then, `subtract` takes the threshold
    away. For `refractory_ticks` after that it does not hear anything.
    """

    tau_mem_ms: Annotated[
        float, Field(ge=0.001, le=1e6, description="Time constant of the membrane [ms]")
    ] = 10.0
    threshold: Annotated[float, Field(ge=0.001, le=1e6)] = 1.0
    refractory_ticks: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    reset: Literal["hard", "subtract"] = "hard"


@dataclass(frozen=True, config=STRICT)
class GraphAttentionLayer:
    """The weights of one layer, multiples of 1/1024 (others are rounded), and its neurons.

    message: (heads, inputs, features), from what a node hears to what it tells. query: (heads,
    inputs, features), from what a node hears to what it looks for. attention: (heads, features).
    tau_trace_ms: how long a node looks back on its spikes. pooling: of what the neurons fire.
    """

    message: Array
    query: Array
    attention: Array
    neurons: GraphNeurons = GraphNeurons()
    tau_trace_ms: Annotated[float, Field(ge=0.001, le=1e6)] = 20.0
    pooling: Pooling | None = None

    def __post_init__(self) -> None:
        for name in ("message", "query", "attention"):
            object.__setattr__(self, name, Array(on_grid(getattr(self, name).values)))
        if len(self.message.shape) != 3 or 0 in self.message.shape:
            raise NetworkError(f"message is (heads, inputs, features), not {self.message.shape}")
        heads, _, features = self.message.shape
        for name, shape in (("query", self.message.shape), ("attention", (heads, features))):
            if getattr(self, name).shape != shape:
                raise NetworkError(f"{name} is {getattr(self, name).shape}, not {shape}")
        if self.width > MAX_WIDTH:
            raise NetworkError(f"{self.width} neurons of a node, {MAX_WIDTH} at most")

    @property
    def inputs(self) -> int:
        """Number of features that a node hears."""
        return self.message.shape[1]

    @property
    def width(self) -> int:
        """Number of neurons of a node: those of all heads."""
        return self.message.shape[0] * self.message.shape[2]


@dataclass(frozen=True, config=STRICT)
class SpikingGraphSpec:
    """Layers of spiking graph attention, and a linear readout of how often the last one fired.

    With the spikes s of the layer before, of node j in head h (`attention` has the coefficients):

        message  m_j = sum over f of s_j[f] message[h, f]        travels along each edge j -> i
        membrane v_i = v_i exp(-t / tau_mem) + sum over arrivals of coefficient_ij m_j
        output   o_i = bias + (mean over ticks of s_i) weight    of the last layer

    Every node hears itself, as in Velickovic et al. (ICLR 2018), by an edge of weight 1 and delay 0
    unless it has one to itself. The neurons of all heads are side by side, the input of the next
    layer. After a pooling the nodes are clusters, joined by the edges of `GivenGraph.merged`.

    dt_ms: length of a tick. weight: (features, outputs). bias: (outputs,).
    """

    layers: Annotated[tuple[GraphAttentionLayer, ...], Field(min_length=1, max_length=16)]
    weight: Array
    bias: Array
    dt_ms: Annotated[float, Field(ge=0.001, le=10_000)] = 1.0

    def __post_init__(self) -> None:
        for name in ("weight", "bias"):
            object.__setattr__(self, name, Array(on_grid(getattr(self, name).values)))
        for number, (one, other) in enumerate(pairwise(self.layers), 2):
            if other.inputs != one.width:
                raise NetworkError(
                    f"layer {number} of a spiking graph hears {other.inputs} features; the one "
                    f"before has {one.width}"
                )
        last = self.layers[-1].width
        if self.bias.shape != self.weight.shape[1:] or self.weight.shape != (last, self.outputs):
            raise NetworkError(
                f"the readout of a spiking graph has weight {self.weight.shape} and bias "
                f"{self.bias.shape}, not ({last}, outputs) and (outputs,)"
            )
        amount = 1.0
        for number, layer in enumerate(self.layers, 1):
            self._check_exact(number, layer, amount)
            amount = layer.pooling.largest if layer.pooling else 1.0

    @property
    def inputs(self) -> int:
        """Number of features of a node."""
        return self.layers[0].inputs

    @property
    def weights(self) -> int:
        """Number of weights of the layers."""
        return sum(
            getattr(layer, part).values.size
            for layer in self.layers
            for part in ("message", "query", "attention")
        )

    @property
    def outputs(self) -> int:
        """Number of outputs of a node."""
        return self.weight.shape[-1] if self.weight.shape else 0

    def graphs(self, graph: GivenGraph) -> tuple[GivenGraph, ...]:
        """Return the graph on which each layer runs, and the one of what comes out of the last.

        Raises NetworkError if a pooling is for another number of nodes.
        """
        found = [graph.with_loops()]
        for number, layer in enumerate(self.layers, 1):
            now = found[-1]
            if layer.pooling:
                clusters = layer.pooling.clusters
                if len(clusters) != now.nodes:
                    raise NetworkError(
                        f"layer {number} of the spiking graph pools {len(clusters)} nodes; the "
                        f"graph has {now.nodes} there"
                    )
                now = now.merged(clusters).with_loops()
            found.append(now)
        return tuple(found)

    def _check_exact(self, number: int, layer: GraphAttentionLayer, amount: float) -> None:
        where = f"layer {number} of a spiking graph"
        ticks = max(layer.tau_trace_ms, layer.neurons.tau_mem_ms) / self.dt_ms
        if ticks > MAX_TAU_TICKS:
            raise NetworkError(f"{where}: a time constant is above {MAX_TAU_TICKS} ticks")
        message, query = (
            amount * float(np.abs(each.values).sum(axis=1, dtype=np.float64).max())
            for each in (layer.message, layer.query)
        )
        seen = (message + query) * (layer.tau_trace_ms / self.dt_ms + 1.0)
        score = seen * float(np.abs(layer.attention.values).sum(axis=1, dtype=np.float64).max())
        if message * MAX_WEIGHT >= EXACT_CURRENT_BELOW or score >= EXACT_SCORE_BELOW:
            raise NetworkError(
                f"{where}: a message may reach {message:g} and a score of attention {score:g}; "
                f"sums are exact below {EXACT_CURRENT_BELOW / MAX_WEIGHT:g} and "
                f"{EXACT_SCORE_BELOW:g} only, so make weights, clusters or tau_trace_ms smaller"
            )


def decay_table(tau_ms: float, dt_ms: float) -> Numbers:
    """Return exp(-k dt / tau) of k = 0, 1, ... ticks, up to where nothing of a value is left.

    The engine and the torch module read it, so that they round alike.
    """
    ticks = np.arange(int(40.0 * tau_ms / dt_ms) + 2)
    table: Numbers = np.exp(-ticks * (dt_ms / tau_ms))
    table[-1] = 0.0
    return table


def random_graph_spec(
    inputs: int,
    features: tuple[int, ...],
    outputs: int,
    seed: int,
    heads: int = 2,
    poolings: dict[int, Pooling] | None = None,
    neurons: GraphNeurons | None = None,
) -> SpikingGraphSpec:
    """Draw a network whose neurons fire now and then; poolings: by the index of the layer."""
    generator = np.random.default_rng(seed)
    layers, before = [], inputs
    for index, after in enumerate(features):
        shape, scale = (heads, before, after), 1.0 / np.sqrt(before)
        layers.append(
            GraphAttentionLayer(
                message=Array(generator.normal(scale, scale, shape)),
                query=Array(generator.normal(0.0, scale, shape)),
                attention=Array(generator.normal(0.0, 1.0, (heads, after))),
                neurons=neurons or GraphNeurons(),
                pooling=(poolings or {}).get(index),
            )
        )
        before = heads * after
    weight = generator.normal(0.0, 1.0 / np.sqrt(before), (before, outputs))
    return SpikingGraphSpec(tuple(layers), Array(weight), Array(np.zeros(outputs)))
