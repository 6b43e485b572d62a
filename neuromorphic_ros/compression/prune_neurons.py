"""Structured pruning: neurons are taken out of a network, with all that leads to and from them.

Method: Li et al., Pruning filters for efficient ConvNets, ICLR 2017, by the magnitudes of weights;
with the spikes of a recording, neurons that hardly fire count less (Hu et al., Network trimming,
arXiv:1607.03250, 2016).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.compression.map_weights import CompressionError
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.patterns import AllToAll, Conv1d, Conv2d
from neuromorphic_ros.snn.spec import NetworkSpec, Population, Projection
from neuromorphic_ros.snn.synapses import weight_shape
from neuromorphic_ros.snn.weights import Values, values

Kept = npt.NDArray[np.bool_]
Importance = Mapping[str, npt.NDArray[np.float64]]
"""Of each unit of populations, by name; float64[first extent]."""


def prune_neurons(
    spec: NetworkSpec, share: float, importance: Importance | None = None
) -> NetworkSpec:
    """Return a smaller network, without the least important `share` of units of its populations.

    A unit is a neuron, or in a population of several dimensions all neurons of one place of the
    first, e.g. a channel. `share`, 0 to less than 1, of each of the `prunable` populations is taken
    out, rounded down, and at least one unit stays.
    importance: none: `weight_importance`.
    Raises CompressionError for another share, if no population can be pruned, or importance is of
    other units; NetworkError if weights do not fit.
    """
    if not 0 <= share < 1:
        raise CompressionError(f"share {share} of neurons to prune is not from 0 to below 1")
    names = prunable(spec)
    if not names:
        raise CompressionError(
            f"network '{spec.name}' has no population whose neurons can be taken out: none lies "
            "between others by all_to_all or convolutions alone"
        )
    importance = weight_importance(spec) if importance is None else importance
    kept = {name: _kept(spec.population(name), share, importance) for name in names}
    return dataclasses.replace(
        spec,
        populations=tuple(
            _smaller(each, kept[each.name]) if each.name in kept else each
            for each in spec.populations
        ),
        projections=tuple(_cut(spec, index, kept) for index in range(len(spec.projections))),
    )


def prunable(spec: NetworkSpec) -> tuple[str, ...]:
    """Return the populations from which neurons can be taken.

    They lie between other populations, by all_to_all, conv1d or conv2d of one group, of and to
    whole populations, with weights that do not learn. They have no readout and no graph, and no
    variant changes them.
    """
    sources, targets, fixed = set(), set(), {each.population for each in spec.readouts}
    fixed |= {each.name for each in spec.graphs}
    for variant in spec.variants.values():
        fixed |= variant.neurons.keys()
    for projection in spec.projections:
        pre, post = (spec.end(end) for end in (projection.pre, projection.post))
        if pre.name != post.name:
            sources.add(pre.name)
            targets.add(post.name)
        pattern = projection.pattern
        plain = isinstance(pattern, AllToAll) or (
            isinstance(pattern, (Conv1d, Conv2d)) and pattern.groups == 1
        )
        whole = [projection.pre, projection.post] == [pre.name, post.name]
        if not (plain and whole) or projection.before or projection.plasticity:
            fixed |= {pre.name, post.name}
    names = (each.name for each in spec.populations)
    return tuple(name for name in names if name in sources & targets and name not in fixed)


def weight_importance(spec: NetworkSpec, spikes: Importance | None = None) -> Importance:
    """Return the importance of the units of each prunable population.

    It is the sum of the magnitudes of the weights that lead to a unit, times that of those that
    leave it; each tap of a kernel counts once.
    spikes: of each unit in a recording, in place of what leads to it.
    Raises NetworkError if weights do not fit.
    """
    found: dict[str, npt.NDArray[np.float64]] = {}
    for name in prunable(spec):
        units = spec.shapes[name][0]
        arriving, leaving = np.zeros(units), np.zeros(units)
        for index, projection in enumerate(spec.projections):
            if projection.post == name:
                axis = _target_axis(projection)
                arriving += _magnitude(_weights(spec, index), axis, units)
            if projection.pre == name:
                axis = _source_axis(projection)
                leaving += _magnitude(_weights(spec, index), axis, units)
        found[name] = leaving * (arriving if spikes is None else spikes[name])
    return found


def _kept(population: Population, share: float, importance: Importance) -> Kept:
    units, name = population.shape[0], population.name
    given = importance.get(name)
    if given is None or given.shape != (units,) or not np.all(np.isfinite(given)):
        shape = "none" if given is None else given.shape
        raise CompressionError(
            f"importance of population '{name}' is {shape}; give a finite number for each of its "
            f"{units} units"
        )
    gone = min(math.floor(share * units + 1e-6), units - 1)
    kept = np.ones(units, bool)
    kept[np.argsort(given, kind="stable")[:gone]] = False
    return kept


def _smaller(population: Population, kept: Kept) -> Population:
    neuron = population.neuron
    changes: dict[str, Any] = {
        field.name: Array(value.values[kept])
        for field in dataclasses.fields(neuron)
        if isinstance(value := getattr(neuron, field.name), Array)
    }
    return dataclasses.replace(
        population,
        shape=(int(kept.sum()), *population.shape[1:]),
        neuron=dataclasses.replace(neuron, **changes),
    )


def _cut(spec: NetworkSpec, index: int, kept: Mapping[str, Kept]) -> Projection:
    """Return a projection without the synapses of what is taken out."""
    projection = spec.projections[index]
    if projection.pre not in kept and projection.post not in kept:
        return projection
    weights, bias = _weights(spec, index), projection.bias
    if projection.pre in kept:
        weights = _along(weights, _source_axis(projection), kept[projection.pre])
    if projection.post in kept:
        weights = _along(weights, _target_axis(projection), kept[projection.post])
        if isinstance(bias, Array):
            bias = Array(_along(bias.values, 0, kept[projection.post]))
    return dataclasses.replace(projection, weights=Array(weights), bias=bias)


def _weights(spec: NetworkSpec, index: int) -> Values:
    (link,) = spec.stages(spec.projections[index])
    return values(link.weights, weight_shape(link), spec.generator(index))


def _source_axis(projection: Projection) -> int:
    return 0 if isinstance(projection.pattern, AllToAll) else 1


def _target_axis(projection: Projection) -> int:
    return 1 - _source_axis(projection)


def _along(weights: Values, axis: int, kept: Kept) -> Values:
    """Keep units along an axis, which may be flat over the other dimensions of a population."""
    chosen = np.repeat(kept, weights.shape[axis] // kept.size)
    return np.ascontiguousarray(np.compress(chosen, weights, axis))


def _magnitude(weights: Values, axis: int, units: int) -> npt.NDArray[np.float64]:
    """Return the sum of the magnitudes of each unit along an axis."""
    by_unit = np.moveaxis(weights, axis, 0).reshape(units, -1)
    return np.asarray(np.abs(by_unit).sum(axis=1, dtype=np.float64))
