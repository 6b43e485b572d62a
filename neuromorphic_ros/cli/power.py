"""`neuromorphic power`: what the governor decides, in words, JSON or a picture."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from neuromorphic_ros.cli.assignments import ArgumentError, assignments
from neuromorphic_ros.cli.inspect_network import FIGURES
from neuromorphic_ros.pipeline.tuning import Tunable, tune
from neuromorphic_ros.report.html import write_file
from neuromorphic_ros.report.power_figure import policy_figure
from neuromorphic_ros.report.power_policy import (
    MODE_WORDS,
    Case,
    Moment,
    Policy,
    cases,
    changes,
    duration_s,
    made_up_run,
)


def add_parser(subparsers: Any) -> None:
    """Add the `power` subcommand."""
    parser = subparsers.add_parser(
        "power",
        help="show what the governor decides",
        description="Print the power mode and the quality that the governor decides on by "
        "situation, and draw them by battery and temperature and over a made-up run.",
    )
    parser.add_argument("--figure", type=Path, help="write a picture here, .png or .svg")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SET.FIELD=VALUE",
        help="parameter, e.g. governor.battery_low=0.3 or sleep.after_s=2; may be repeated",
    )
    parser.add_argument("--json", action="store_true", help="print the made-up run as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask the governor and print.

    Raises NeuromorphicError if a parameter is refused or the picture cannot be written.
    """
    figure: Path | None = arguments.figure
    if figure and figure.suffix not in FIGURES:
        raise ArgumentError(f"--figure {figure} must end in {' or '.join(FIGURES)}")
    policy = _policy(arguments.set)
    if figure:
        write_file(FIGURES[figure.suffix](lambda: policy_figure(policy)), figure)
    if arguments.json:
        print(json.dumps(document(policy)))
        return 0
    for line in lines(policy):
        print(line)
    return 0


def document(policy: Policy) -> dict[str, Any]:
    """Return the parameters and, at each change of a decision, what was known and decided."""
    return {
        "governor": dataclasses.asdict(policy.governor),
        "sleep": dataclasses.asdict(policy.sleep),
        "duration_s": duration_s(policy),
        "decisions": [_moment(moment) for moment in changes(made_up_run(policy))],
    }


def lines(policy: Policy) -> Iterator[str]:
    """Yield a table of situations with what is decided and why."""
    rows = [("situation", "power mode", "quality", "why"), *map(_row, cases(policy))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    governor = policy.governor
    yield (
        f"Better: {governor.min_dwell_s:g} s after the last change, "
        f"{governor.battery_hysteresis:.0%} of charge above a threshold, "
        f"{governor.throttle_hysteresis_c:g} degC below it."
    )


def _policy(texts: list[str]) -> Policy:
    owner = SimpleNamespace(**Policy()._asdict())
    tune({name: Tunable(owner, name) for name in Policy._fields}, assignments(texts))
    return Policy(**vars(owner))


def _row(case: Case) -> tuple[str, ...]:
    decided = case.decision
    marks = [word for word in ("throttled", "asleep") if getattr(decided, word)]
    quality = ", ".join([decided.quality.name.lower(), *marks])
    return case.words, MODE_WORDS[decided.level], quality, decided.reason


def _moment(moment: Moment) -> dict[str, Any]:
    known = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in moment.situation._asdict().items()
    }
    decided = moment.decision._asdict() | {
        "level": moment.decision.level.name.lower(),
        "quality": moment.decision.quality.name.lower(),
    }
    return {"at_s": moment.at_s, **known, **decided}
