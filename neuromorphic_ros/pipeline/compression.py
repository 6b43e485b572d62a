"""Compress a network: fewer neurons, fewer synapses, fewer bits, and training in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.compression.map_weights import CompressionError
from neuromorphic_ros.compression.prune import prune, prune_below, prune_globally
from neuromorphic_ros.compression.prune_neurons import prune_neurons, weight_importance
from neuromorphic_ros.compression.quantize import Rounding, on_grid, roundings
from neuromorphic_ros.learning.classification import Network
from neuromorphic_ros.learning.samples import Augment, LearningError, Samples
from neuromorphic_ros.parameters import STRICT, build
from neuromorphic_ros.pipeline.spike_comparison import run_pieces, unit_spikes
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.state_bits import StateBits
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.synapses import connect
from neuromorphic_ros.snn.tick_spikes import TickSpikes
from neuromorphic_ros.snn.weight_grid import WeightGrid
from neuromorphic_ros.snn.weights import ITEM_BYTES


@dataclass(frozen=True, config=STRICT)
class Compression:
    """What becomes of a network, in this order.

    neurons: share of neurons that are taken out of each population between others. weights: share
    of weights that become zero, of each projection or of the whole network; below: and those of
    less magnitude. epochs: of training by what is left, on the grid if there is one.
    grid: on which weights end; none: they stay in float32. state: bits in which neurons keep their
    state; none: float32.
    """

    neurons: Annotated[float, Field(ge=0, lt=1)] = 0.0
    weights: Annotated[float, Field(ge=0, le=1)] = 0.0
    scope: Literal["projection", "network"] = "projection"
    below: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    epochs: Annotated[int, Field(ge=0, le=100_000)] = 0
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 5e-4
    grid: WeightGrid | None = None
    state: StateBits | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class Trainer(NamedTuple):
    """What a network is trained again with.

    parameters: fields of `learning.surrogate.SurrogateTraining`, as of its recipe.
    """

    samples: Samples
    parameters: dict[str, Any]
    augment: Augment | None = None


class Size(NamedTuple):
    """How large a network is: neurons, weights that are not zero, and their bits in all."""

    neurons: int
    synapses: int
    weight_bits: int


class Compressed(NamedTuple):
    """A compressed network.

    network: it runs with its state in as many bits as were asked for. roundings: what the grid
    changed of weights that were not trained on it, of each projection; empty without a grid.
    """

    spec: NetworkSpec
    network: Network
    roundings: tuple[Rounding, ...]


def compress(
    spec: NetworkSpec,
    wanted: Compression,
    calibration: Sequence[TickSpikes],
    again: Trainer | None = None,
) -> Compressed:
    """Compress a network.

    calibration: recorded input, each piece from rest: by what fires neurons are chosen to be taken
    out, and from the ranges that occur follows where the point of fixed-point state is.
    again: for training; it needs torch, as state in few bits does.
    Raises CompressionError if the network cannot be compressed so, or is to be trained and there is
    nothing to train with; LearningError if it cannot be trained; BackendError without torch.
    """
    if wanted.epochs and again is None:
        raise CompressionError(
            f"network '{spec.name}' has no labelled samples to be trained again with: leave epochs "
            "at 0, or take a model with a recipe of surrogate gradients"
        )
    if wanted.neurons:
        fired = run_pieces(StreamingNetwork(spec), calibration)
        importance = weight_importance(spec, unit_spikes(spec, fired))
        spec = prune_neurons(spec, wanted.neurons, importance)
    if wanted.weights:
        remove = prune if wanted.scope == "projection" else prune_globally
        spec = remove(spec, wanted.weights)
    if wanted.below:
        spec = prune_below(spec, wanted.below)
    exact = spec
    rounded: tuple[Rounding, ...] = ()
    if wanted.grid is not None:
        spec = on_grid(exact, wanted.grid)
        rounded = roundings(spec, exact)
    if wanted.epochs and again is not None:
        spec = _trained(exact, wanted, again)
    return Compressed(spec, _runner(spec, wanted, calibration), rounded)


def size_of(spec: NetworkSpec, grid: WeightGrid | None = None) -> Size:
    """Return the size of a network; grid: on which its weights are that do not learn."""
    synapses = bits = 0
    for index, projection in enumerate(spec.projections):
        count = int(connect(spec, index).synapses_per_row.sum())
        synapses += count
        stored = 8 * ITEM_BYTES[projection.precision]
        bits += count * (stored if grid is None or projection.plasticity else grid.bits)
    return Size(spec.neurons, synapses, bits)


def _trained(spec: NetworkSpec, wanted: Compression, again: Trainer) -> NetworkSpec:
    # Only training needs torch.
    from neuromorphic_ros.learning import surrogate

    changes = {
        "epochs": wanted.epochs,
        "learning_rate": wanted.learning_rate,
        "seed": wanted.seed,
    }
    parameters = build(
        surrogate.SurrogateTraining,
        again.parameters | changes,
        f"training of '{spec.name}'",
        LearningError,
    )
    work = surrogate.Work(
        spec,
        again.samples,
        parameters,
        augment=again.augment,
        grid=wanted.grid,
        keep_zeros=bool(wanted.weights or wanted.below),
    )
    state = surrogate.start(work)
    while not surrogate.is_over(work, state):
        state = surrogate.advance(work, state)
    return surrogate.trained(work, state)


def _runner(spec: NetworkSpec, wanted: Compression, calibration: Sequence[TickSpikes]) -> Network:
    if wanted.state is None:
        return StreamingNetwork(spec)
    # Only state in few bits needs torch.
    from neuromorphic_ros.snn.batch_of_one import BatchOfOne
    from neuromorphic_ros.snn.fixed_point_state import keep_state, state_formats, watch_state
    from neuromorphic_ros.snn.network import TorchNetwork

    watched = TorchNetwork(spec)
    ranges = watch_state(watched)
    run_pieces(BatchOfOne(watched), calibration)
    network = TorchNetwork(spec)
    keep_state(network, state_formats(ranges, wanted.state))
    return BatchOfOne(network)
