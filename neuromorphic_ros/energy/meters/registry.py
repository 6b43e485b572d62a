"""The meters by name, in the order in which they are looked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.energy.meter import Meter, MeterError
from neuromorphic_ros.energy.meters.battery import Battery
from neuromorphic_ros.energy.meters.ina3221 import Ina3221
from neuromorphic_ros.energy.meters.nvml import Nvml, open_nvml
from neuromorphic_ros.energy.meters.rapl import Rapl
from neuromorphic_ros.energy.meters.tegrastats import Tegrastats

AUTO, NONE = "auto", "none"
NOT_MEASURED = "not measured"

METERS: dict[str, Callable[[Path], Meter]] = {
    Ina3221.name: Ina3221,  # here: works, on file trees; on hardware: needs hardware
    Tegrastats.name: Tegrastats,  # here: works, on recorded lines; on hardware: needs hardware
    Rapl.name: Rapl,  # here: works, on file trees; on hardware: needs hardware
    Nvml.name: open_nvml,  # here: works, without a driver; on hardware: needs hardware
    Battery.name: Battery,  # here: works, on file trees; on hardware: needs hardware
}


class Found(NamedTuple):
    """A meter, or why there is none."""

    meter: Meter | None
    reason: str


def find_meter(name: str, root: Path) -> Found:
    """Find a meter by name; AUTO: the first that works; NONE: none.

    root: folder of the computer's files. Raises MeterError if the named one is unknown or does not
    work.
    """
    if name == NONE:
        return Found(None, f"{NOT_MEASURED}: no meter is wanted")
    if name != AUTO:
        if name not in METERS:
            known = ", ".join((AUTO, NONE, *METERS))
            raise MeterError(f"meter '{name}' is unknown; there are {known}")
        return Found(METERS[name](root), "")
    reasons = []
    for make in METERS.values():
        try:
            return Found(make(root), "")
        except MeterError as missing:
            reasons.append(str(missing))
    return Found(None, f"{NOT_MEASURED}: {'; '.join(reasons)}")
