"""`neuromorphic inspect`: what a network is made of, in text, JSON or a picture."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from neuromorphic_ros.cli import inspect_backends, inspect_hardware
from neuromorphic_ros.cli.assignments import ArgumentError, assignments
from neuromorphic_ros.cli.nir_arguments import add_nir_arguments
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.report.html import write_file
from neuromorphic_ros.report.network_figure import network_figure, pattern_words, shape_words
from neuromorphic_ros.report.style import png, svg
from neuromorphic_ros.report.words import byte_size, count
from neuromorphic_ros.snn.neurons.model import Neuron
from neuromorphic_ros.snn.nir.reading import read_nir
from neuromorphic_ros.snn.spec import NetworkSpec, Population, Projection
from neuromorphic_ros.snn.summary import Fan, Summary, Synapses, parameters, summarize
from neuromorphic_ros.snn.variant import Variant

FIGURES = {".png": png, ".svg": svg}


def add_parser(subparsers: Any) -> None:
    """Add the `inspect` subcommand."""
    parser = subparsers.add_parser(
        "inspect",
        help="show what a network or this computer is made of",
        description="Print the populations, projections, synapse counts and memory of a network, "
        "and draw it; or what becomes of it on each kind of hardware; or print what this computer "
        "is made of.",
    )
    parser.add_argument(
        "network", nargs="?", help="name of a shipped network or model, or a .yaml or .nir file"
    )
    parser.add_argument("--figure", type=Path, help="write a picture here, .png or .svg")
    add_nir_arguments(parser)
    inspect_hardware.add_hardware_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what the network, or the computer, is made of.

    Raises NeuromorphicError if it cannot be read or built, or the picture cannot be written.
    """
    if arguments.network is None:
        if arguments.hardware != inspect_hardware.THIS:
            raise ArgumentError("give a network, or --hardware alone for this computer")
        return inspect_hardware.run(arguments)
    figure: Path | None = arguments.figure
    if figure and figure.suffix not in FIGURES:
        raise ArgumentError(f"--figure {figure} must end in {' or '.join(FIGURES)}")
    spec, assumed = _network(arguments)
    if arguments.hardware is not None:
        arguments.hardware = arguments.hardware or inspect_backends.ALL
        return inspect_backends.run(spec, arguments)
    summary = summarize(spec)
    if figure:
        write_file(FIGURES[figure.suffix](lambda: network_figure(summary)), figure)
    if arguments.json:
        print(json.dumps(_document(summary) | {"assumed": assumed}))
        return 0
    for line in (*_lines(summary), *_table("assumed", [(each,) for each in assumed])):
        print(line)
    return 0


def _network(arguments: argparse.Namespace) -> tuple[NetworkSpec, tuple[str, ...]]:
    """Return the network, and what a NIR file does not say about it."""
    changes = assignments(arguments.set)
    if Path(arguments.network).suffix == ".nir":
        model = read_nir(Path(arguments.network), arguments.preset, changes)
        return model.spec, model.assumed
    if changes or arguments.preset:
        raise ArgumentError("--preset and --set are for NIR files; others say all themselves")
    return find_network(arguments.network), ()


def _document(summary: Summary) -> dict[str, Any]:
    spec = summary.spec
    return {
        "name": spec.name,
        "dt_ms": spec.dt_ms,
        "seed": spec.seed,
        "variants": list(spec.variants),
        "inputs": [
            {
                "name": source.name,
                "shape": source.shape,
                "channels": math.prod(source.shape),
                "sensor": source.sensor,
                "encoder": source.encoder,
            }
            for source in spec.inputs
        ],
        "populations": [
            {
                "name": population.name,
                "shape": population.shape,
                "neurons": population.size,
                "model": population.model,
                "parameters": _described(population),
            }
            for population in spec.execution_order()
        ],
        "projections": [
            {
                "pre": projection.pre,
                "post": projection.post,
                "pattern": pattern_words(projection),
                "delay_ticks": projection.delay_ticks,
                "compartment": projection.compartment,
                "synapses": part.number,
                "exact": part.exact,
                "storage": _storage(part),
                "precision": projection.precision,
                "bytes": part.bytes,
                "low": part.low,
                "high": part.high,
            }
            for projection, part in zip(spec.projections, summary.synapses, strict=True)
        ],
        "readouts": [
            {"name": each.name, "decoder": each.decoder, "population": each.population}
            for each in spec.readouts
        ],
        "totals": {
            "channels": spec.channels,
            "neurons": spec.neurons,
            "synapses": summary.synapse_count,
            "exact": summary.exact,
            "weight_bytes": summary.weight_bytes,
            "neuron_bytes": summary.neuron_bytes,
            "delay_bytes": summary.delay_bytes,
            "graph_bytes": summary.graph_bytes,
            "bytes": summary.bytes,
            "fan_in": summary.fan_in and summary.fan_in._asdict(),
            "fan_out": summary.fan_out and summary.fan_out._asdict(),
            "recurrent": summary.recurrent,
        },
    }


def _variant(variant: Variant) -> str:
    words = [f"ticks of {variant.dt_ms:g} ms"] if variant.dt_ms else []
    words += [variant.precision] if variant.precision else []
    words += [f"without {', '.join(variant.without)}"] if variant.without else []
    named = (variant.neurons, variant.encoders, variant.decoders, variant.weights)
    changed = [name for parts in named for name in parts]
    words += [f"other {', '.join(changed)}"] if changed else []
    return "; ".join(words) or "the same"


def _lines(summary: Summary) -> Iterator[str]:
    spec = summary.spec
    bound = "" if summary.exact else "up to "
    yield (
        f"{spec.name}: ticks of {spec.dt_ms:g} ms, {count(spec.channels)} channels, "
        f"{count(spec.neurons)} neurons, {bound}{count(summary.synapse_count)} synapses"
    )
    yield from _table(
        "inputs",
        [
            (each.name, shape_words(each.shape), each.encoder or "driven by a program")
            for each in spec.inputs
        ],
    )
    yield from _table(
        "populations, in order of execution",
        [
            (each.name, shape_words(each.shape), each.model, _words(each))
            for each in spec.execution_order()
        ],
    )
    yield from _table(
        "projections",
        [
            _projection(projection, part)
            for projection, part in zip(spec.projections, summary.synapses, strict=True)
        ],
    )
    yield from _table(
        "variants", [(name, _variant(variant)) for name, variant in spec.variants.items()]
    )
    yield from _table(
        "readouts", [(each.name, f"{each.decoder} of {each.population}") for each in spec.readouts]
    )
    yield from _table(
        "totals",
        [
            ("weights", bound + byte_size(summary.weight_bytes)),
            ("neurons", byte_size(summary.neuron_bytes)),
            ("delay lines", byte_size(summary.delay_bytes)),
            *([("graphs", byte_size(summary.graph_bytes))] if spec.graphs else []),
            ("largest fan-in", _fan(summary.fan_in)),
            ("largest fan-out", _fan(summary.fan_out)),
            ("recurrent", "; ".join(map(", ".join, summary.recurrent)) or "nothing"),
        ],
    )


def _table(title: str, rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield title
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _described(population: Population) -> dict[str, Any]:
    if population.graph is None:
        return parameters(population.neuron)
    return dict(population.graph.described())


def _words(population: Population) -> str:
    if population.graph is None:
        return _parameters(population.neuron)
    told = _described(population)
    inputs, neurons = (", ".join(map(str, told[part])) for part in ("inputs", "neurons"))
    return f"of {inputs}, layers of {neurons} neurons a node, {count(told['weights'])} weights"


def _parameters(neuron: Neuron) -> str:
    """Return time constants, thresholds and whatever is not as by default."""
    default = parameters(type(neuron)())
    shown = {
        name: value
        for name, value in parameters(neuron).items()
        if name.startswith("tau_") or name.startswith("threshold") or value != default[name]
    }
    return ", ".join(f"{name} {_value(value)}" for name, value in shown.items())


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"{value[0]:g} to {value[1]:g}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _projection(projection: Projection, part: Synapses) -> tuple[str, ...]:
    into = f", compartment {projection.compartment}" if projection.compartment else ""
    if part.low is None or part.high is None:
        weights = "no weights" if part.exact else "weights not built"
    elif part.low == part.high:
        weights = f"weight {part.low:g}"
    else:
        weights = f"weights {part.low:g} to {part.high:g}"
    number = count(part.number) if part.exact else f"up to {count(part.number)}"
    return (
        f"{projection}{into}",
        pattern_words(projection),
        f"delay {projection.delay_ticks}",
        f"{number} {'synapse' if part.number == 1 else 'synapses'}",
        f"{_storage(part)} {projection.precision}, {byte_size(part.bytes)}",
        weights,
    )


def _storage(part: Synapses) -> str:
    return "dense" if part.dense else "csr"


def _fan(fan: Fan | None) -> str:
    return f"{count(fan.synapses)} of {fan.name}" if fan else "not counted"
