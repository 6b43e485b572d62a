"""The layers of a conventional network between two activations, folded to linear maps."""

from __future__ import annotations

from typing import NamedTuple

from neuromorphic_ros.compression.ann.forward import affine
from neuromorphic_ros.compression.ann.layers import (
    Activation,
    Ann,
    AnnError,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Linear,
    Qcfs,
    Relu,
    Values,
)
from neuromorphic_ros.snn import patterns
from neuromorphic_ros.snn.patterns import AllToAll, Pool2d
from neuromorphic_ros.spikes import Shape


class LinearMap(NamedTuple):
    """A linear map as a projection has it.

    weight, bias: in the form of its pattern; an average has none.
    """

    pattern: AllToAll | patterns.Conv2d | Pool2d
    weight: Values | None
    bias: Values | None
    post: Shape


class Block(NamedTuple):
    """Linear maps, and the activation that ends them, or none at the end of a network.

    place: of the layer whose output is that of the maps.
    """

    maps: tuple[LinearMap, ...]
    activation: Activation | None
    place: int


def blocks(ann: Ann) -> tuple[Block, ...]:
    """Return the maps of a network by the activation that ends them, BatchNorm folded into them.

    Each block has a map that is no pooling.
    Raises AnnError if an activation follows none, or BatchNorm no Linear or Conv2d.
    """
    found: list[Block] = []
    maps: list[LinearMap] = []
    for place, (layer, post) in enumerate(zip(ann.layers, ann.shapes, strict=True)):
        where = f"layer {place} ({getattr(layer, 'name', layer.type)})"
        if isinstance(layer, (Linear, Conv2d)):
            maps.append(_map(ann, layer, post))
        elif isinstance(layer, AvgPool2d):
            maps.append(LinearMap(layer.pattern(), None, None, post))
        elif isinstance(layer, BatchNorm):
            if not maps or maps[-1].weight is None:
                raise AnnError(
                    f"{where}: BatchNorm is folded into a Linear or Conv2d right before it, and "
                    "there is none: move it behind one"
                )
            maps[-1] = _normalised(maps[-1], *affine(ann, layer))
        elif isinstance(layer, (Relu, Qcfs)):
            if all(each.weight is None for each in maps):
                raise AnnError(
                    f"{where}: an activation needs a Linear or Conv2d since the one before it: "
                    "remove it"
                )
            found.append(Block(tuple(maps), layer, place - 1))
            maps = []
    if any(each.weight is not None for each in maps):
        found.append(Block(tuple(maps), None, len(ann.layers) - 1))
    elif maps or not found:
        raise AnnError("the network ends without a Linear or Conv2d: add the layer that decides")
    return tuple(found)


def _map(ann: Ann, layer: Linear | Conv2d, post: Shape) -> LinearMap:
    weight, bias = ann.tensor(layer, "weight"), ann.get(layer, "bias")
    if isinstance(layer, Linear):
        return LinearMap(AllToAll(), weight.T, bias, post)
    return LinearMap(layer.pattern(weight), weight, bias, post)


def _normalised(each: LinearMap, factor: Values, shift: Values) -> LinearMap:
    assert each.weight is not None
    by_output = factor if isinstance(each.pattern, AllToAll) else factor[:, None, None, None]
    bias = shift if each.bias is None else each.bias * factor + shift
    return each._replace(weight=each.weight * by_output, bias=bias)
