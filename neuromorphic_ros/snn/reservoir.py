"""Liquid state machine: a recurrent population with random, sparse, distance-dependent synapses."""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.neurons.adaptive import Alif
from neuromorphic_ros.snn.neurons.leaky import Li, Lif
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.spikes import Shape

LIQUID = "liquid"
TRACE = "trace"
# Eigenvalues and positions are computed for all pairs.
MAX_LIQUID = 4000

Matrix = npt.NDArray[np.float64]
Extent = Annotated[int, Field(ge=1, le=MAX_LIQUID)]
Delay = Annotated[int, Field(ge=1, le=100_000)]
Probability = Annotated[float, Field(ge=0, le=1)]
TauMs = Annotated[float, Field(ge=0.1, le=1e5)]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class ReservoirParameters:
    """What a liquid is made of.

    Neurons stand on a grid; a pair at distance D is connected with probability
    C exp(-(D / lambda)^2), C by the kinds of source and target, e.g. `probability_ei` from an
    excitatory to an inhibitory one; the defaults of C are those of Maass, Natschlaeger & Markram,
    Real-time computing without stable states, Neural Computation 14, 2002. No neuron drives itself.
    The neurons reset by subtraction, so that with a threshold of 1 the matrix of weights is the
    gain from rates to rates, and its spectral radius means what it does in an echo state network.
    """

    shape: Annotated[
        tuple[Extent, Extent, Extent], Field(description="Neurons along each axis of the grid [1]")
    ] = (10, 10, 10)
    excitatory_share: Annotated[
        Probability, Field(description="Share of neurons whose synapses all excite [1]")
    ] = 0.8
    probability_ee: Probability = 0.3
    probability_ei: Probability = 0.2
    probability_ie: Probability = 0.4
    probability_ii: Probability = 0.1
    reach: Annotated[
        float, Field(ge=0.1, le=1e4, description="Lambda of the distance rule [grid steps]")
    ] = 2.0
    spectral_radius: Annotated[
        float, Field(ge=0, le=10, description="Largest magnitude of an eigenvalue of the weights")
    ] = 0.9
    neuron: Annotated[
        Literal["lif", "alif"], Field(description="Model: without or with an adaptive threshold")
    ] = "lif"
    tau_mem_ms: Annotated[
        tuple[TauMs, TauMs],
        Field(description="Shortest and longest time constant of the membranes [ms]"),
    ] = (20.0, 200.0)
    bias: Annotated[
        float, Field(ge=-10, le=10, description="Drive of every neuron, thresholds in a tick")
    ] = 0.1
    delay_ticks: Annotated[
        tuple[Delay, ...],
        Field(
            min_length=1,
            max_length=20,
            description="Delays, one drawn for each recurrent synapse [ticks]",
        ),
    ] = (1,)
    input_probability: Annotated[
        Probability, Field(description="Chance that a channel, or graded value, drives a neuron")
    ] = 0.1
    input_scale: Annotated[
        float, Field(ge=0, le=1e3, description="Largest magnitude of an input weight")
    ] = 0.5
    input_weights: Annotated[
        Literal["random", "graded"], Field(description="How the channels of an input drive neurons")
    ] = "random"
    tau_trace_ms: Annotated[
        TauMs, Field(description="Time constant of the filter of the readout [ms]")
    ] = 20.0

    def __post_init__(self) -> None:
        if self.size > MAX_LIQUID:
            raise ValueError(f"a liquid of {self.size} neurons exceeds {MAX_LIQUID}")
        if self.tau_mem_ms[0] > self.tau_mem_ms[1]:
            raise ValueError(f"tau_mem_ms {self.tau_mem_ms} must rise")

    @property
    def size(self) -> int:
        """Number of neurons."""
        return math.prod(self.shape)


class Reservoir(NamedTuple):
    """The parts of a network that make a liquid between its inputs and its readout."""

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]


def reservoir(
    parameters: ReservoirParameters, inputs: tuple[Input, ...], seed: int = 0
) -> Reservoir:
    """Return the liquid `LIQUID`, its synapses, and those from each input.

    Also its filtered readout `TRACE`, one non-spiking neuron for each in the liquid, whose membrane
    is the sum of exp(-(now - then) / tau_trace_ms) over its past spikes, times 1 - exp(-dt / tau),
    so that it holds the rate per tick.
    Raises NetworkError if the drawn synapses form no loop, which leaves no radius to set.
    """
    p = parameters
    # One generator for each part, so that a change of one leaves the others as they are.
    synapses, neurons = np.random.default_rng((seed, 0)), np.random.default_rng((seed, 1))
    low, high = np.log(p.tau_mem_ms)
    tau_mem_ms = Array(np.exp(neurons.uniform(low, high, p.shape)))
    start = Array(neurons.uniform(0.0, 1.0, p.shape))
    model = Alif if p.neuron == "alif" else Lif
    liquid = model(tau_mem_ms=tau_mem_ms, reset="subtract", bias=p.bias, initial=start, floor=-1.0)
    trace = Li(tau_mem_ms=p.tau_trace_ms, resistance=1.0)
    weights = recurrent_weights(p, synapses).astype(np.float32)
    delay = np.random.default_rng((seed, 3)).integers(0, len(p.delay_ticks), weights.shape)
    return Reservoir(
        populations=(
            Population(name=LIQUID, shape=p.shape, neuron=liquid),
            Population(name=TRACE, shape=p.shape, neuron=trace),
        ),
        projections=(
            *(
                Projection(
                    pre=source.name,
                    post=LIQUID,
                    weights=Array(input_weights(p, source.shape, (seed, 2, index))),
                )
                for index, source in enumerate(inputs)
            ),
            *(
                Projection(
                    pre=LIQUID,
                    post=LIQUID,
                    weights=Array(weights * (delay == index)),
                    delay_ticks=ticks,
                )
                for index, ticks in enumerate(p.delay_ticks)
            ),
            Projection(pre=LIQUID, post=TRACE, pattern=OneToOne()),
        ),
    )


def reservoir_network(
    parameters: ReservoirParameters,
    channels: Shape,
    dt_ms: float = 1.0,
    seed: int = 0,
    name: str = "reservoir",
) -> NetworkSpec:
    """Return a whole network: the input `value`, the liquid and its trace; raises as those do."""
    inputs = (Input(name="value", shape=channels),)
    parts = reservoir(parameters, inputs, seed)
    return NetworkSpec(
        name=name,
        dt_ms=dt_ms,
        inputs=inputs,
        populations=parts.populations,
        projections=parts.projections,
        seed=seed,
        # One matrix for each delay, of which most is zero and not stored.
        max_synapses=max(
            NetworkSpec.max_synapses,
            parameters.size * (len(parameters.delay_ticks) * parameters.size + 1)
            + math.prod(channels) * parameters.size,
        ),
    )


def excitatory(
    parameters: ReservoirParameters, generator: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Return which neurons excite, at random places of the grid; exactly the share, rounded."""
    kinds = np.arange(parameters.size) < round(parameters.excitatory_share * parameters.size)
    return generator.permutation(kinds)


def recurrent_weights(parameters: ReservoirParameters, generator: np.random.Generator) -> Matrix:
    """Return the weights between the neurons, float64 (pre, post), of the spectral radius.

    Magnitudes come from a gamma distribution of shape 2. The inhibition of each neuron is scaled to
    balance its excitation, where it has both: without, eigenvalues of the mean stand out and use up
    the radius (Rajan & Abbott, Physical Review Letters 97, 188104, 2006).
    Raises NetworkError if no eigenvalue differs from 0.
    """
    p = parameters
    excites = excitatory(p, generator)
    place = np.stack(np.unravel_index(np.arange(p.size), p.shape), axis=1).astype(np.float64)
    squared = np.square(place).sum(1)
    distance_2 = squared[:, None] + squared - 2.0 * place @ place.T
    source, target = excites[:, None], excites[None, :]
    scale = np.where(
        source,
        np.where(target, p.probability_ee, p.probability_ei),
        np.where(target, p.probability_ie, p.probability_ii),
    )
    connected = generator.random((p.size, p.size)) < scale * np.exp(-distance_2 / p.reach**2)
    np.fill_diagonal(connected, False)
    weights = connected * generator.gamma(2.0, 1.0, (p.size, p.size))
    exciting, inhibiting = weights[excites].sum(0), weights[~excites].sum(0)
    both = (exciting > 0) & (inhibiting > 0)
    weights[~excites] *= -np.divide(exciting, inhibiting, out=np.ones(p.size), where=both)
    if p.spectral_radius == 0:
        return np.zeros_like(weights)
    radius = spectral_radius(weights)
    # What is left of a nilpotent matrix is rounding.
    if radius < 1e-6:
        raise NetworkError(
            f"the {int(connected.sum())} synapses of a liquid of {p.size} neurons form no loop, so "
            f"that it has no spectral radius; raise reach {p.reach} or the probabilities"
        )
    return np.asarray(weights * (p.spectral_radius / radius))


def spectral_radius(weights: Matrix) -> float:
    """Return the largest magnitude of an eigenvalue."""
    return float(np.abs(np.linalg.eigvals(weights)).max(initial=0.0))


def input_weights(
    parameters: ReservoirParameters, channels: Shape, seed: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """Return the weights from each channel to each neuron, float32 (channels, neurons).

    random: uniform on both sides of 0. graded: for values in a population code, (..., fields): each
    neuron takes a value with a weight of its own, which runs from minus to plus itself over the
    fields, from the first to the last centre. It then sees the value itself rather than random
    functions of it, and remembers that (Eliasmith & Anderson, Neural Engineering, 2003: weights
    that are products of encoders and decoders).
    Channels of sensors are not bound to Dale's law.
    """
    p, generator = parameters, np.random.default_rng(seed)
    graded = p.input_weights == "graded"
    sources = math.prod(channels[:-1] if graded else channels)
    drawn = generator.uniform(-p.input_scale, p.input_scale, (sources, p.size))
    drawn *= generator.random(drawn.shape) < p.input_probability
    if graded:
        slope = np.linspace(-1.0, 1.0, channels[-1])
        drawn = (drawn[:, None, :] * slope[:, None]).reshape(-1, p.size)
    return np.asarray(drawn, np.float32)
