"""`neuromorphic inspect NETWORK --hardware`: what becomes of a network on each kind of hardware."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence

from neuromorphic_ros.backends.registry import BACKENDS, backend
from neuromorphic_ros.pipeline.hardware_survey import Survey, document, survey
from neuromorphic_ros.snn.spec import NetworkSpec

ALL = "all"
HEADINGS = (
    "backend",
    "here",
    "on hardware",
    "fits",
    "cores",
    "bits",
    "weight error",
    "pJ per tick",
    "latency ms",
)


def run(spec: NetworkSpec, arguments: argparse.Namespace) -> int:
    """Print what becomes of a network; raises BackendError if a backend is unknown."""
    names = list(BACKENDS) if arguments.hardware == ALL else arguments.hardware.split(",")
    found = [survey(spec, each) for each in map(backend, names)]
    if arguments.json:
        print(json.dumps({each.backend.name: document(each) for each in found}, allow_nan=False))
        return 0
    for line in lines(found):
        print(line)
    return 0


def lines(found: Sequence[Survey]) -> Iterator[str]:
    """Yield a table, and why what does not fit does not."""
    rows = [HEADINGS, *map(_row, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    for each in found:
        for reason in each.fit.reasons:
            yield f"{each.backend.name}: {reason}"
        if each.fit.fits and each.not_run:
            yield f"{each.backend.name}: not run: {each.not_run}"


def _row(found: Survey) -> tuple[str, ...]:
    fit = found.fit
    mapped = fit.cores > 0
    return (
        found.backend.name,
        found.backend.here,
        found.backend.on_hardware,
        "yes" if fit.fits else "no",
        f"{fit.cores} of {fit.cores_available}" if mapped else "-",
        str(fit.weight_bits) if fit.weight_bits else "-",
        _number(fit.weight_error, ".2%"),
        _bound(found) + _number(found.energy_pj_per_tick, ",.0f"),
        f"{found.latency_ms:g}" if fit.fits else "-",
    )


def _bound(found: Survey) -> str:
    return "at least " if found.priced and found.priced.lower_bound else ""


def _number(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form)
