"""Boards as trees of files, with programs that do what those of the vendor do to these files.

The structure of the files is that of Jetson Linux 32 (Nano) and 36 (Orin Nano), cut short.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

NANO_MODES = """\
# < POWER_MODEL ID=id_num NAME=mode_name >
# This starts a section of POWER_MODEL configurations
< PARAM TYPE=FILE NAME=CPU_ONLINE >
CORE_0 /sys/devices/system/cpu/cpu0/online

< PARAM TYPE=CLOCK NAME=CPU_A57 >
MAX_FREQ /sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq

# MAXN is the NONE power model to release all constraints
< POWER_MODEL ID=0 NAME=MAXN >
CPU_ONLINE CORE_0 1
CPU_ONLINE CORE_1 1
CPU_ONLINE CORE_2 1
CPU_ONLINE CORE_3 1
CPU_A57 MIN_FREQ  0
CPU_A57 MAX_FREQ -1
GPU MAX_FREQ -1
EMC MAX_FREQ 0

< POWER_MODEL ID=1 NAME=5W >
CPU_ONLINE CORE_0 1
CPU_ONLINE CORE_1 1
CPU_ONLINE CORE_2 0
CPU_ONLINE CORE_3 0
CPU_A57 MIN_FREQ  0
CPU_A57 MAX_FREQ 918000
GPU MAX_FREQ 640000000
EMC MAX_FREQ 1600000000

# mandatory section to configure the default mode
< PM_CONFIG DEFAULT=0 >
"""

# The largest mode has neither the lowest nor the highest number.
ORIN_NANO_MODES = """\
< POWER_MODEL ID=0 NAME=15W >
CPU_ONLINE CORE_0 1
CPU_ONLINE CORE_1 1
CPU_A78_0 MAX_FREQ 1510400
CPU_A78_1 MAX_FREQ 1510400

< POWER_MODEL ID=1 NAME=25W >
CPU_ONLINE CORE_0 1
CPU_ONLINE CORE_1 1
CPU_A78_0 MAX_FREQ 1344000
CPU_A78_1 MAX_FREQ 1344000

< POWER_MODEL ID=2 NAME=MAXN_SUPER >
CPU_ONLINE CORE_0 1
CPU_ONLINE CORE_1 1
CPU_A78_0 MAX_FREQ -1
CPU_A78_1 MAX_FREQ -1

< POWER_MODEL ID=3 NAME=7W >
CPU_ONLINE CORE_0 1
CPU_ONLINE CORE_1 0
CPU_A78_0 MAX_FREQ 960000

< PM_CONFIG DEFAULT=1 >
< FAN_CONFIG DEFAULT=quiet >
"""

MEMORY = """\
MemTotal:        4051172 kB
MemFree:          245100 kB
MemAvailable:    2618872 kB
Buffers:           91836 kB
"""

# Of a Jetson Nano at rest: the one of the power chip shows 100 degC, always.
NANO_ZONES = {
    "AO-therm": 41500,
    "CPU-therm": 34000,
    "GPU-therm": 31000,
    "PLL-therm": 31500,
    "PMIC-Die": 100000,
    "thermal-fan-est": 33000,
}

NVPMODEL = """\
#!/bin/sh
root=$(dirname "$0")/../..
echo "nvpmodel $*" >> "$root/calls"
printf 'pmode:%04d fmode:quiet\\n' "$2" > "$root/var/lib/nvpmodel/status"
"""

JETSON_CLOCKS = """\
#!/bin/sh
root=$(dirname "$0")/../..
echo "jetson_clocks $1" >> "$root/calls"
case "$1" in
--store)
    if [ -e "$2" ]; then
        echo "File $2 already exists. Can I overwrite it? Y/N:"
        read answer || exit 1
    fi
    echo "min_freq:0" > "$2" ;;
--restore)
    [ -e "$2" ] || { echo "Error: $2 file not found !"; exit 1; } ;;
esac
"""


def write_files(root: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder and return it."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def write_program(root: Path, name: str, script: str) -> Path:
    """Write an executable script and return its path."""
    write_files(root, {name: script})
    (root / name).chmod(0o755)
    return root / name


def write_zones(root: Path, millidegrees: Mapping[str, object]) -> None:
    """Write thermal zones by type [thousandth of a degC]."""
    for number, (kind, value) in enumerate(millidegrees.items()):
        zone = f"sys/class/thermal/thermal_zone{number}"
        write_files(root, {f"{zone}/type": f"{kind}\n", f"{zone}/temp": f"{value}\n"})


def nano(root: Path) -> Path:
    """Make a Jetson Nano in mode MAXN and return the folder."""
    write_files(
        root,
        {
            "etc/nvpmodel.conf": NANO_MODES,
            "var/lib/nvpmodel/status": "pmode:0000\n",
            "etc/nv_tegra_release": "# R32 (release), REVISION: 7.1, GCID: 29818004, BOARD: "
            "t210ref, EABI: aarch64, DATE: Sat Feb 19 17:05:08 UTC 2022\n",
            "proc/device-tree/model": "NVIDIA Jetson Nano Developer Kit\0",
            "proc/device-tree/compatible": "nvidia,p3450-0000\0nvidia,tegra210\0",
            "proc/meminfo": MEMORY,
            "sys/devices/system/cpu/present": "0-3\n",
            "sys/devices/system/cpu/online": "0-1,3\n",
            "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1479000\n",
            "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "102000\n",
            "sys/class/devfreq/57000000.gpu/cur_freq": "76800000\n",
            "sys/class/devfreq/57000000.gpu/max_freq": "921600000\n",
            "run/empty": "",
        },
    )
    write_zones(root, NANO_ZONES)
    write_program(root, "usr/sbin/nvpmodel", NVPMODEL)
    write_program(root, "usr/bin/jetson_clocks", JETSON_CLOCKS)
    return root


def orin_nano(root: Path) -> Path:
    """Make a Jetson Orin Nano in mode 25W, as its developer kit is delivered."""
    nano(root)
    (root / "sys/class/devfreq/57000000.gpu/cur_freq").unlink()
    (root / "sys/class/devfreq/57000000.gpu/max_freq").unlink()
    (root / "sys/class/devfreq/57000000.gpu").rmdir()
    return write_files(
        root,
        {
            "etc/nvpmodel.conf": ORIN_NANO_MODES,
            "var/lib/nvpmodel/status": "pmode:0001 fmode:quiet\n",
            "etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: "
            "generic, EABI: aarch64, DATE: Wed Jan  8 01:49:37 UTC 2025\n",
            "proc/device-tree/model": "NVIDIA Jetson Orin Nano Engineering Reference Developer "
            "Kit Super\0",
            "proc/device-tree/compatible": "nvidia,p3768-0000+p3767-0005-super\0"
            "nvidia,p3767-0005\0nvidia,tegra234\0",
            "sys/class/devfreq/17000000.gpu/cur_freq": "306000000\n",
            "sys/class/devfreq/17000000.gpu/max_freq": "1020000000\n",
        },
    )


def calls(root: Path) -> list[str]:
    """Return what the programs of a board were called with, oldest first."""
    log = root / "calls"
    return log.read_text().splitlines() if log.exists() else []
