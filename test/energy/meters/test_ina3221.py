"""Rails of Jetson boards in both layouts of the driver."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuromorphic_ros.energy.meter import MeterError
from neuromorphic_ros.energy.meters.ina3221 import Ina3221

from .trees import ORIN, nano, orin, write


def test_the_nano_gives_milliwatts_and_the_input_rail_is_the_total(tmp_path: Path) -> None:
    nano(tmp_path)
    reading = Ina3221(tmp_path).read(7)
    assert reading.power_w == {"POM_5V_IN": 2.5, "POM_5V_GPU": 0.12, "POM_5V_CPU": 0.8}
    assert (reading.stamp_ns, reading.total_w) == (7, 2.5)


def test_the_orin_gives_volts_and_amperes_and_skips_what_is_no_rail(tmp_path: Path) -> None:
    orin(tmp_path)
    reading = Ina3221(tmp_path).read(0)
    assert reading.power_w == {"VDD_IN": 6.0, "VDD_CPU_CV": 3.0}
    assert reading.total_w == 6.0


def test_without_an_input_rail_the_total_is_the_sum(tmp_path: Path) -> None:
    orin(tmp_path, whole=False)
    assert Ina3221(tmp_path).read(0).total_w == 9.0


def test_a_rail_that_vanishes_is_left_out_and_the_total_not_known_without_it(
    tmp_path: Path,
) -> None:
    folder = nano(tmp_path)
    meter = Ina3221(tmp_path)
    (folder / "in_power0_input").unlink()
    reading = meter.read(0)
    assert reading.power_w == {"POM_5V_GPU": 0.12, "POM_5V_CPU": 0.8}
    assert reading.total_w is None
    (folder / "in_power1_input").write_text("rubbish")
    assert meter.read(0).power_w == {"POM_5V_CPU": 0.8}
    (folder / "in_power2_input").write_text("")
    with pytest.raises(MeterError, match="in_power2_input cannot be read"):
        meter.read(0)


def test_memory_on_a_second_chip_is_read_and_not_added_twice(tmp_path: Path) -> None:
    orin(tmp_path, whole=False)
    second = {"in1_label": "VDDQ_VDD2_1V8AO", "in1_input": 5000, "curr1_input": 200}
    fifth = {"in3_label": "VIN_SYS_5V0", "in3_input": 5000, "curr3_input": 400}
    write(tmp_path, ORIN, fifth)
    write(tmp_path, ORIN.replace("1-0040/hwmon/hwmon3", "1-0041/hwmon/hwmon4"), second)
    reading = Ina3221(tmp_path).read(0)
    assert reading.power_w["VDDQ_VDD2_1V8AO"] == 1.0
    assert reading.total_w == 11.0


def test_a_label_that_vanishes_does_not_make_a_smaller_total(tmp_path: Path) -> None:
    folder = nano(tmp_path)
    meter = Ina3221(tmp_path)
    (folder / "rail_name_0").unlink()
    reading = meter.read(0)
    assert (reading.total, reading.total_w) == (("POM_5V_IN",), None)


def test_a_computer_without_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(MeterError, match="no INA3221 under"):
        Ina3221(tmp_path)
