"""`neuromorphic inspect --hardware`: what this computer is made of, in text or JSON."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuromorphic_ros.cli.assignments import ArgumentError
from neuromorphic_ros.power.battery import Battery, read_battery
from neuromorphic_ros.power.jetson_info import JetsonInfo, read_jetson_info
from neuromorphic_ros.power.temperature import Temperature, thermal_zones
from neuromorphic_ros.report.words import byte_size

UNKNOWN = "unknown"
THIS = ""
"""What `--hardware` alone asks for."""


def add_hardware_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --hardware and --root."""
    parser.add_argument(
        "--hardware",
        nargs="?",
        const=THIS,
        metavar="BACKENDS",
        help="show what becomes of the network on these, joined by commas, or on all; without a "
        "network: show this computer",
    )
    parser.add_argument(
        "--root",
        type=Path,
        default=Path("/"),
        help="with --hardware: folder of the files of another computer (default: /)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what the computer is made of; raises ArgumentError if its folder is none."""
    root: Path = arguments.root
    if not root.is_dir():
        raise ArgumentError(f"--root {root} is no folder")
    info, zones, battery = read_jetson_info(root), thermal_zones(root), read_battery(root)
    if arguments.json:
        print(json.dumps(_document(info, zones, battery)))
        return 0
    for name, value in _rows(info, zones, battery):
        print(f"{name:<12}  {value}")
    return 0


def _document(info: JetsonInfo, zones: list[Temperature], battery: Battery) -> dict[str, Any]:
    """Return everything; what is unknown is null."""
    return {
        "jetson": info.is_jetson,
        "model": info.model or None,
        "l4t": info.l4t or None,
        "memory_bytes": info.memory_bytes or None,
        "free_bytes": info.free_bytes or None,
        "cores": info.cores or None,
        "cores_mhz": {core: _known(mhz) for core, mhz in info.cores_mhz.items()},
        "gpu_cores": info.gpu_cores or None,
        "gpu_mhz": _known(info.gpu_mhz),
        "gpu_max_mhz": _known(info.gpu_max_mhz),
        "power_modes": info.power_modes,
        "power_mode": info.power_mode or None,
        "problem": info.problem or None,
        "temperatures_c": {zone.zone: zone.celsius for zone in zones},
        "battery": _known(battery.charge),
        "charging": battery.charging,
    }


def _rows(
    info: JetsonInfo, zones: list[Temperature], battery: Battery
) -> Iterator[tuple[str, str]]:
    yield "model", info.model or UNKNOWN
    yield "Jetson Linux", info.l4t or (UNKNOWN if info.is_jetson else "no Jetson")
    memory = f"{byte_size(info.memory_bytes)}, {byte_size(info.free_bytes)} free"
    yield "memory", memory if info.memory_bytes else UNKNOWN
    yield "CPU", ", ".join(_cpu(info)) if info.cores else UNKNOWN
    if info.is_jetson:
        yield "GPU", ", ".join(_gpu(info))
    if info.power_modes:
        yield "power modes", f"{', '.join(info.power_modes)}; now {info.power_mode or UNKNOWN}"
    else:
        yield "power modes", "none"
    if info.problem:
        yield "problem", info.problem
    shown = (f"{zone.zone} {zone.celsius:.1f}" for zone in zones)
    yield "temperatures", f"{', '.join(shown)} degC" if zones else UNKNOWN
    if math.isnan(battery.charge):
        yield "battery", "none"
    else:
        yield "battery", f"{battery.charge:.0%}{', charging' if battery.charging else ''}"


def _cpu(info: JetsonInfo) -> Iterator[str]:
    yield f"{info.cores} cores"
    if len(info.cores_mhz) < info.cores:
        yield f"{len(info.cores_mhz)} online"
    if known := [mhz for mhz in info.cores_mhz.values() if not math.isnan(mhz)]:
        low, high = min(known), max(known)
        yield f"{low:.0f} MHz" if low == high else f"{low:.0f} to {high:.0f} MHz"


def _gpu(info: JetsonInfo) -> Iterator[str]:
    yield f"{info.gpu_cores} cores" if info.gpu_cores else "number of cores unknown"
    if not math.isnan(info.gpu_mhz):
        limit = "" if math.isnan(info.gpu_max_mhz) else f" of {info.gpu_max_mhz:.0f}"
        yield f"{info.gpu_mhz:.0f}{limit} MHz"


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
