"""Samples are thinned by their stamps, evenly, and never for good."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from neuromorphic_ros.pipeline.sample_rate import RateLimit, SampleRates
from neuromorphic_ros.power.quality import Quality

MS = 1_000_000
SECOND_NS = 1000 * MS


def taken(stamps_ns: list[int], rate_hz: float | None) -> list[int]:
    limit = RateLimit()
    limit.rate_hz = rate_hz
    return [stamp_ns for stamp_ns in stamps_ns if limit.takes(stamp_ns)]


def test_only_lower_quality_thins() -> None:
    rates = SampleRates(medium_camera_hz=10.0, low_camera_hz=2.0)
    assert [rates.camera_hz(quality) for quality in Quality] == [2.0, 10.0, None]


@given(
    jitter_ms=st.lists(st.floats(-5, 5), min_size=90, max_size=90),
    rate_hz=st.sampled_from([5.0, 10.0, 15.0]),
)
def test_a_camera_with_jitter_is_taken_at_the_rate(jitter_ms: list[float], rate_hz: float) -> None:
    stamps_ns = [
        SECOND_NS + round((index / 30 * 1000 + late_ms) * MS)
        for index, late_ms in enumerate(jitter_ms)
    ]
    assert abs(len(taken(stamps_ns, rate_hz)) - 3 * rate_hz) <= 1


@given(
    steps_ms=st.lists(st.integers(-100_000, 100_000), min_size=1, max_size=30),
    rate_hz=st.floats(0.1, 1000),
)
def test_whatever_the_stamps_do_a_steady_camera_is_taken_again(
    steps_ms: list[int], rate_hz: float
) -> None:
    limit = RateLimit()
    limit.rate_hz = rate_hz
    now_ns = SECOND_NS
    for step_ms in steps_ms:
        now_ns += step_ms * MS
        limit.takes(now_ns)
    period_ns = round(1e9 / rate_hz)
    assert any(limit.takes(now_ns + part * period_ns // 8) for part in range(1, 24))


def test_without_a_rate_all_are_taken() -> None:
    stamps_ns = [5 * MS, 5 * MS, 4 * MS]
    assert taken(stamps_ns, None) == stamps_ns
