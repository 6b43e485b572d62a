"""Print the rows of a benchmark as a table, or as JSON with --json."""

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
    as_json = parser.parse_args().json
    rows = measure()
    print(json.dumps(rows) if as_json else table(rows))


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


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
