from __future__ import annotations

import math

import pytest

from neuromorphic_ros.pipeline.pipeline import Pipeline
from neuromorphic_ros.pipeline.tuning import ParameterError, tune


def test_parameters_of_several_sets_change_together(pipeline: Pipeline) -> None:
    tune(pipeline.tunables, {"limits.max_linear_m_s": 0.2, "scan.far_m": 4.0})
    assert pipeline.motor
    assert pipeline.motor.limits.max_linear_m_s == 0.2
    assert pipeline.inputs["scan"].encoder.parameters.far_m == 4.0  # type: ignore[attr-defined]


def test_every_part_of_a_pipeline_can_be_tuned(pipeline: Pipeline) -> None:
    assert set(pipeline.tunables) == {
        "scan", "core", "sleep", "quality", "drive", "limits", "safety", "detection",
    }  # fmt: skip
    for name, tunable in pipeline.tunables.items():
        assert tunable.fields, name
        assert all(field.description for field in tunable.fields), name


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("limits.max_linear_m_s", -1.0, "max_linear_m_s = -1.0"),
        ("limits.max_linear_m_s", math.nan, "max_linear_m_s = nan"),
        ("limits.max_linear_m_s", "fast", "max_linear_m_s = 'fast'"),
        ("limits.max_speed", 1.0, "'limits.max_speed' is unknown; there are .*limits.max_linear"),
        ("limit.max_linear_m_s", 1.0, "'limit.max_linear_m_s' is unknown"),
        ("max_linear_m_s", 1.0, "'max_linear_m_s' is unknown"),
        ("scan.near_m", 9.0, "far_m 5.0 must be above near_m 9.0"),
        ("scan.sectors", 5, "sectors cannot change from 4 to 5"),
    ],
)
def test_a_refused_value_is_named_and_nothing_changes(
    pipeline: Pipeline, name: str, value: object, reason: str
) -> None:
    def present() -> dict[str, object]:
        return {name: tunable.parameters for name, tunable in pipeline.tunables.items()}

    before = present()
    with pytest.raises(ParameterError, match=reason):
        tune(pipeline.tunables, {"drive.tau_ms": 50.0, name: value, "core.max_lateness_ms": 5.0})
    assert present() == before
