"""Tell classes of series apart: a liquid whose readout is a population of leaky integrators."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.learning.samples import LearningError, Samples, tick_spikes
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.liquid_properties import ridge_solution
from neuromorphic_ros.snn.neurons.leaky import Li
from neuromorphic_ros.snn.reservoir import LIQUID, TRACE
from neuromorphic_ros.snn.spec import NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork

OUTPUT = "output"
# In mean squares of the traces; there are fewer series than neurons.
RIDGE = 0.03

States = npt.NDArray[np.float64]


def traces_of(network: NetworkSpec, samples: Samples, moments: Sequence[int]) -> States:
    """Return the traces of a liquid after some ticks of each sample, each from rest.

    network: as `reservoir_network` makes it. moments: rising. Returns float64[samples, moments,
    neurons]. Raises LearningError if the samples do not last as long.
    """
    ticks = samples.inputs.shape[1]
    if not moments or max(moments) > ticks:
        raise LearningError(f"samples last {ticks} ticks, not {max(moments, default=1)}")
    liquid, size = StreamingNetwork(network), network.population(TRACE).size
    traces = np.empty((samples.size, len(moments), size))
    for sequence, found in zip(samples.inputs, traces, strict=True):
        liquid.reset()
        spikes, before = tick_spikes(sequence), 0
        for moment, trace in zip(moments, found, strict=True):
            liquid.run(spikes.between(before, moment))
            trace[:] = liquid.membrane(TRACE)
            before = moment
    return traces


def with_readout(
    network: NetworkSpec, traces: States, label: npt.NDArray[np.int64], classes: int
) -> NetworkSpec:
    """Put a trained population `output`, one neuron for each class, in the place of the traces.

    It integrates the spikes of the liquid with the time constant of the traces, so that its
    membranes are the linear readout of those that ridge regression gives: 1 for the class of a
    sample, 0 for the others. traces, label: as `traces_of` returns them for labelled samples.
    Raises LearningError if a label is no class or there are no samples.
    """
    if not label.size or label.shape != traces.shape[:1]:
        raise LearningError(f"{len(traces)} samples and {label.size} labels cannot be trained")
    if label.min() < 0 or label.max() >= classes:
        raise LearningError(f"labels are {label.min()} to {label.max()}, of {classes} classes")
    features = traces.reshape(-1, traces.shape[2])
    wanted = np.repeat(np.eye(classes)[label], traces.shape[1], axis=0)
    centre, mean = features.mean(0), wanted.mean(0)
    weights = ridge_solution(features - centre, wanted - mean, RIDGE)
    filtered = network.population(TRACE).neuron
    assert isinstance(filtered, Li)
    output = dataclasses.replace(filtered, rest=Array(mean - centre @ weights))
    kept = [each for each in network.populations if each.name != TRACE]
    synapses = [each for each in network.projections if each.post != TRACE]
    return dataclasses.replace(
        network,
        populations=(*kept, Population(OUTPUT, (classes,), output)),
        projections=(*synapses, Projection(LIQUID, OUTPUT, Array(weights.astype(np.float32)))),
    )
