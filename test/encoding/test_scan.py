"""Laser scans and point clouds: sector distances, latency, rate and step-forward code."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.encoding.point_cloud import PointCloud
from neuromorphic_ros.encoding.scan import (
    Scan,
    ScanDeltaEncoder,
    ScanDeltaParameters,
    ScanLatencyEncoder,
    ScanLatencyParameters,
    ScanRateEncoder,
    ScanRateParameters,
    sector_distances,
)
from neuromorphic_ros.errors import NeuromorphicError, SensorError
from neuromorphic_ros.parameters import build, fields_of

MS = 1_000_000
START_NS = 1_700_000_000_000_000_000
PI = math.pi


def scan(ranges: npt.ArrayLike, angle_min: float = -PI, angle_max: float = PI) -> Scan:
    """Spread beams over an angle as drivers do, the last one short of a full turn."""
    values = np.asarray(ranges, np.float32)
    increment = float(np.float32((angle_max - angle_min) / max(values.size, 1)))
    return Scan(values, float(np.float32(angle_min)), increment, 0.1, 10.0)


def latency(**changes: float) -> ScanLatencyEncoder:
    values = {"sectors": 4, "near_m": 1.0, "far_m": 5.0, "sweep_ms": 40.0} | changes
    return ScanLatencyEncoder(build(ScanLatencyParameters, values, "test", SensorError))


def rate(**changes: float) -> ScanRateEncoder:
    values = {"sectors": 4, "near_m": 1.0, "far_m": 5.0, "max_rate_hz": 100.0} | changes
    return ScanRateEncoder(build(ScanRateParameters, values, "test", SensorError))


def delta(**changes: float) -> ScanDeltaEncoder:
    values = {"sectors": 4, "near_m": 1.0, "far_m": 5.0, "step_m": 0.5} | changes
    return ScanDeltaEncoder(build(ScanDeltaParameters, values, "test", SensorError))


class TestSectorDistances:
    def test_sector_0_is_rightmost(self) -> None:
        distances = sector_distances(scan([1, 2, 3, 4], -PI / 2, PI / 2), 2, -PI / 2, PI / 2)
        assert distances.tolist() == [1.0, 3.0]

    def test_a_scan_that_turns_right_gives_the_same_sectors(self) -> None:
        left = Scan(np.arange(1, 9, dtype=np.float32), -1.0, 0.25, 0.1, 10.0)
        right = Scan(left.ranges[::-1], -1.0 + 7 * 0.25, -0.25, 0.1, 10.0)
        assert np.array_equal(
            sector_distances(left, 4, -1.0, 1.0), sector_distances(right, 4, -1.0, 1.0)
        )

    @settings(deadline=None)
    @given(
        beams=st.integers(1, 90).map(lambda quarter: 4 * quarter),
        sectors=st.integers(1, 40),
        turns=st.integers(-2, 2),
        data=st.data(),
    )
    def test_the_start_of_a_full_turn_does_not_matter(
        self, beams: int, sectors: int, turns: int, data: st.DataObject
    ) -> None:
        ranges = np.array(
            data.draw(st.lists(st.floats(0.25, 9.0, width=32), min_size=beams, max_size=beams)),
            np.float32,
        )
        symmetric = sector_distances(scan(ranges), sectors, -PI, PI)
        from_zero = scan(np.roll(ranges, beams // 2), 2 * PI * turns, 2 * PI * (turns + 1))
        assert np.array_equal(sector_distances(from_zero, sectors, -PI, PI), symmetric, True)

    @settings(deadline=None)
    @given(
        data=st.data(),
        beams=st.integers(1, 200),
        sectors=st.integers(1, 20),
        start=st.floats(-3, 3),
    )
    def test_pooling_keeps_the_nearest_of_all_beams(
        self, data: st.DataObject, beams: int, sectors: int, start: float
    ) -> None:
        ranges = data.draw(st.lists(st.floats(0.25, 9.0, width=32), min_size=beams, max_size=beams))
        distances = sector_distances(scan(ranges), sectors, start, start + 2 * PI)
        assert np.nanmin(distances) == min(ranges)
        assert np.count_nonzero(~np.isnan(distances)) <= beams

    def test_beams_outside_the_field_of_view_are_left_out(self) -> None:
        ranges = [0.5, 2.0, 3.0, 0.5]
        assert sector_distances(scan(ranges), 2, -PI / 2, PI / 2 - 0.1).tolist() == [2.0, 3.0]

    def test_a_field_of_view_may_straddle_the_rear(self) -> None:
        distances = sector_distances(scan([1, 2, 3, 4]), 2, PI / 2, 3 * PI / 2)
        assert distances.tolist() == [4.0, 1.0]

    def test_special_values_follow_rep_117(self) -> None:
        ranges = [-math.inf, math.inf, 10.5, math.nan, 0.0, 0.05, 0.1, 10.0]
        distances = sector_distances(scan(ranges), 8, -PI, PI)
        inf, nan = math.inf, math.nan
        expected = np.array([0.1, inf, inf, nan, nan, nan, np.float32(0.1), 10.0])
        assert np.array_equal(distances, expected, equal_nan=True)

    def test_zero_is_invalid_even_if_the_driver_allows_it(self) -> None:
        zeros = scan([0.0, 2.0, 2.0, 2.0])._replace(range_min=0.0)
        assert np.isnan(sector_distances(zeros, 4, -PI, PI)[0])

    def test_invalid_beams_do_not_hide_valid_ones(self) -> None:
        distances = sector_distances(scan([math.nan, 3.0, 0.0, math.inf]), 1, -PI, PI)
        assert distances.tolist() == [3.0]

    @pytest.mark.parametrize("value", [math.nan, 0.0, -1.0])
    def test_a_blind_lidar_is_refused(self, value: float) -> None:
        with pytest.raises(SensorError, match="scan of 8 beams has no valid beam"):
            sector_distances(scan([value] * 8), 4, -PI, PI)

    def test_a_scan_that_misses_the_field_of_view_is_refused(self) -> None:
        with pytest.raises(SensorError, match=r"no valid beam between -0\.500 and 0\.500 rad"):
            sector_distances(scan([1.0, 1.0], 1.0, 2.0), 4, -0.5, 0.5)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"ranges": np.empty(0, np.float32)}, "one distance per beam"),
            ({"ranges": np.ones((2, 2), np.float32)}, "one distance per beam"),
            ({"angle_min": math.nan}, "angle_min nan"),
            ({"angle_increment": math.inf}, "angle_increment inf"),
            ({"range_min": math.nan}, "range_min nan"),
            ({"range_min": -1.0}, r"range_min -1\.0"),
            ({"range_max": 0.0}, r"range_max 0\.0"),
            ({"range_max": math.nan}, "range_max nan"),
        ],
    )
    def test_contradictory_scans_are_refused(self, change: dict[str, Any], message: str) -> None:
        with pytest.raises(SensorError, match=message):
            sector_distances(scan([1.0, 2.0])._replace(**change), 4, -PI, PI)

    def test_read_only_and_strided_ranges_are_taken(self) -> None:
        ranges = np.frombuffer(np.arange(1, 9, dtype=np.float32).tobytes(), np.float32)
        assert sector_distances(scan(ranges[::2]), 4, -PI, PI).tolist() == [1, 3, 5, 7]

    def test_two_thousand_beams_take_well_under_a_millisecond(self) -> None:
        sweep = scan(np.linspace(1, 9, 2000))
        best_s = math.inf
        for _ in range(50):
            start_s = time.perf_counter()
            sector_distances(sweep, 36, -PI, PI)
            best_s = min(best_s, time.perf_counter() - start_s)
        assert best_s < 5e-4


class TestParameters:
    @pytest.mark.parametrize(
        "cls", [ScanLatencyParameters, ScanRateParameters, ScanDeltaParameters]
    )
    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"near_m": 5.0, "far_m": 5.0}, r"far_m 5\.0 must be above near_m 5\.0"),
            ({"angle_min_rad": 1.0, "angle_max_rad": 1.0}, "angle_max_rad"),
            ({"angle_min_rad": -4.0, "angle_max_rad": 4.0}, "a full turn at most"),
            ({"sectors": 0}, "sectors = 0"),
            ({"far_m": math.nan}, "far_m"),
            ({"height_min_m": 0.5, "height_max_m": 0.5}, "height_max_m 0.5 must be above"),
        ],
    )
    def test_impossible_values_are_refused(
        self, cls: type, values: dict[str, float], message: str
    ) -> None:
        with pytest.raises(NeuromorphicError, match=message):
            build(cls, values, "scan", SensorError)

    def test_every_field_is_described_with_its_unit(self) -> None:
        for cls in (ScanLatencyParameters, ScanRateParameters, ScanDeltaParameters):
            fields = fields_of(cls)
            assert len(fields) >= 6
            assert all(field.description.endswith("]") for field in fields)


class TestLatency:
    def test_nearer_sectors_spike_first_between_the_markers(self) -> None:
        batch = latency().encode(scan([3.0, 0.5, 5.0, 2.0]), START_NS)
        assert batch.shape == (6,)
        assert batch.address.tolist() == [1, 4, 3, 0, 5]
        offsets = [0, 0, 10 * MS, 20 * MS, 40 * MS]
        assert (batch.time_ns - START_NS).tolist() == offsets

    def test_free_and_unknown_sectors_do_not_spike(self) -> None:
        batch = latency().encode(scan([math.inf, math.nan, 9.0, 2.0]), START_NS)
        assert sorted(batch.address.tolist()) == [3, 4, 5]

    @settings(deadline=None)
    @given(st.lists(st.floats(0.25, 9.0, width=32), min_size=4, max_size=4), st.floats(0.0, 4.5))
    def test_latency_gives_the_distance_back(self, ranges: list[float], near_m: float) -> None:
        batch = latency(near_m=near_m).encode(scan(ranges), START_NS)
        decoded = np.full(6, np.inf)
        decoded[batch.address] = near_m + (batch.time_ns - START_NS) / (40 * MS) * (5.0 - near_m)
        for distance, found in zip(ranges, decoded[:4], strict=True):
            assert found == pytest.approx(max(distance, near_m), abs=1e-6) or distance >= 5.0

    def test_scans_during_a_sweep_are_skipped_and_counted(self) -> None:
        encoder = latency()
        sizes = [len(encoder.encode(scan([2.0] * 4), START_NS + at * MS)) for at in (0, 10, 39, 40)]
        assert sizes == [6, 0, 0, 6]
        assert encoder.counters == {"skipped": 2}
        encoder.reset()
        assert encoder.counters == {"skipped": 0}
        assert len(encoder.encode(scan([2.0] * 4), START_NS)) == 6

    def test_a_blind_lidar_is_refused_even_during_a_sweep(self) -> None:
        encoder = latency()
        encoder.encode(scan([2.0] * 4), START_NS)
        with pytest.raises(SensorError, match="no valid beam"):
            encoder.encode(scan([math.nan] * 4), START_NS + MS)
        assert encoder.counters == {"skipped": 0}

    def test_new_parameters_hold_from_the_next_sweep(self) -> None:
        encoder = latency()
        encoder.encode(scan([2.0] * 4), START_NS)
        encoder.parameters = dataclasses.replace(encoder.parameters, sweep_ms=10.0)
        assert len(encoder.encode(scan([2.0] * 4), START_NS + 20 * MS)) == 0
        batch = encoder.encode(scan([2.0] * 4), START_NS + 40 * MS)
        assert batch.time_ns[-1] == START_NS + 50 * MS


class TestRate:
    @settings(deadline=None)
    @given(st.floats(1.1, 4.9))
    def test_the_mean_rate_is_that_of_the_distance(self, distance: float) -> None:
        encoder = rate()
        total = sum(
            encoder.encode(scan([distance] * 4), START_NS + index * 100 * MS).counts()
            for index in range(20)
        )
        expected = 2.0 * 100.0 * (5.0 - distance) / 4.0
        assert np.all(np.abs(total - expected) <= 1.0 + 1e-3)

    def test_spikes_of_a_sector_are_regular_across_scans(self) -> None:
        encoder = rate()
        batches = [
            encoder.encode(scan([2.3] * 4), START_NS + at * MS) for at in (0, 60, 110, 200, 260)
        ]
        times = np.concatenate([batch.time_ns for batch in batches])
        address = np.concatenate([batch.address for batch in batches])
        assert np.all(np.diff(times) >= 0)
        for sector in range(4):
            gaps = np.diff(times[address == sector])
            assert np.abs(gaps - 1e9 / (100.0 * 2.7 / 4.0)).max() < 10

    def test_near_is_full_rate_and_far_or_unknown_is_silent(self) -> None:
        counts = rate().encode(scan([0.5, 7.0, math.nan, math.inf]), START_NS).counts()
        assert counts.tolist() == [10, 0, 0, 0]

    def test_spikes_stop_when_scans_stop(self) -> None:
        encoder = rate()
        encoder.encode(scan([1.0] * 4), START_NS)
        batch = encoder.encode(scan([1.0] * 4), START_NS + 1000 * MS)
        assert batch.time_ns[0] >= START_NS + 1000 * MS
        assert batch.time_ns[-1] <= START_NS + 1100 * MS

    def test_sectors_do_not_spike_in_step(self) -> None:
        batch = rate().encode(scan([1.0] * 4), START_NS)
        assert np.unique(batch.time_ns).size == len(batch)

    def test_reset_repeats_exactly(self) -> None:
        encoder = rate()
        first = encoder.encode(scan([1.3, 2.0, 3.0, 4.0]), START_NS)
        encoder.reset()
        assert encoder.encode(scan([1.3, 2.0, 3.0, 4.0]), START_NS) == first


class TestDelta:
    def test_approach_is_on_and_retreat_is_off(self) -> None:
        encoder = delta()
        assert encoder.shape == (2, 4)
        assert len(encoder.encode(scan([2.0, 3.0, 4.0, 4.0]), START_NS)) == 0
        counts = encoder.encode(scan([2.0, 1.9, 4.0, 4.6]), START_NS + MS).counts()
        assert counts.tolist() == [[0, 0, 0, 1], [0, 2, 0, 0]]

    def test_free_unknown_and_far_sectors_are_all_alike(self) -> None:
        encoder = delta()
        encoder.encode(scan([math.inf, math.nan, 9.0, 5.0]), START_NS)
        assert len(encoder.encode(scan([9.0, math.inf, 5.0, math.nan]), START_NS + MS)) == 0

    @settings(deadline=None)
    @given(st.lists(st.lists(st.floats(0.25, 9.0), min_size=4, max_size=4), min_size=1))
    def test_steps_give_the_distance_back_within_one_step(self, sweeps: list[list[float]]) -> None:
        encoder = delta()
        approach = np.zeros(4)
        for index, ranges in enumerate(sweeps):
            counts = encoder.encode(scan(ranges), START_NS + index * MS).counts()
            approach += 0.5 * (counts[1] - counts[0])
            if index == 0:
                approach = 5.0 - np.clip(ranges, 1.0, 5.0)
            assert np.all(np.abs(5.0 - approach - np.clip(ranges, 1.0, 5.0)) <= 0.5 + 1e-5)


@pytest.mark.parametrize("make", [latency, rate, delta])
def test_a_point_cloud_gives_the_spikes_of_the_scan_at_its_height(
    make: type[ScanLatencyEncoder],
) -> None:
    by_scan, by_cloud = make(), make()  # type: ignore[call-arg]
    angle = np.array([-2.5, -1.0, 1.0, 2.5])
    for index, ranges in enumerate([[2.0, 3.0, 4.0, 1.5], [2.5, 2.0, 4.5, 0.5]]):
        radius = np.array(ranges * 2)
        # What is higher than the band and nearer does not count.
        radius[4:] *= 0.5
        x, y = radius * np.cos([*angle, *angle]), radius * np.sin([*angle, *angle])
        cloud = PointCloud(x, y, np.repeat((0.0, 1.0), 4))
        stamp_ns = START_NS + index * 100 * MS
        spikes = by_cloud.encode(cloud, stamp_ns)
        expected = by_scan.encode(scan(ranges), stamp_ns)
        assert np.array_equal(spikes.address, expected.address)
        assert np.abs(spikes.time_ns - expected.time_ns).max(initial=0) <= 100


@pytest.mark.parametrize("make", [latency, rate])
@pytest.mark.parametrize("stamp_ns", [START_NS, START_NS - 1])
def test_time_going_backwards_is_refused_until_reset(
    make: type[ScanLatencyEncoder] | type[ScanRateEncoder], stamp_ns: int
) -> None:
    encoder = make()  # type: ignore[call-arg]
    encoder.encode(scan([2.0] * 4), START_NS)
    with pytest.raises(SensorError, match=r"not after the previous .*reset\(\)"):
        encoder.encode(scan([2.0] * 4), stamp_ns)
    encoder.reset()
    assert len(encoder.encode(scan([2.0] * 4), stamp_ns)) > 0


@pytest.mark.parametrize("make", [latency, rate, delta])
def test_the_number_of_sectors_cannot_change(
    make: type[ScanLatencyEncoder] | type[ScanRateEncoder],
) -> None:
    encoder = make()  # type: ignore[call-arg]
    with pytest.raises(SensorError, match="from 4 to 5"):
        encoder.parameters = dataclasses.replace(encoder.parameters, sectors=5)
    assert encoder.parameters.sectors == 4
