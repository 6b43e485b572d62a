"""What boards tell of themselves."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from boards import nano, orin_nano, write_files
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.power.jetson_info import read_jetson_info


def test_a_nano(tmp_path: Path) -> None:
    info = read_jetson_info(nano(tmp_path))
    assert info.is_jetson
    assert info.model == "NVIDIA Jetson Nano Developer Kit"
    assert info.l4t == "32.7.1"
    assert info.memory_bytes == 4_051_172 * 1024
    assert info.free_bytes == 2_618_872 * 1024
    assert info.cores == 4
    assert info.cores_mhz == pytest.approx({0: 1479.0, 1: 102.0, 3: math.nan}, nan_ok=True)
    assert info.gpu_cores == 128
    assert (info.gpu_mhz, info.gpu_max_mhz) == pytest.approx((76.8, 921.6))
    assert info.power_modes == ("MAXN", "5W")
    assert info.power_mode == "MAXN"
    assert info.problem == ""


def test_an_orin_nano(tmp_path: Path) -> None:
    info = read_jetson_info(orin_nano(tmp_path))
    assert info.l4t == "36.4.3"
    assert info.gpu_cores == 1024
    assert (info.gpu_mhz, info.gpu_max_mhz) == (306.0, 1020.0)
    assert info.power_mode == "25W"


@pytest.mark.parametrize(
    ("compatible", "cores"),
    [
        ("nvidia,p4071-0000+p3834-0008\0nvidia,p3834-0008\0nvidia,tegra264", 2560),
        ("nvidia,p4071-0000+p3834-0000\0nvidia,p3834-0000\0nvidia,tegra264", 1536),
        ("nvidia,p3768-0000+p3767-0004\0nvidia,p3767-0004\0nvidia,tegra234", 512),
        ("nvidia,p3768-0000+p3767-0000\0nvidia,p3767-0000\0nvidia,tegra234", 1024),
        ("nvidia,p3737-0000+p3701-0000\0nvidia,tegra234", 2048),
        ("nvidia,p3737-0000+p3701-0004\0nvidia,tegra234", 1792),
        ("nvidia,p3509-0000+p3668-0000\0nvidia,tegra194", 384),
        ("nvidia,p2972-0000\0nvidia,tegra194", 512),
        ("nvidia,p3509-0000+p3636-0001\0nvidia,p3636-0001\0nvidia,tegra186", 256),
        ("nvidia,p2771-0000\0nvidia,tegra186", 256),
        ("nvidia,p2371-2180\0nvidia,tegra210", 256),
        ("nvidia,p3450-0000\0nvidia,p3448-0000\0nvidia,tegra210", 128),
        ("acme,carrier", 0),
    ],
)
def test_modules_are_told_apart_by_their_part_numbers(
    compatible: str, cores: int, tmp_path: Path
) -> None:
    write_files(tmp_path, {"proc/device-tree/compatible": compatible})
    assert read_jetson_info(tmp_path).gpu_cores == cores


@pytest.mark.parametrize(
    "folder", ["sys/devices/gpu.0/devfreq/57000000.gpu", "sys/class/devfreq/17000000.ga10b"]
)
def test_the_gpu_is_found_where_older_kernels_show_it(folder: str, tmp_path: Path) -> None:
    write_files(
        tmp_path, {f"{folder}/cur_freq": "921600000", "sys/class/devfreq/bwmgr/cur_freq": "1"}
    )
    assert read_jetson_info(tmp_path).gpu_mhz == pytest.approx(921.6)


def test_a_computer_that_is_no_jetson_tells_what_it_has(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "proc/cpuinfo": "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n\nprocessor\t: 1\n",
            "sys/devices/system/cpu/present": "0-1\n",
            "sys/devices/system/cpu/online": "0-1\n",
        },
    )
    info = read_jetson_info(tmp_path)
    assert not info.is_jetson
    assert (info.model, info.cores, info.gpu_cores) == ("Some CPU @ 2 GHz", 2, 0)
    assert info.power_modes == ()
    assert info.problem == ""


def test_this_machine_is_read() -> None:
    info = read_jetson_info(Path("/"))
    assert info.memory_bytes > info.free_bytes > 0
    assert info.cores >= len(info.cores_mhz) > 0


def test_power_modes_that_cannot_be_read_are_a_problem_and_no_more(tmp_path: Path) -> None:
    write_files(nano(tmp_path), {"var/lib/nvpmodel/status": "rubbish"})
    info = read_jetson_info(tmp_path)
    assert (info.power_modes, info.power_mode) == (("MAXN", "5W"), "")
    assert "does not say" in info.problem
    write_files(tmp_path, {"etc/nvpmodel.conf": "rubbish"})
    assert "defines no POWER_MODEL" in read_jetson_info(tmp_path).problem


def test_an_empty_folder_is_a_computer_that_says_nothing(tmp_path: Path) -> None:
    info = read_jetson_info(tmp_path)
    assert (info.model, info.l4t, info.memory_bytes, info.cores, info.cores_mhz) == (
        "",
        "",
        0,
        0,
        {},
    )
    assert math.isnan(info.gpu_mhz)


@given(st.text(max_size=60))
def test_rubbish_in_any_file_stops_nothing(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    files = (
        "proc/device-tree/model",
        "etc/nv_tegra_release",
        "proc/meminfo",
        "proc/cpuinfo",
        "sys/devices/system/cpu/present",
        "sys/devices/system/cpu/online",
        "sys/class/devfreq/17000000.gpu/cur_freq",
    )
    root = tmp_path_factory.getbasetemp() / "rubbish"
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(text.encode("utf-8", "surrogatepass"))
    assert len(read_jetson_info(root).cores_mhz) <= 10_000
