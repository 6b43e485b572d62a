"""What a user may say of a NIR file that it does not say itself."""

from __future__ import annotations

import argparse

from neuromorphic_ros.snn.nir.conventions import PRESETS


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
