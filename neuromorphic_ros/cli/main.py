"""The `neuromorphic` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from neuromorphic_ros.cli import (
    compress,
    convert,
    demo,
    encode,
    energy,
    evaluate,
    export,
    inspect_network,
    models,
    office,
    power,
    replay,
    report,
    run,
    show,
    simulate,
    top,
    train,
    up,
)
from neuromorphic_ros.errors import NeuromorphicError

SUBCOMMANDS = (
    compress,
    convert,
    demo,
    encode,
    energy,
    evaluate,
    export,
    inspect_network,
    models,
    office,
    power,
    replay,
    report,
    run,
    show,
    simulate,
    top,
    train,
    up,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; print errors as one line and return 2 for them."""
    parser = argparse.ArgumentParser(
        prog="neuromorphic", description="Spiking neural networks on robots."
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for subcommand in SUBCOMMANDS:
        subcommand.add_parser(subparsers)
    parsed = parser.parse_args(arguments)
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
