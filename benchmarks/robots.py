"""Measure the robots that work: navigation, balance and braking, each beside a classical way.

Worlds, episodes and approaches are drawn from the seed; figures of other hardware, pictures and
what was recorded are in the benchmark of each task (navigation, balance, looming).
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from typing import Any

import balance
import looming
import navigation
from reporting import Row, table

# By name in the result; each takes how many there are to be, and the seed of the first.
TASKS = {
    "navigate": navigation.measure,
    "balance": balance.measure,
    "looming": looming.measure,
}


def rows(found: dict[str, Any]) -> Iterator[Row]:
    """Yield one row for each figure of a task, of ours and of the baseline where it has both."""
    for task, figures in found.items():
        baseline = figures.get("baseline") or {}
        for name, value in figures.get("ours", figures).items():
            if name != "baseline":
                yield {
                    "task": task,
                    "figure": name,
                    "ours": value,
                    "baseline": baseline.get(name, ""),
                }


def known(value: Any) -> Any:
    """Return figures with None for each that is NaN, of which JSON knows nothing."""
    if isinstance(value, dict):
        return {name: known(item) for name, item in value.items()}
    if isinstance(value, list):
        return [known(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--worlds", type=int, default=100, help="worlds, episodes and approaches (default: 100)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the first of each (default: 0)")
    parser.add_argument("--task", choices=tuple(TASKS), help="only this one")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    if arguments.worlds < 1 or arguments.seed < 0:
        parser.error("it needs a world at least, and seeds from 0 on")
    wanted = [arguments.task] if arguments.task else list(TASKS)
    found = {task: TASKS[task](arguments.worlds, arguments.seed) for task in wanted}
    print(json.dumps(known(found)) if arguments.json else table(list(rows(found))))


if __name__ == "__main__":
    main()
