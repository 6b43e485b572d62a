"""What a user may say of a NIR file that it does not say itself."""

from __future__ import annotations

import argparse

from neuromorphic_ros.cli.assignments import ArgumentError, assignments
from neuromorphic_ros.pipeline.networks import network_file
from neuromorphic_ros.snn.network_file import load_network
from neuromorphic_ros.snn.nir.conventions import PRESETS
from neuromorphic_ros.snn.nir.reading import NirModel, read_nir
from neuromorphic_ros.snn.nir.writing import output_populations

YAML = (".yaml", ".yml")


def add_nir_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --preset and --set, the conventions of a NIR file."""
    parser.add_argument(
        "--preset", choices=sorted(PRESETS), help="framework that wrote the .nir file"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="a convention that the .nir file does not say, e.g. dt_ms=0.1 (docs/nir.md)",
    )


def network_model(arguments: argparse.Namespace) -> NirModel:
    """Load the network that the argument `model` names: shipped, NIR, or YAML by its ending.

    Raises NetworkError if it cannot be read, ArgumentError if conventions are said of YAML.
    """
    changes, path = assignments(arguments.set), arguments.model
    if not path.suffix and not path.is_file():
        path = network_file(str(path))
    if path.suffix.lower() not in YAML:
        return read_nir(path, arguments.preset, changes)
    if changes or arguments.preset:
        raise ArgumentError("--preset and --set are for NIR files; a YAML file says all itself")
    spec = load_network(path)
    outputs = {population.name: population.name for population in output_populations(spec)}
    return NirModel(spec, outputs, (), ())
