"""Files of computers, as their drivers show them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

NANO = "sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0"
ORIN = "sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon3"
POWERCAP = "sys/class/powercap"
SUPPLY = "sys/class/power_supply/BAT0"


def write(root: Path, folder: str, files: Mapping[str, object]) -> Path:
    """Write files of one line; return their folder."""
    for name, content in files.items():
        path = root / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    return root / folder


def nano(root: Path) -> Path:
    """A Jetson Nano that draws 2.5 W in total."""
    rails = {"POM_5V_IN": 2500, "POM_5V_GPU": 120, "POM_5V_CPU": 800}
    files: dict[str, object] = {}
    for number, (rail, milliwatts) in enumerate(rails.items()):
        files |= {f"rail_name_{number}": rail, f"in_power{number}_input": milliwatts}
    return write(root, NANO, files)


def orin(root: Path, *, whole: bool = True) -> Path:
    """A Jetson Orin; whole: it has the rail of the whole board, 5 V and 1.2 A."""
    rails = ["VDD_IN" if whole else "VDD_GPU_SOC", "VDD_CPU_CV", "NC"]
    files: dict[str, object] = {"in7_label": "sum of shunt voltages", "in7_input": 9}
    for number, rail in enumerate(rails, 1):
        files |= {
            f"in{number}_label": rail,
            f"in{number}_input": 5000,
            f"curr{number}_input": 1200 // number,
        }
    return write(root, ORIN, files)


def rapl(root: Path, energy_uj: float = 5_000_000.0, package: int = 0) -> Path:
    """A processor with one part."""
    content = {"name": f"package-{package}", "energy_uj": round(energy_uj)}
    limit = {"max_energy_range_uj": 262_143_328_850}
    write(root, f"{POWERCAP}/intel-rapl:{package}:0", {**content, **limit, "name": "core"})
    return write(root, f"{POWERCAP}/intel-rapl:{package}", {**content, **limit})
