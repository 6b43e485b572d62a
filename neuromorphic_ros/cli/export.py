"""`neuromorphic export`: a network for the tools of a kind of hardware."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from neuromorphic_ros.backends.brainscales.plan import network, plan
from neuromorphic_ros.backends.brainscales.script import write_script
from neuromorphic_ros.backends.loihi.netx_export import layers, write_netx
from neuromorphic_ros.backends.truenorth.mapping import map_network
from neuromorphic_ros.backends.truenorth.placement import place, use, write_placement
from neuromorphic_ros.cli.nir_arguments import add_nir_arguments, network_model
from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.snn.spec import NetworkSpec

Told = Mapping[str, Any]


def add_parser(subparsers: Any) -> None:
    """Add the `export` subcommand."""
    parser = subparsers.add_parser(
        "export",
        help="write a network for the tools of a kind of hardware",
        description="Write a network as lava-dl's netx loads it, a file of 8-bit integers of Loihi "
        "for populations in a row; as a PyNN script for BrainScaleS-2, a folder; or placed on "
        "cores of TrueNorth, a JSON file.",
    )
    parser.add_argument(
        "model", type=Path, help="network: name of a shipped one, NIR file, or YAML by its ending"
    )
    parser.add_argument("output", type=Path, help="file or folder to write, e.g. network.net")
    parser.add_argument(
        "--format", choices=list(FORMATS), default="netx", help="what is to read it (default: netx)"
    )
    add_nir_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write what is asked for and print what it holds.

    Raises NeuromorphicError if the network cannot be used, does not fit, or cannot be written.
    """
    model, output = network_model(arguments), arguments.output
    try:
        told = FORMATS[arguments.format](model.spec, output)
    except OSError as unwritable:
        raise NetworkError(
            f"{output}: cannot be written: {unwritable.strerror}; choose another place"
        ) from unwritable
    if arguments.json:
        print(json.dumps({"output": str(output), "assumed": list(model.assumed), **told}))
        return 0
    for line in model.assumed:
        print(f"assumed: {line}")
    for name, value in told.items():
        print(f"{name}: {value if isinstance(value, str) else json.dumps(value)}")
    print(f"{output}: written")
    return 0


def _netx(spec: NetworkSpec, output: Path) -> Told:
    written = layers(spec)
    write_netx(output, written)
    names = [population.name for population in spec.execution_order()]
    return {
        "layers": [
            {"population": name, "neurons": each.neurons.size, "threshold_units": each.neurons.vth}
            for name, each in zip(names, written, strict=True)
        ]
    }


def _pynn(spec: NetworkSpec, output: Path) -> Told:
    return {"script": str(write_script(network(plan(spec)), output))}


def _truenorth(spec: NetworkSpec, output: Path) -> Told:
    mapping = map_network(spec)
    placement = place(len(mapping.cores))
    write_placement(output, mapping, placement)
    return use(mapping, placement)._asdict()


FORMATS: Mapping[str, Callable[[NetworkSpec, Path], Told]] = {
    "netx": _netx,
    "pynn": _pynn,
    "truenorth": _truenorth,
}
