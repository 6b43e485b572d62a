"""Print the rows of a benchmark as a table, with --markdown as one of Markdown, or as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Any

Row = dict[str, Any]


def main(description: str | None, measure: Callable[[], Sequence[Row]]) -> None:
    """Measure and print, as the command line asks."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--markdown", action="store_true", help="print the table as the docs have it"
    )
    arguments = parser.parse_args()
    rows = measure()
    if arguments.json:
        print(json.dumps(rows))
    else:
        print(markdown(rows) if arguments.markdown else table(rows))


def table(rows: Sequence[Row]) -> str:
    """Return rows of equal keys as a table with a header."""
    if not rows:
        return "nothing was measured"
    lines = [list(rows[0]), *([_shown(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown(rows: Sequence[Row]) -> str:
    """Return rows of equal keys as a table of Markdown."""
    lines = [list(rows[0]), ["---"] * len(rows[0])] if rows else []
    lines += [[_shown(value) for value in row.values()] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
