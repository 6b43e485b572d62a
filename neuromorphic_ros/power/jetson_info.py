"""What a computer is made of: model, memory, CPU, GPU, frequencies."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import NamedTuple

from neuromorphic_ros.power.board_file import folders, read_number, read_text
from neuromorphic_ros.power.nvpmodel import PowerModeError, has_modes, read_mode, read_modes

TREE = "proc/device-tree"
RELEASE = "etc/nv_tegra_release"
CPUS = "sys/devices/system/cpu"

MOST_PROC_BYTES = 1_000_000

# CUDA cores by what the device tree calls the module or the board, the first that is found. The
# part numbers tell apart modules that share a name: a Jetson AGX Orin of 32 GB has 1792 cores, its
# developer kit of 32 GB 2048, and an Orin Nano has 512 or 1024.
# Cores: NVIDIA's data sheets of the modules, of Nano DA-09433, of Orin Nano DS-11105. Part numbers:
# NVIDIA Jetson Linux Developer Guide, Jetson EEPROM Layout, and the names of the device trees of
# Jetson Linux.
GPU_CORES = (
    ("p3834-0008", 2560),  # Thor T5000
    ("p3834-0000", 1536),  # Thor T4000
    ("p3767-0004", 512),  # Orin Nano 4 GB
    ("p3767", 1024),  # Orin NX and Orin Nano 8 GB
    ("p3701-0004", 1792),  # AGX Orin 32 GB
    ("p3701", 2048),  # AGX Orin
    ("p3668", 384),  # Xavier NX
    ("p2972", 512),  # AGX Xavier
    ("p2888", 512),
    ("p3489", 256),  # TX2
    ("p3310", 256),
    ("p3636", 256),  # TX2 NX
    ("p2771", 256),
    ("p2371-2180", 256),  # TX1
    ("p3448", 128),  # Nano
    ("p3450", 128),
    ("orin nx", 1024),
    ("xavier nx", 384),
    ("jetson-agx", 512),
    ("jetson agx xavier", 512),
    ("jetson tx2", 256),
    ("jetson nano", 128),
)
# Devices of the GPUs of Tegra X1, X2, Xavier, Orin and Thor, and where the kernels of Jetson Linux
# show them.
_GPU = re.compile(r"([0-9a-f]+\.)?(gpu|gp10b|gv11b|ga10b|gpu-gpc-0)")
_DEVICES = ("sys/class/devfreq/*", "sys/devices/*/devfreq/*", "sys/devices/platform/*/devfreq/*")


class JetsonInfo(NamedTuple):
    """A computer; what it does not say is empty, 0 or NaN.

    model: as the board or, without a device tree, the CPU calls itself. l4t: release of Jetson
    Linux, e.g. 36.4.3; empty: no Jetson. cores_mhz: by number of the online cores [MHz].
    gpu_cores: CUDA cores; 0: unknown. power_mode: in force; empty: unknown or none.
    problem: why the power modes cannot be read.
    """

    model: str
    l4t: str
    memory_bytes: int
    free_bytes: int
    cores: int
    cores_mhz: dict[int, float]
    gpu_cores: int
    gpu_mhz: float
    gpu_max_mhz: float
    power_modes: tuple[str, ...]
    power_mode: str
    problem: str

    @property
    def is_jetson(self) -> bool:
        """Tell whether it is one of NVIDIA's Jetsons."""
        return bool(self.l4t) or "jetson" in self.model.lower() or self.gpu_cores > 0


def read_jetson_info(root: Path) -> JetsonInfo:
    """Read what a computer tells of itself; root: folder of its files."""
    model = read_text(root / TREE / "model")
    parts = f"{read_text(root / TREE / 'compatible')} {model}".lower()
    memory = _memory(root)
    online = _numbers(read_text(root / CPUS / "online"))
    gpu = _gpu(root)
    modes, mode, problem = _power_modes(root)
    return JetsonInfo(
        model=model or _cpu_model(root),
        l4t=_release(read_text(root / RELEASE)),
        memory_bytes=memory.get("MemTotal", 0),
        free_bytes=memory.get("MemAvailable", memory.get("MemFree", 0)),
        cores=len(_numbers(read_text(root / CPUS / "present"))) or len(online),
        cores_mhz={core: _core_mhz(root, core) for core in online},
        gpu_cores=next((cores for part, cores in GPU_CORES if part in parts), 0),
        gpu_mhz=read_number(gpu / "cur_freq") / 1e6 if gpu else math.nan,
        gpu_max_mhz=read_number(gpu / "max_freq") / 1e6 if gpu else math.nan,
        power_modes=modes,
        power_mode=mode,
        problem=problem,
    )


def _release(text: str) -> str:
    """Return e.g. 32.7.1 of `# R32 (release), REVISION: 7.1, GCID: …`."""
    found = re.search(r"R(\d+) \(release\), REVISION: ([\d.]+)", text)
    return f"{found[1]}.{found[2]}" if found else ""


def _memory(root: Path) -> dict[str, int]:
    lines = re.findall(r"^(\w+):\s+(\d+) kB$", read_text(root / "proc/meminfo"), re.MULTILINE)
    return {name: int(size) * 1024 for name, size in lines}


def _cpu_model(root: Path) -> str:
    text = read_text(root / "proc/cpuinfo", MOST_PROC_BYTES)
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def _numbers(text: str) -> list[int]:
    """Return the numbers of a list of the kernel such as `0-3,5`; nothing of one with rubbish."""
    numbers: set[int] = set()
    for part in text.split(","):
        span = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", part.strip())
        if span is None:
            return []
        numbers.update(range(int(span[1]), int(span[2] or span[1]) + 1))
    return sorted(numbers)


def _core_mhz(root: Path, core: int) -> float:
    return read_number(root / CPUS / f"cpu{core}" / "cpufreq" / "scaling_cur_freq") / 1e3


def _gpu(root: Path) -> Path | None:
    devices = (device for pattern in _DEVICES for device in folders(root, pattern))
    return next((device for device in devices if _GPU.fullmatch(device.name)), None)


def _power_modes(root: Path) -> tuple[tuple[str, ...], str, str]:
    if not has_modes(root):
        return (), "", ""
    try:
        modes = read_modes(root)
    except PowerModeError as unreadable:
        return (), "", str(unreadable)
    names = tuple(mode.name for mode in modes)
    try:
        return names, read_mode(root, modes).name, ""
    except PowerModeError as unreadable:
        return names, "", str(unreadable)
