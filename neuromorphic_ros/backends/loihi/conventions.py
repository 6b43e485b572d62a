"""What of a network the neurons and synapses of Loihi cannot do, each with a way out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neuromorphic_ros.backends.loihi.chip import chip
from neuromorphic_ros.snn.array import as_numpy
from neuromorphic_ros.snn.neurons.cuba import CubaLif
from neuromorphic_ros.snn.neurons.leaky import If, Lif
from neuromorphic_ros.snn.spec import NetworkSpec, Population, Projection
from neuromorphic_ros.snn.synapses import bias

CONNECTION_TICKS = 1
"""Every connection takes one tick."""

FixedNeuron = If | Lif | CubaLif


def refusals(spec: NetworkSpec) -> tuple[str, ...]:
    """Return what keeps a network from running on Loihi: the item, the limit and a way out."""
    reasons = list(_of_size(spec))
    for population in spec.populations:
        reasons += _of_population(spec, population)
    for index in range(len(spec.projections)):
        reasons += _of_projection(spec, index)
    return tuple(reasons)


def fixed_neuron(population: Population) -> FixedNeuron:
    """Return the neuron of a population that is not refused."""
    assert isinstance(population.neuron, FixedNeuron)
    return population.neuron


def ticks_of(spec: NetworkSpec, projection: Projection) -> int:
    """Return after how many ticks a spike over a projection acts on the membrane of its target."""
    neuron = spec.population(spec.end(projection.post).name).neuron
    next_tick = isinstance(neuron, CubaLif) and neuron.input_in == "next_tick"
    return projection.delay_ticks + next_tick


def _of_size(spec: NetworkSpec) -> Iterator[str]:
    if spec.neurons > chip().neurons:
        yield f"{spec.neurons} neurons, Loihi 2 has {chip().neurons}: take fewer"


def _of_population(spec: NetworkSpec, population: Population) -> Iterator[str]:
    name, neuron = f"population '{population.name}'", population.neuron
    if population.graph:
        yield f"{name} is a graph of events, Loihi runs neurons: read the graph out elsewhere"
        return
    if not isinstance(neuron, FixedNeuron):
        yield f"{name} is of {neuron.model}, Loihi runs if, lif and cuba_lif: take one of these"
        return
    rules = neuron.rules(spec.dt_ms)
    if rules.subtract:
        yield f"{name} resets by subtraction, Loihi to a value: take reset: hard"
    if rules.multi_spike:
        yield f"{name} fires several spikes in a tick, Loihi one: take multi_spike: false"
    if rules.reset_next_tick:
        yield f"{name} is reset a tick late, on Loihi at once: take reset_in: same_tick"
    if rules.refractory:
        yield f"{name} is refractory, Loihi's neuron in Lava never: take refractory_ms: 0"
    if rules.bounded:
        yield f"{name} has a floor, Loihi saturates at 24 bits alone: leave floor out"
    if np.any(as_numpy(neuron.threshold) <= as_numpy(neuron.reset_value)):
        yield f"{name} is reset to its threshold or more: lower reset_value"
    constants = neuron.constants(spec.dt_ms)
    for field in ("decay", "synapse_decay"):
        decay = np.asarray(getattr(constants, field, 0.0))
        if np.any(decay != decay.flat[0]):
            yield f"{name} has several time constants, on Loihi it has one: divide it"
        if np.any((decay < 0) | (decay > 1)):
            yield f"{name} has a {field} of {decay.min():g} per tick: take integrator: exact"


def _of_projection(spec: NetworkSpec, index: int) -> Iterator[str]:
    projection = spec.projections[index]
    name = f"projection {projection}"
    if projection.plasticity:
        yield f"{name} learns, this engine does not: learn elsewhere, then take the weights"
    ticks = ticks_of(spec, projection)
    if ticks > CONNECTION_TICKS:
        yield (
            f"{name} takes {ticks} ticks, on Loihi {CONNECTION_TICKS}: let neurons between pass "
            "spikes on"
        )
    target = spec.population(spec.end(projection.post).name).neuron
    if isinstance(target, CubaLif) and np.any(bias(spec, index)):
        yield f"{name} has a bias before a synapse, Loihi adds it behind: bias the neurons instead"
