"""Numbers in words that people read, and that never pretend to know."""

from __future__ import annotations

import math

NOT_MEASURED = "not measured"
_ENERGY_UNITS = ("pJ", "nJ", "µJ", "mJ", "J", "kJ")
_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def number(value: float, unit: str = "", digits: int = 3) -> str:
    """Return a figure with its unit; NaN in words."""
    if math.isnan(value):
        return NOT_MEASURED
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"
    return f"{text} {unit}".rstrip()


def count(value: int) -> str:
    """Return a whole number with separators."""
    return f"{value:,}"


def byte_size(size: int) -> str:
    """Return a memory in the decimal unit that fits."""
    power = min(len(_BYTE_UNITS) - 1, int(math.log10(max(1, size)) // 3))
    return f"{size / 1000**power:.3g} {_BYTE_UNITS[power]}"


def energy(picojoules: float) -> str:
    """Return an energy in the unit that fits; NaN in words."""
    if math.isnan(picojoules):
        return NOT_MEASURED
    power = 0
    if picojoules >= 1.0:
        power = min(len(_ENERGY_UNITS) - 1, int(math.log10(picojoules) // 3))
    return f"{picojoules / 1000**power:.3g} {_ENERGY_UNITS[power]}"
