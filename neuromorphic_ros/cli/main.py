"""The `neuromorphic` command."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from neuromorphic_ros.errors import NeuromorphicError

# Module by name of the command. Only that of the command that is asked for is imported: some take
# a second to.
COMMANDS = {
    "compress": "compress",
    "convert": "convert",
    "demo": "demo",
    "encode": "encode",
    "energy": "energy",
    "evaluate": "evaluate",
    "export": "export",
    "inspect": "inspect_network",
    "models": "models",
    "office": "office",
    "power": "power",
    "replay": "replay",
    "report": "report",
    "run": "run",
    "show": "show",
    "simulate": "simulate",
    "top": "top",
    "train": "train",
    "up": "up",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; print errors as one line and return 2 for them."""
    parser = argparse.ArgumentParser(
        prog="neuromorphic", description="Spiking neural networks on robots."
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    given = sys.argv[1:] if arguments is None else arguments
    for name in given[:1] if given and given[0] in COMMANDS else COMMANDS:
        module = importlib.import_module(f"neuromorphic_ros.cli.{COMMANDS[name]}")
        module.add_parser(subparsers)
    parsed = parser.parse_args(given)
    try:
        return int(parsed.run(parsed))
    except NeuromorphicError as error:
        print(f"neuromorphic: {_printable(str(error))}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return 130


def _printable(text: str) -> str:
    # A file of a stranger may be quoted, and control characters would reach the terminal.
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


if __name__ == "__main__":
    sys.exit(main())
