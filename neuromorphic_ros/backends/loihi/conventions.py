"""What of a network the neurons and synapses of Loihi 2 cannot do, each with a way out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neuromorphic_ros.backends.loihi.chip import chip
from neuromorphic_ros.backends.loihi.neuron import MAX_REFRACTORY
from neuromorphic_ros.backends.loihi.timing import CONNECTION_TICKS, timed
from neuromorphic_ros.snn.array import as_numpy
from neuromorphic_ros.snn.neurons.cuba import CubaLif
from neuromorphic_ros.snn.neurons.leaky import If, Lif
from neuromorphic_ros.snn.spec import NetworkSpec, Population
from neuromorphic_ros.snn.synapses import bias

FixedNeuron = If | Lif | CubaLif


def refusals(spec: NetworkSpec) -> tuple[str, ...]:
    """Return what keeps a network from running on Loihi: the item, the limit and a way out."""
    reasons = list(_of_size(spec))
    for population in spec.populations:
        reasons += _of_population(spec, population)
    for index in range(len(spec.projections)):
        reasons += _of_projection(spec, index)
    reasons += _of_timing(spec)
    return tuple(reasons)


def fixed_neuron(population: Population) -> FixedNeuron:
    """Return the neuron of a population that is not refused."""
    assert isinstance(population.neuron, FixedNeuron)
    return population.neuron


def _of_size(spec: NetworkSpec) -> Iterator[str]:
    if spec.neurons > chip().neurons:
        yield f"{spec.neurons} neurons, Loihi 2 has {chip().neurons}: take fewer"


def _of_population(spec: NetworkSpec, population: Population) -> Iterator[str]:
    name, neuron = f"population '{population.name}'", population.neuron
    if population.graph:
        yield f"{name} is a graph of events, Loihi runs neurons: run it on backend jetson"
        return
    if not neuron.spikes:
        yield (
            f"{name} is of {neuron.model}, which never fires, and only spikes leave Loihi: take "
            "neurons that fire, or read the populations before it"
        )
        return
    if not isinstance(neuron, FixedNeuron):
        yield f"{name} is of {neuron.model}, Loihi runs if, lif and cuba_lif: take one of these"
        return
    rules = neuron.rules(spec.dt_ms)
    if rules.multi_spike:
        yield f"{name} fires several spikes in a tick, Loihi one: take multi_spike: false"
    if rules.lower_first:
        yield f"{name} is lowered before it may fire again, on Loihi not: take lower_first: false"
    if neuron.refractory_ticks(spec.dt_ms) > MAX_REFRACTORY:
        yield (
            f"{name} is refractory for {neuron.refractory_ticks(spec.dt_ms)} ticks, Loihi counts "
            f"to {MAX_REFRACTORY}: lower refractory_ms"
        )
    if not rules.subtract and np.any(as_numpy(neuron.threshold) <= as_numpy(neuron.reset_value)):
        yield f"{name} is reset to its threshold or more: lower reset_value"
    constants = neuron.constants(spec.dt_ms)
    for field in ("decay", "synapse_decay"):
        decay = np.asarray(getattr(constants, field, 0.0))
        if np.any((decay < 0) | (decay > 1)):
            yield f"{name} has a {field} of {decay.min():g} per tick: take integrator: exact"


def _of_projection(spec: NetworkSpec, index: int) -> Iterator[str]:
    projection = spec.projections[index]
    name = f"projection {projection}"
    if projection.plasticity:
        yield f"{name} learns, this engine does not: learn on backend jetson, then take the weights"
    target = spec.population(spec.end(projection.post).name).neuron
    if isinstance(target, CubaLif) and np.any(bias(spec, index)):
        yield f"{name} has a bias before a synapse, Loihi adds it behind: bias the neurons instead"


def _of_timing(spec: NetworkSpec) -> Iterator[str]:
    limit = CONNECTION_TICKS + chip().delay.value
    for projection, takes in zip(spec.projections, timed(spec).takes_ticks, strict=True):
        if takes > limit:
            yield (
                f"projection {projection} takes {takes} ticks, so that its spikes meet those on "
                f"longer ways; on Loihi it takes {limit} at most: shorten its delay or these ways"
            )
