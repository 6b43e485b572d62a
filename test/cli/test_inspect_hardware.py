"""`neuromorphic inspect --hardware`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from boards import nano, write_files

from neuromorphic_ros.cli.main import main


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["inspect", "--hardware", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_a_board_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    battery = "sys/class/power_supply/BAT0"
    write_files(
        nano(tmp_path),
        {
            f"{battery}/type": "Battery",
            f"{battery}/capacity": "42",
            f"{battery}/status": "Charging",
        },
    )
    assert printed(capsys, "--root", tmp_path).splitlines() == [
        "model         NVIDIA Jetson Nano Developer Kit",
        "Jetson Linux  32.7.1",
        "memory        4.15 GB, 2.68 GB free",
        "CPU           4 cores, 3 online, 102 to 1479 MHz",
        "GPU           128 cores, 77 of 922 MHz",
        "power modes   MAXN, 5W; now MAXN",
        "temperatures  AO-therm 41.5, CPU-therm 34.0, GPU-therm 31.0, PLL-therm 31.5, "
        "thermal-fan-est 33.0 degC",
        "battery       42%, charging",
    ]


def test_this_machine_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    document: dict[str, Any] = json.loads(printed(capsys, "--json"))
    assert document["memory_bytes"] > document["free_bytes"] > 0
    assert document["cores"] >= len(document["cores_mhz"]) > 0
    assert set(document) > {"model", "gpu_cores", "power_modes", "temperatures_c", "battery"}


def test_what_is_unknown_is_called_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "--root", tmp_path).splitlines()
    assert lines[0] == "model         unknown"
    assert lines[2:4] == ["memory        unknown", "CPU           unknown"]


def test_no_jetson_is_called_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(tmp_path, {"proc/cpuinfo": "model name : Some CPU\n"})
    text = printed(capsys, "--root", tmp_path)
    assert "Jetson Linux  no Jetson" in text
    assert "power modes   none" in text
    document = json.loads(printed(capsys, "--root", tmp_path, "--json"))
    assert document["jetson"] is False
    assert document["battery"] is None


def test_modes_that_cannot_be_read_are_a_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(nano(tmp_path), {"var/lib/nvpmodel/status": ""})
    text = printed(capsys, "--root", tmp_path)
    assert "MAXN, 5W; now unknown" in text
    assert "does not say which power mode is in force" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give a network, or --hardware alone for this computer"),
        (["--hardware", "--root", "/no/such"], "--root /no/such is no folder"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", *arguments]) == 2
    assert capsys.readouterr().err == f"neuromorphic: {words}\n"
