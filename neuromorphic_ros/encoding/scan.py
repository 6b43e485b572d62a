"""Laser scans and point clouds: distances by sector, and three ways to turn them into spikes."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.coded_encoder import CodedEncoder
from neuromorphic_ros.encoding.delta import DeltaCode
from neuromorphic_ros.encoding.latency import LatencyCode
from neuromorphic_ros.encoding.point_cloud import PointCloud, cloud_distances
from neuromorphic_ros.encoding.rate import RateCode, RateParameters, Seed
from neuromorphic_ros.encoding.sectors import SectorParameters, pool_beams
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import SpikeBatch


class Scan(NamedTuple):
    """Hold one sweep of a lidar as sensor_msgs/LaserScan has it.

    ranges: float32[n] in m; angles in rad, positive = left (REP 103); limits in m.
    """

    ranges: npt.NDArray[np.float32]
    angle_min: float
    angle_increment: float
    range_min: float
    range_max: float


def sector_distances(
    scan: Scan, sectors: int, angle_min_rad: float, angle_max_rad: float
) -> npt.NDArray[np.float64]:
    """Return the nearest distance in each of `sectors` equal sectors, float64[sectors] in m.

    Sector 0 starts at `angle_min_rad` (rightmost), the last ends at `angle_max_rad`; beams are
    compared modulo 2 pi. By REP 117, -inf (too close) counts as range_min, +inf and anything
    beyond range_max as inf, nan as invalid. Zero and distances below range_min, which many drivers
    send for "no return", are invalid too. A sector without a valid beam is nan: unknown, not free.
    Raises SensorError if the scan's numbers contradict each other or no beam is valid.
    """
    ranges = np.ascontiguousarray(scan.ranges, np.float32)
    if ranges.ndim != 1 or ranges.size == 0:
        raise SensorError(
            f"scan has ranges of shape {ranges.shape}; it needs one distance per beam"
        )
    if not (math.isfinite(scan.angle_min) and math.isfinite(scan.angle_increment)):
        raise SensorError(
            f"scan has angle_min {scan.angle_min} and angle_increment {scan.angle_increment};"
            " both must be finite"
        )
    if not 0.0 <= scan.range_min < scan.range_max:
        raise SensorError(
            f"scan has range_min {scan.range_min} m and range_max {scan.range_max} m; the driver"
            " must send 0 <= range_min < range_max"
        )
    nearest = np.full(sectors, np.nan)
    pool_beams(
        ranges,
        scan.angle_min,
        scan.angle_increment,
        scan.range_min,
        scan.range_max,
        angle_min_rad,
        angle_max_rad - angle_min_rad,
        nearest,
    )
    if np.all(np.isnan(nearest)):
        raise SensorError(
            f"scan of {ranges.size} beams has no valid beam between {angle_min_rad:.3f} and"
            f" {angle_max_rad:.3f} rad; check the lidar, its field of view and its range limits"
        )
    return nearest


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class ScanRateParameters(RateParameters, SectorParameters):
    """Parameters of the rate code; the rate of a sector is full at near_m."""


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class ScanLatencyParameters(SectorParameters):
    """Parameters of the latency code."""

    sweep_ms: Annotated[
        float,
        Field(ge=0.1, le=10_000.0, description="time of a spike from far_m after the scan [ms]"),
    ] = 50.0


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class ScanDeltaParameters(SectorParameters):
    """Parameters of the step-forward code."""

    step_m: Annotated[float, Field(ge=1e-3, le=1000.0, description="distance per spike [m]")] = 0.1


Parameters = TypeVar("Parameters", bound=SectorParameters)


class _SectorEncoder(CodedEncoder[Scan | PointCloud, Parameters]):
    """Encode how near the nearest thing in each sector is, whatever kind of lidar sees it.

    Unknown sectors count as free. Raises SensorError as `sector_distances` and `cloud_distances`
    do.
    """

    sensor = "scan"
    fixed = ("sectors",)

    def _nearness(self, sample: Scan | PointCloud) -> npt.NDArray[np.float64]:
        """Return 1 at `near_m` and nearer, 0 at `far_m`, farther and unknown, float64[sectors]."""
        p = self.parameters
        field_of_view = (p.sectors, p.angle_min_rad, p.angle_max_rad)
        if isinstance(sample, PointCloud):
            limits = (p.range_min_m, p.height_min_m, p.height_max_m)
            distances = cloud_distances(sample, *field_of_view, *limits)
        else:
            distances = sector_distances(sample, *field_of_view)
        nearness = (p.far_m - distances) / (p.far_m - p.near_m)
        return np.clip(np.nan_to_num(nearness, nan=0.0), 0.0, 1.0)


class ScanLatencyEncoder(_SectorEncoder[ScanLatencyParameters]):
    """Code each sector's distance as the time to its first spike: near sectors spike first.

    Addresses: the sectors from right to left, start of sweep, end of sweep. Sectors at `far_m` or
    beyond do not spike. Keep `sweep_ms` below the lidar's period: scans during a sweep are skipped.
    """

    _code: LatencyCode

    def __init__(self, parameters: ScanLatencyParameters) -> None:
        """Start without scans."""
        super().__init__(parameters, LatencyCode(parameters.sectors))

    @property
    def counters(self) -> dict[str, int]:
        """How many scans were skipped because they came during the sweep of another one."""
        return {"skipped": self._code.skipped}

    def _encoded(self, sample: Scan | PointCloud, stamp_ns: int) -> SpikeBatch:
        return self._code.encode(self._nearness(sample), stamp_ns, self.parameters.sweep_ms)


class ScanRateEncoder(_SectorEncoder[ScanRateParameters]):
    """Code each sector's nearness as a rate; addresses: the sectors from right to left.

    Sectors at `far_m` or beyond do not spike.
    """

    _code: RateCode

    def __init__(self, parameters: ScanRateParameters, seed: Seed = 0) -> None:
        """Start without scans; seed: of Poisson spikes."""
        super().__init__(parameters, RateCode((parameters.sectors,), seed))

    def _encoded(self, sample: Scan | PointCloud, stamp_ns: int) -> SpikeBatch:
        return self._code.encode(self._nearness(sample), stamp_ns, self.parameters)


class ScanDeltaEncoder(_SectorEncoder[ScanDeltaParameters]):
    """Code what approaches and recedes: spikes for every step of a sector's distance.

    Addresses: (2, sectors), polarity 1 = nearer, sectors from right to left. Distances beyond
    `far_m` count as `far_m`, those below `near_m` as `near_m`.
    """

    _code: DeltaCode

    def __init__(self, parameters: ScanDeltaParameters) -> None:
        """Start without scans."""
        super().__init__(parameters, DeltaCode(parameters.sectors))

    def _encoded(self, sample: Scan | PointCloud, stamp_ns: int) -> SpikeBatch:
        p = self.parameters
        approach_m = self._nearness(sample) * (p.far_m - p.near_m)
        return self._code.encode(approach_m, np.full(p.sectors, p.step_m), stamp_ns)
