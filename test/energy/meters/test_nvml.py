"""GPUs by NVML: the real module without a driver, and what drivers answer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from neuromorphic_ros.energy.meter import MeterError
from neuromorphic_ros.energy.meters.nvml import Nvml, open_nvml


class Refused(Exception):
    """What a driver does not do."""


class Driver:
    """The functions of pynvml that are used; power in mW and energy in mJ by GPU, None refused."""

    NVMLError = Refused

    def __init__(self, power_mw: list[int | None], energy_mj: list[int | None]) -> None:
        self.power_mw, self.energy_mj = power_mw, energy_mj

    def nvmlInit(self) -> None: ...

    def nvmlDeviceGetCount(self) -> int:
        return len(self.power_mw)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetPowerUsage(self, device: int) -> int:
        return self._answer(self.power_mw[device])

    def nvmlDeviceGetTotalEnergyConsumption(self, device: int) -> int:
        return self._answer(self.energy_mj[device])

    @staticmethod
    def _answer(number: int | None) -> int:
        if number is None:
            raise Refused("Not Supported")
        return number


def test_power_and_energy_of_all_gpus_are_read() -> None:
    reading = Nvml(Driver([30_500, 20_000], [7_000, None])).read(3)
    assert reading.power_w == {"gpu0": 30.5, "gpu1": 20.0}
    assert reading.energy_j == {"gpu0": 7.0}
    assert (reading.stamp_ns, reading.total, reading.total_w) == (3, ("gpu0", "gpu1"), 50.5)


def test_a_gpu_that_is_lost_makes_the_total_unknown() -> None:
    driver = Driver([30_500, 20_000], [None, None])
    meter = Nvml(driver)
    driver.power_mw[1] = None
    reading = meter.read(0)
    assert reading.power_w == {"gpu0": 30.5}
    assert reading.total_w is None
    driver.power_mw[0] = None
    with pytest.raises(MeterError, match=r"power of gpu1 cannot be read by NVML: Not Supported"):
        meter.read(0)


def test_without_a_gpu_that_tells_there_is_no_meter() -> None:
    with pytest.raises(MeterError, match="no GPU"):
        Nvml(Driver([], []))
    with pytest.raises(MeterError, match="gpu0 cannot be read"):
        Nvml(Driver([None], [None]))


def test_without_a_driver_the_real_module_is_told_about() -> None:
    pynvml = pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError_LibraryNotFound:
        with pytest.raises(MeterError, match=r"no NVML: .*NVIDIA's driver"):
            Nvml(pynvml)
        with pytest.raises(MeterError, match=r"no NVML: .*NVIDIA's driver"):
            open_nvml(Path("/"))
    else:
        pytest.skip("this computer has NVIDIA's driver")


def test_without_the_module_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # None is how Python keeps a module from being imported.
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(MeterError, match="pip install nvidia-ml-py"):
        open_nvml(Path("/"))


def test_it_does_not_read_another_computer(tmp_path: Path) -> None:
    with pytest.raises(MeterError, match=f"no NVML under {tmp_path}"):
        open_nvml(tmp_path)
