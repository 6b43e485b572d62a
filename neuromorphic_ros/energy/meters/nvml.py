"""NVML, the library of NVIDIA's drivers for GPUs (package nvidia-ml-py, module pynvml)."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from neuromorphic_ros.energy.meter import MeterError, Reading


class Nvml:
    """Read the GPUs of this computer: boards of GPUs alone, not what hosts them.

    Power in mW; from Volta on a counter in mJ too, which starts with the driver (NVML API
    Reference, nvmlDeviceGetPowerUsage and nvmlDeviceGetTotalEnergyConsumption).
    """

    name = "nvml"

    def __init__(self, pynvml: Any) -> None:
        """Find the GPUs; raises MeterError if there is no driver, none or none that tells."""
        self._pynvml = pynvml
        try:
            pynvml.nvmlInit()
            self._devices = {
                f"gpu{index}": pynvml.nvmlDeviceGetHandleByIndex(index)
                for index in range(pynvml.nvmlDeviceGetCount())
            }
        except pynvml.NVMLError as missing:
            raise MeterError(f"no NVML: {missing}; it comes with NVIDIA's driver") from None
        if not self._devices:
            raise MeterError("no GPU that NVML knows")
        self.read(0)

    def read(self, stamp_ns: int) -> Reading:
        """Read every GPU; one that cannot be read, or not in one of the ways, is left out there."""
        power_w: dict[str, float] = {}
        energy_j: dict[str, float] = {}
        reason = ""
        for name, device in self._devices.items():
            try:
                power_w[name] = self._pynvml.nvmlDeviceGetPowerUsage(device) / 1e3
            except self._pynvml.NVMLError as unreadable:
                reason = f"power of {name} cannot be read by NVML: {unreadable}"
            try:
                energy_j[name] = self._pynvml.nvmlDeviceGetTotalEnergyConsumption(device) / 1e3
            except self._pynvml.NVMLError:
                continue
        if not power_w and not energy_j:
            raise MeterError(reason)
        return Reading(stamp_ns, power_w, energy_j, tuple(self._devices))


def open_nvml(root: Path) -> Nvml:
    """Open the library of this computer; raises MeterError if `root` is another's or it is missing.

    root: folder of the computer's files.
    """
    if root.resolve() != Path("/"):
        raise MeterError(f"no NVML under {root}: it reads this computer only, so root must be /")
    try:
        return Nvml(import_module("pynvml"))
    except ImportError:
        raise MeterError("no NVML: pip install nvidia-ml-py") from None
