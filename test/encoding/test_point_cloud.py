"""Point clouds: bytes to coordinates, coordinates to distances by sector."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.encoding.point_cloud import (
    PointCloud,
    PointField,
    cloud_distances,
    read_points,
)
from neuromorphic_ros.encoding.scan import Scan, sector_distances
from neuromorphic_ros.errors import SensorError

PI = math.pi
FLOAT32, FLOAT64 = 7, 8
POINTS = np.array([[1.0, 2.0, 3.0], [-4.0, 5.5, -6.0], [7.0, np.nan, 9.0], [0.0, 0.0, 0.0]])


def packed(
    points: npt.ArrayLike,
    kind: str = "<f4",
    offsets: tuple[int, int, int] = (0, 4, 8),
    point_step: int = 12,
    rows: int = 1,
    padding: int = 0,
) -> dict[str, Any]:
    """Return the arguments of `read_points` for points laid out as asked for, rest garbage."""
    table = np.asarray(points, np.float64).reshape(rows, -1, 3)
    row_step = table.shape[1] * point_step + padding
    data = np.full((rows, row_step), 0xA5, np.uint8)
    cells = data[:, : table.shape[1] * point_step].reshape(rows, -1, point_step)
    size = np.dtype(kind).itemsize
    for axis, offset in enumerate(offsets):
        values = np.ascontiguousarray(table[..., axis : axis + 1].astype(kind))
        cells[..., offset : offset + size] = values.view(np.uint8)
    datatype = FLOAT64 if size == 8 else FLOAT32
    return {
        "data": data.ravel(),
        "fields": [
            PointField(name, offset, datatype) for name, offset in zip("xyz", offsets, strict=True)
        ],
        "height": rows,
        "width": table.shape[1],
        "point_step": point_step,
        "row_step": row_step,
        "is_bigendian": kind.startswith(">"),
    }


def cloud(points: npt.ArrayLike) -> PointCloud:
    table = np.asarray(points, np.float64).reshape(-1, 3)
    return PointCloud(*(np.ascontiguousarray(table[:, axis]) for axis in range(3)))


class TestReadPoints:
    @pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8", ">f8"])
    @pytest.mark.parametrize(
        "layout",
        [
            {"offsets": (0, 8, 16), "point_step": 24},
            {"offsets": (17, 1, 9), "point_step": 26},
            {"offsets": (0, 8, 16), "point_step": 32, "rows": 2},
            {"offsets": (3, 11, 19), "point_step": 29, "rows": 2, "padding": 5},
        ],
        ids=["dense", "unaligned", "organised", "organised with padding"],
    )
    def test_any_layout_gives_the_points_row_by_row(
        self, kind: str, layout: dict[str, Any]
    ) -> None:
        found = read_points(**packed(POINTS, kind, **layout))
        assert np.array_equal(np.stack(found, axis=1), POINTS, equal_nan=True)

    def test_read_only_bytes_are_taken(self) -> None:
        arguments = packed(POINTS)
        arguments["data"] = np.frombuffer(arguments["data"].tobytes(), np.uint8)
        assert read_points(**arguments).x.tolist() == [1.0, -4.0, 7.0, 0.0]

    def test_the_padding_of_the_last_row_may_be_missing(self) -> None:
        arguments = packed(POINTS, rows=2, padding=5)
        arguments["data"] = arguments["data"][:-5]
        assert read_points(**arguments).y[1] == 5.5

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"width": 0}, "has no point"),
            ({"height": 0}, "has no point"),
            ({"width": 5}, r"48 bytes but 1 rows of 5 points take 60; the cloud is truncated"),
            ({"height": 2}, "truncated"),
            ({"height": 2, "row_step": 13}, "row_step is 13 bytes but 4 points of 12 take 48"),
            ({"point_step": 11}, r"'z' at byte 8 does not fit into point_step 11"),
            ({"point_step": 0, "width": 2**32 - 1}, "does not fit into point_step 0"),
            ({"data": np.zeros(0, np.uint8)}, "truncated"),
            ({"fields": []}, r"no field 'x'.*its fields are none"),
            ({"fields": [PointField("x", 0, 7), PointField("y", 4, 7)]}, "no field 'z'"),
            ({"fields": [PointField("x", 0, 5)]}, "no field 'x' of FLOAT32 or FLOAT64"),
        ],
    )
    def test_what_contradicts_itself_is_refused(self, changes: dict[str, Any], reason: str) -> None:
        with pytest.raises(SensorError, match=reason):
            read_points(**(packed(POINTS) | changes))


class TestCloudDistances:
    def test_the_nearest_point_of_each_sector_within_the_band_counts(self) -> None:
        points = [
            [2.0, -1.0, 0.0],
            [1.0, -0.5, 0.9],
            [3.0, 1.0, 0.4],
            [6.0, 2.0, -0.2],
            [-1.0, 0.0, 0.0],
        ]
        found = cloud_distances(cloud(points), 2, -PI / 2, PI / 2, 0.0, -0.2, 0.5)
        assert found == pytest.approx([math.hypot(2.0, 1.0), math.hypot(3.0, 1.0)])

    def test_a_sector_with_points_beside_the_band_is_free_and_one_without_points_unknown(
        self,
    ) -> None:
        found = cloud_distances(cloud([[5.0, -5.0, -1.0]]), 2, -PI / 2, PI / 2, 0.0, -0.2, 0.5)
        assert np.array_equal(found, [math.inf, math.nan], equal_nan=True)

    @pytest.mark.parametrize(
        "point",
        [
            [math.nan] * 3,
            [math.inf, 0.0, 0.0],
            [1.0, -math.inf, 0.0],
            [1.0, 1.0, math.nan],
            [0] * 3,
        ],
    )
    def test_what_is_no_return_neither_counts_nor_hides(self, point: list[float]) -> None:
        found = cloud_distances(cloud([point, [2.0, 0.0, 0.0]]), 1, -PI, PI, 0.0, -1.0, 1.0)
        assert found.tolist() == [2.0]
        with pytest.raises(SensorError, match="point cloud of 3 points has no valid one"):
            cloud_distances(cloud([point] * 3), 4, -PI, PI, 0.0, -1.0, 1.0)

    def test_the_robot_itself_does_not_count(self) -> None:
        points = cloud([[0.2, 0.1, 0.0], [0.4, 0.0, 0.0], [2.0, 0.0, 0.0]])
        found = [cloud_distances(points, 1, -PI, PI, low, -1.0, 1.0)[0] for low in (0.0, 0.3, 0.5)]
        assert found == pytest.approx([math.hypot(0.2, 0.1), 0.4, 2.0])

    @settings(deadline=None)
    @given(
        st.lists(st.floats(0.25, 9.0, width=32), min_size=1, max_size=200),
        st.integers(1, 30),
        st.floats(-3.0, 3.0),
    )
    def test_the_points_of_a_scan_give_the_distances_of_the_scan(
        self, ranges: list[float], sectors: int, start: float
    ) -> None:
        # Beams in the middle of what each stands for: rounding cannot change their sector.
        beams = len(ranges)
        increment = 2 * PI / (beams * sectors)
        first = start + increment / 2
        scan = Scan(np.array(ranges, np.float32), first, increment, 0.1, 10.0)
        angle = first + increment * np.arange(beams)
        flat = np.stack((ranges * np.cos(angle), ranges * np.sin(angle), np.zeros(beams)), axis=1)
        view = (sectors, start, start + 2 * PI)
        assert np.allclose(
            cloud_distances(cloud(flat), *view, 0.0, -0.1, 0.1),
            sector_distances(scan, *view),
            rtol=1e-6,
            equal_nan=True,
        )

    def test_a_hundred_thousand_points_take_a_few_milliseconds(self) -> None:
        points = np.random.default_rng(0).normal(0.0, 5.0, (100_000, 3))
        arguments = packed(points, offsets=(0, 4, 8), point_step=22)
        best_s = math.inf
        for _ in range(10):
            start_s = time.perf_counter()
            cloud_distances(read_points(**arguments), 36, -PI, PI, 0.1, -0.2, 0.5)
            best_s = min(best_s, time.perf_counter() - start_s)
        assert best_s < 0.01
