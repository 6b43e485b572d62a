"""Variants of a network: the same task by another amount of work, as its author allows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import STRICT, replace
from neuromorphic_ros.snn.weights import Finite, Precision, scaled

if TYPE_CHECKING:
    from neuromorphic_ros.snn.spec import NetworkSpec, Population, Projection


@dataclass(frozen=True, config=STRICT)
class Variant:
    """What is different from the network; what is not named stays.

    dt_ms: tick [ms]. precision: in which weights that do not learn are stored. without: names of
    populations and inputs that are left out, with their projections and readouts. neurons,
    encoders, decoders: parameters by population, input and readout. weights: factors by projection,
    written "pre -> post" as in the file; 0: left out. Delays stay as many ticks as they are.
    """

    dt_ms: Annotated[float, Field(ge=0.01, le=1000)] | None = None
    precision: Precision | None = None
    without: tuple[str, ...] = ()
    neurons: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    encoders: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    decoders: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    weights: dict[str, Finite] = dataclasses.field(default_factory=dict)


def vary(spec: NetworkSpec, name: str) -> NetworkSpec:
    """Return a variant of a network, of the same name and without variants.

    Random weights that stay are those of the network.
    Raises NetworkError if there is no such variant, it names what is not in the network, or it
    leaves out an input on which a readout that stays depends.
    """
    if name not in spec.variants:
        known = ", ".join(spec.variants) or "none"
        raise NetworkError(f"network '{spec.name}' has no variant '{name}'; there is {known}")
    where = f"variant '{name}' of network '{spec.name}'"
    variant = spec.variants[name]
    _check_known(where, variant.without, spec.shapes)
    _check_known(where, variant.neurons, [each.name for each in spec.populations])
    _check_known(where, variant.encoders, [each.name for each in spec.inputs])
    _check_known(where, variant.decoders, [each.name for each in spec.readouts])
    _check_known(where, variant.weights, [str(each) for each in spec.projections])
    left_out = set(variant.without)
    readouts = tuple(
        dataclasses.replace(
            each, parameters={**each.parameters, **variant.decoders.get(each.name, {})}
        )
        for each in spec.readouts
        if each.population not in left_out
    )
    for readout in readouts:
        if needed := left_out & spec.sources_of(readout.population):
            raise NetworkError(
                f"{where}: readout '{readout.name}' depends on input '{min(needed)}'; leave out "
                f"'{readout.population}' too, or keep the input"
            )
    varied = {
        "dt_ms": variant.dt_ms or spec.dt_ms,
        "inputs": tuple(
            dataclasses.replace(
                each, parameters={**each.parameters, **variant.encoders.get(each.name, {})}
            )
            for each in spec.inputs
            if each.name not in left_out
        ),
        "populations": tuple(
            _population(each, variant.neurons.get(each.name, {}), where)
            for each in spec.populations
            if each.name not in left_out
        ),
        "projections": tuple(
            _projection(each, index, variant)
            for index, each in enumerate(spec.projections)
            if not left_out & {spec.end(each.pre).name, spec.end(each.post).name}
            and variant.weights.get(str(each)) != 0
        ),
        "readouts": readouts,
        "variants": {},
    }
    return replace(spec, varied, where, NetworkError)


def _check_known(where: str, named: Iterable[str], known: Iterable[str]) -> None:
    if unknown := set(named) - set(known):
        raise NetworkError(f"{where}: '{min(unknown)}' is unknown; there is {', '.join(known)}")


def _population(population: Population, changes: Mapping[str, Any], where: str) -> Population:
    if not changes:
        return population
    where = f"{where}: population '{population.name}'"
    neuron = replace(population.neuron, changes, where, NetworkError)
    return replace(population, {"neuron": neuron}, where, NetworkError)


def _projection(projection: Projection, index: int, variant: Variant) -> Projection:
    factor = variant.weights.get(str(projection), 1.0)
    stored = None if projection.plasticity else variant.precision
    return dataclasses.replace(
        projection,
        weights=scaled(projection.weights, factor),
        precision=stored or projection.precision,
        draw=index if projection.draw is None else projection.draw,
    )
