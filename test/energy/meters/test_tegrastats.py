"""Lines of tegrastats on several boards, and the program that prints them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from harness import eventually
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.energy.meter import MeterError, Reading
from neuromorphic_ros.energy.meters import tegrastats
from neuromorphic_ros.energy.meters.tegrastats import PROGRAM, Tegrastats, parse_rails

SECOND_NS = 1_000_000_000
# Shortened from lines that users published: Nano, TX1 (tests of Datadog's agent), AGX Xavier, Orin
# Nano, AGX Orin (manual of the rudi2 computer), AGX Orin with JetPack 7, Thor.
NANO = (
    "RAM 613/3964MB (lfb 634x4MB) SWAP 0/1982MB (cached 0MB) CPU [2%@102,1%@102,0%@102,0%@102] "
    "EMC_FREQ 0% GR3D_FREQ 0% PLL@39C CPU@40.5C PMIC@100C GPU@41C AO@46C thermal@41C "
    "POM_5V_IN 900/943 POM_5V_GPU 0/0 POM_5V_CPU 123/123"
)
TX1 = (
    "RAM 1179/3983MB (lfb 120x4MB) IRAM 0/252kB(lfb 252kB) CPU [1%@102,4%@102,0%@102,0%@102] "
    "EMC_FREQ 7%@408 GR3D_FREQ 0%@76 APE 25 Tboard@42C VDD_IN 2532/2698 VDD_CPU 76/178 "
    "VDD_GPU 19/19"
)
AGX_XAVIER = (
    "EMC_FREQ 0%@1331 GR3D_FREQ 0%@114 VIC_FREQ 115 APE 150 MTS fg 0% bg 10% AUX@36C CPU@36.5C "
    "GPU 467mW/467mW CPU 467mW/467mW SOC 1245mW/1245mW CV 0mW/0mW VDDRQ 311mW/311mW "
    "SYS5V 2768mW/2768mW"
)
ORIN_NANO = "GR3D_FREQ 0%@[305] tj@45C VDD_IN 4542mW/4000mW VDD_CPU_GPU_CV 480mW/480mW"
AGX_ORIN = (
    "10-16-2023 10:59:22 RAM 1205/30623MB (lfb 6429x4MB) CV0@-256C CPU@43.5C "
    "VDD_GPU_SOC 4788mW/4788mW VDD_CPU_CV -398mW/-398mW VIN_SYS_5V0 3842mW/3842mW NC 0mW/0mW "
    "VDDQ_VDD2_1V8AO 707mW/707mW NC 0mW/0mW"
)
TRIPLES = (
    "cpu@51.343C/51.343C tj@51.343C/51.343C VDD_GPU_SOC 3588mW/3589mW/3590mW "
    "VDD_CPU_CV 797mW/797mW/797mW VIN_SYS_5V0 5148mW/5148mW/5148mW"
)
THOR = "VDD_GPU 5517mW VDD_CPU_SOC_MSS 7484mW VIN_SYS_5V0 6309mW VIN 28548mW"


@pytest.mark.parametrize(
    ("line", "rails"),
    [
        (NANO, {"POM_5V_IN": 0.9, "POM_5V_GPU": 0.0, "POM_5V_CPU": 0.123}),
        (TX1, {"VDD_IN": 2.532, "VDD_CPU": 0.076, "VDD_GPU": 0.019}),
        (
            AGX_XAVIER,
            {"GPU": 0.467, "CPU": 0.467, "SOC": 1.245, "CV": 0.0, "VDDRQ": 0.311, "SYS5V": 2.768},
        ),
        (ORIN_NANO, {"VDD_IN": 4.542, "VDD_CPU_GPU_CV": 0.48}),
        (
            AGX_ORIN,
            {
                "VDD_GPU_SOC": 4.788,
                "VDD_CPU_CV": -0.398,
                "VIN_SYS_5V0": 3.842,
                "VDDQ_VDD2_1V8AO": 0.707,
            },
        ),
        (TRIPLES, {"VDD_GPU_SOC": 3.588, "VDD_CPU_CV": 0.797, "VIN_SYS_5V0": 5.148}),
        (
            THOR,
            {"VDD_GPU": 5.517, "VDD_CPU_SOC_MSS": 7.484, "VIN_SYS_5V0": 6.309, "VIN": 28.548},
        ),
        ("RAM 613/3964MB SWAP 0/1982MB EMC_FREQ 7%@408 APE 25", {}),
        ("VDD_IN 45", {}),
        ("VDD_IN 4542mW/40", {}),
    ],
)
def test_power_is_the_first_number_of_each_rail(line: str, rails: dict[str, float]) -> None:
    assert parse_rails(line) == rails


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert all(isinstance(power_w, float) for power_w in parse_rails(text).values())


def install(root: Path, script: str) -> Path:
    """Place a program that is replaced at once, so that none that runs is written to."""
    path = root / PROGRAM
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name("new")
    new.write_text(f"#!/bin/sh\necho $$ > {root}/pid\n{script}\n")
    new.chmod(0o755)
    new.replace(path)
    return path


def prints(root: Path, *lines: str) -> Path:
    """Place a program that prints lines, then waits."""
    echoes = "\n".join(f"echo '{line}'" for line in lines)
    return install(root, f"{echoes}\nexec sleep 60")


def runs(root: Path) -> bool:
    try:
        os.kill(int((root / "pid").read_text()), 0)
    except ProcessLookupError:
        return False
    return True


def test_the_program_gives_its_last_line_and_ends_with_the_meter(tmp_path: Path) -> None:
    prints(tmp_path, NANO.replace("900/943", "800/943"), NANO)
    meter = Tegrastats(tmp_path)
    eventually(lambda: meter.read(5).total_w == 0.9, "the last line")
    assert meter.read(5) == Reading(
        5, {"POM_5V_IN": 0.9, "POM_5V_GPU": 0.0, "POM_5V_CPU": 0.123}, {}, ("POM_5V_IN",)
    )
    assert runs(tmp_path)
    meter.close()
    assert not runs(tmp_path)


def test_a_meter_that_is_dropped_leaves_no_program(tmp_path: Path) -> None:
    prints(tmp_path, NANO)
    meter = Tegrastats(tmp_path)
    assert runs(tmp_path)
    del meter
    eventually(lambda: not runs(tmp_path), "the end of the program")


def test_it_is_asked_for_its_interval(tmp_path: Path) -> None:
    install(tmp_path, f"echo $* > {tmp_path}/asked\necho '{NANO}'\nexec sleep 60")
    Tegrastats(tmp_path).close()
    assert (tmp_path / "asked").read_text() == "--interval 100\n"


def test_a_program_that_ends_is_started_again_later_and_later(tmp_path: Path) -> None:
    path = install(tmp_path, f"echo '{NANO}'; exit 3")
    meter = Tegrastats(tmp_path)

    def refused(stamp_ns: int, reason: str) -> bool:
        try:
            meter.read(stamp_ns)
        except MeterError as error:
            return str(path) in str(error) and reason in str(error)
        return False

    eventually(lambda: refused(0, "ended with exit code 3; it is started again in 1 s"), "its end")
    assert refused(SECOND_NS // 2, "does not run")
    install(tmp_path, "exit 4")
    eventually(
        lambda: refused(SECOND_NS, "ended with exit code 4; it is started again in 2 s"), "2 s"
    )
    path.unlink()
    assert refused(3 * SECOND_NS, "no tegrastats at")
    prints(tmp_path, NANO)
    assert refused(6 * SECOND_NS, "does not run")
    eventually(lambda: not refused(7 * SECOND_NS, "prints no power"), "power")
    assert meter.read(7 * SECOND_NS).total_w == 0.9
    meter.close()


def test_a_program_that_hangs_is_no_measurement(tmp_path: Path) -> None:
    prints(tmp_path, NANO)
    meter = Tegrastats(tmp_path)
    assert meter.read(0).total_w == 0.9
    assert meter.read(2 * SECOND_NS).total_w == 0.9
    with pytest.raises(MeterError, match="printed nothing for 2 s"):
        meter.read(2 * SECOND_NS + 1)
    assert not runs(tmp_path)


def test_a_rail_that_vanishes_is_missed_not_replaced_by_a_smaller_total(tmp_path: Path) -> None:
    go = tmp_path / "go"
    wait = f"while [ ! -e {go} ]; do sleep 0.02; done"
    less = NANO.replace("POM_5V_IN 900/943 ", "")
    install(tmp_path, f"echo '{NANO}'\n{wait}\necho '{less}'\nexec sleep 60")
    meter = Tegrastats(tmp_path)
    assert meter.read(0).total_w == 0.9
    go.touch()
    eventually(lambda: "POM_5V_IN" not in meter.read(0).power_w, "the line without it")
    reading = meter.read(0)
    assert (reading.total, reading.total_w) == (("POM_5V_IN",), None)
    meter.close()


def test_a_flood_of_rubbish_does_not_hold_up_the_reader(tmp_path: Path) -> None:
    go = tmp_path / "go"
    wait = f"while [ ! -e {go} ]; do sleep 0.02; done"
    install(tmp_path, f"echo '{NANO}'\n{wait}\nexec yes rubbish")
    meter = Tegrastats(tmp_path)
    go.touch()

    def refused() -> bool:
        try:
            meter.read(0)
        except MeterError as error:
            return "prints no power" in str(error)
        return False

    eventually(refused, "rubbish")
    meter.close()
    assert not runs(tmp_path)


def test_a_computer_without_it_or_without_power_in_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MeterError, match=f"no tegrastats at {tmp_path / PROGRAM}"):
        Tegrastats(tmp_path)
    install(tmp_path, "").chmod(0o644)
    with pytest.raises(MeterError, match="cannot be run: "):
        Tegrastats(tmp_path)
    install(tmp_path, "exit 1")
    with pytest.raises(MeterError, match="prints no power: run as root"):
        Tegrastats(tmp_path)
    prints(tmp_path, "RAM 613/3964MB GR3D_FREQ 0%")
    with pytest.raises(MeterError, match="prints no power: run as root"):
        Tegrastats(tmp_path)
    assert not runs(tmp_path)
    monkeypatch.setattr(tegrastats, "SILENCE_S", 0.2)
    prints(tmp_path)
    with pytest.raises(MeterError, match="prints no power"):
        Tegrastats(tmp_path)
