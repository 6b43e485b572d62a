"""Rails are added up once."""

from __future__ import annotations

import pytest

from neuromorphic_ros.energy.meters.jetson_rails import total_rails

AGX_XAVIER = ("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V")


@pytest.mark.parametrize(
    ("names", "total"),
    [
        (("POM_5V_GPU", "POM_5V_IN", "POM_5V_CPU"), ("POM_5V_IN",)),
        (("VDD_CPU_GPU_CV", "VDD_SOC", "VDD_IN"), ("VDD_IN",)),
        (("VDD_GPU", "VDD_CPU_SOC_MSS", "VIN_SYS_5V0", "VIN"), ("VIN",)),
        (
            ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0", "VDDQ_VDD2_1V8AO"),
            ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"),
        ),
        (AGX_XAVIER, AGX_XAVIER),
        (("VDDQ_VDD2_1V8AO",), ("VDDQ_VDD2_1V8AO",)),
        ((), ()),
    ],
)
def test_the_whole_or_all_that_hang_on_no_other(
    names: tuple[str, ...], total: tuple[str, ...]
) -> None:
    assert total_rails(names) == total
