"""`neuromorphic export`: a network for the tools of a kind of hardware."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from neuromorphic_ros.backends.loihi.netx_export import layers, write_netx
from neuromorphic_ros.cli.nir_arguments import add_nir_arguments, network_model
from neuromorphic_ros.errors import NetworkError


def add_parser(subparsers: Any) -> None:
    """Add the `export` subcommand."""
    parser = subparsers.add_parser(
        "export",
        help="write a network for lava-dl's netx",
        description="Write a network of populations in a row as lava-dl's netx loads it, in the "
        "8-bit integers of Loihi: lava.lib.dl.netx.hdf5.Network(net_config=OUTPUT).",
    )
    parser.add_argument(
        "model", type=Path, help="network: name of a shipped one, NIR file, or YAML by its ending"
    )
    parser.add_argument("output", type=Path, help="file to write, e.g. network.net")
    parser.add_argument(
        "--format", choices=["netx"], default="netx", help="what is to read it (default: netx)"
    )
    add_nir_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the file and print its layers.

    Raises NeuromorphicError if the network cannot be used, does not fit, or cannot be written.
    """
    model = network_model(arguments)
    written = layers(model.spec)
    try:
        write_netx(arguments.output, written)
    except OSError as unwritable:
        raise NetworkError(
            f"{arguments.output}: cannot be written: {unwritable.strerror}; choose another place"
        ) from unwritable
    names = [population.name for population in model.spec.execution_order()]
    shown = [
        {"population": name, "neurons": layer.neurons.size, "threshold_units": layer.neurons.vth}
        for name, layer in zip(names, written, strict=True)
    ]
    if arguments.json:
        print(json.dumps({"output": str(arguments.output), "layers": shown}))
        return 0
    for line in model.assumed:
        print(f"assumed: {line}")
    for layer in shown:
        print("{population}: {neurons} neurons, threshold {threshold_units} units".format(**layer))
    print(f"{arguments.output}: {len(shown)} layers")
    return 0
