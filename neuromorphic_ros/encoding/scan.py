"""Laser scans: distances by sector, and two ways to turn them into spikes."""

from __future__ import annotations

import math
from typing import Annotated, Generic, NamedTuple, TypeVar

import numba
import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.encoder import check_later
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import Shape, SpikeBatch

# LaserScan carries angles as float32: neighbouring sectors must not swap beams over its rounding.
_ANGLE_TOLERANCE_RAD = 1e-5
_GOLDEN_RATIO = (1.0 + math.sqrt(5.0)) / 2.0


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
    _pool(
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
class _SectorParameters:
    """Parameters that both codes share."""

    sectors: Annotated[
        int, Field(ge=1, le=4096, description="number of equal angular sectors [1]")
    ] = 36
    angle_min_rad: Annotated[
        float, Field(ge=-2 * math.pi, le=2 * math.pi, description="right edge of sector 0 [rad]")
    ] = -math.pi
    angle_max_rad: Annotated[
        float,
        Field(ge=-2 * math.pi, le=2 * math.pi, description="left edge of the last sector [rad]"),
    ] = math.pi
    near_m: Annotated[
        float,
        Field(ge=0.0, le=1000.0, description="distance at and below which response is full [m]"),
    ] = 0.2
    far_m: Annotated[
        float,
        Field(ge=0.0, le=1000.0, description="distance at and above which there is none [m]"),
    ] = 5.0

    def __post_init__(self) -> None:
        span = self.angle_max_rad - self.angle_min_rad
        if not 0.0 < span <= 2 * math.pi + _ANGLE_TOLERANCE_RAD:
            raise ValueError(
                f"angle_max_rad {self.angle_max_rad} must be above angle_min_rad"
                f" {self.angle_min_rad} by a full turn at most"
            )
        if self.far_m <= self.near_m:
            raise ValueError(f"far_m {self.far_m} must be above near_m {self.near_m}")


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class ScanLatencyParameters(_SectorParameters):
    """Parameters of the latency code."""

    sweep_ms: Annotated[
        float,
        Field(ge=0.1, le=10_000.0, description="time of a spike from far_m after the scan [ms]"),
    ] = 50.0


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class ScanRateParameters(_SectorParameters):
    """Parameters of the rate code."""

    max_rate_hz: Annotated[
        float, Field(ge=0.1, le=10_000.0, description="rate of a sector at near_m [Hz]")
    ] = 200.0
    hold_ms: Annotated[
        float,
        Field(ge=0.1, le=10_000.0, description="how long one scan drives the spikes [ms]"),
    ] = 100.0


Parameters = TypeVar("Parameters", bound=_SectorParameters)


class _SectorEncoder(Generic[Parameters]):
    """Hold parameters that may change between scans, but not in what shapes the input."""

    def __init__(self, parameters: Parameters) -> None:
        """Start without scans."""
        self._parameters = parameters
        self.reset()

    @property
    def parameters(self) -> Parameters:
        """Parameters of the code; new ones hold from the next scan on.

        Raises SensorError if `sectors` changes: the network's input would change with it.
        """
        return self._parameters

    @parameters.setter
    def parameters(self, parameters: Parameters) -> None:
        _check_sectors(self._parameters, parameters)
        self._parameters = parameters

    def reset(self) -> None:
        """Forget all scans."""


class ScanLatencyEncoder(_SectorEncoder[ScanLatencyParameters]):
    """Code each sector's distance as the time to its first spike: near sectors spike first.

    Latency code of Thorpe, "Spike arrival times: a highly efficient coding scheme for neural
    networks", 1990. Two more addresses mark the start and the end of each sweep. A scan taken
    before the sweep of the last one is over is skipped and counted in `skipped`: keep `sweep_ms`
    below the lidar's period.
    """

    skipped: int
    _previous_ns: int | None
    _sweep_end_ns: int

    @property
    def shape(self) -> Shape:
        """(sectors + 2,): the sectors from right to left, start of sweep, end of sweep."""
        return (self._parameters.sectors + 2,)

    def encode(self, sample: Scan, stamp_ns: int) -> SpikeBatch:
        """Return the sweep of a scan: spikes from `stamp_ns` to `stamp_ns` + sweep.

        Unknown sectors and those at `far_m` or beyond do not spike.
        Raises SensorError as `sector_distances` does, or if time does not advance.
        """
        check_later("scan", stamp_ns, self._previous_ns)
        nearness = _nearness(sample, self._parameters)
        self._previous_ns = stamp_ns
        if stamp_ns < self._sweep_end_ns:
            self.skipped += 1
            return SpikeBatch.empty(self.shape)
        sweep_ns = round(self._parameters.sweep_ms * 1e6)
        spiking = np.flatnonzero(nearness > 0.0)
        latency_ns = np.rint((1.0 - nearness[spiking]) * sweep_ns).astype(np.int64)
        sectors = self._parameters.sectors
        address = np.concatenate((spiking, (sectors, sectors + 1))).astype(np.uint32)
        time_ns = stamp_ns + np.concatenate((latency_ns, (0, sweep_ns)))
        order = np.argsort(time_ns, kind="stable")
        self._sweep_end_ns = stamp_ns + sweep_ns
        return SpikeBatch(self.shape, address[order], time_ns[order])

    def complete_ns(self, stamp_ns: int) -> int:
        """Return the end of the sweep: no scan before it is taken."""
        return max(stamp_ns, self._sweep_end_ns)

    def reset(self) -> None:
        """Forget the last sweep and the count of skipped scans."""
        self.skipped = 0
        self._previous_ns = None
        self._sweep_end_ns = -(2**63)


class ScanRateEncoder(_SectorEncoder[ScanRateParameters]):
    """Code each sector's nearness as the rate of regular spikes.

    A scan drives its spikes for `hold_ms`; the next one takes over where they end, with the phase
    kept, so that rates neither add up nor stutter when scans come early. Without scans the spikes
    stop. Set `hold_ms` to the lidar's period.
    """

    _previous_ns: int | None
    _driven_until_ns: int
    _phase: npt.NDArray[np.float64]

    @property
    def shape(self) -> Shape:
        """(sectors,), from right to left."""
        return (self._parameters.sectors,)

    def encode(self, sample: Scan, stamp_ns: int) -> SpikeBatch:
        """Return the spikes from the end of the last scan's, or `stamp_ns`, to `stamp_ns` + hold.

        Unknown sectors and those at `far_m` or beyond do not spike.
        Raises SensorError as `sector_distances` does, or if time does not advance.
        """
        check_later("scan", stamp_ns, self._previous_ns)
        nearness = _nearness(sample, self._parameters)
        start_ns = max(stamp_ns, self._driven_until_ns)
        stop_ns = max(stamp_ns + round(self._parameters.hold_ms * 1e6), start_ns)
        per_ns = nearness * self._parameters.max_rate_hz * 1e-9
        phase = self._phase + per_ns * (stop_ns - start_ns)
        counts = np.floor(phase).astype(np.int64)
        address = np.repeat(np.arange(counts.size), counts)
        # Number of each spike within its own sector, from 1.
        number = 1 + np.arange(address.size) - np.repeat(np.cumsum(counts) - counts, counts)
        offset_ns = np.rint((number - self._phase[address]) / per_ns[address]).astype(np.int64)
        time_ns = start_ns + np.minimum(offset_ns, stop_ns - start_ns)
        order = np.argsort(time_ns, kind="stable")
        self._phase = phase - counts
        self._driven_until_ns = stop_ns
        self._previous_ns = stamp_ns
        return SpikeBatch(self.shape, address[order].astype(np.uint32), time_ns[order])

    def complete_ns(self, stamp_ns: int) -> int:
        """Return the end of the scan's spikes: those of the next one follow them."""
        return max(stamp_ns, self._driven_until_ns)

    def reset(self) -> None:
        """Forget all scans and spread the phases again."""
        # Multiples of the golden ratio keep any number of sectors from spiking in step.
        self._phase = np.mod(
            _GOLDEN_RATIO * np.arange(1, self._parameters.sectors + 1, dtype=np.float64), 1.0
        )
        self._previous_ns = None
        self._driven_until_ns = -(2**63)


def _nearness(scan: Scan, parameters: _SectorParameters) -> npt.NDArray[np.float64]:
    """Return 1 at `near_m` and nearer, 0 at `far_m`, farther and unknown, per sector."""
    distances = sector_distances(
        scan, parameters.sectors, parameters.angle_min_rad, parameters.angle_max_rad
    )
    nearness = (parameters.far_m - distances) / (parameters.far_m - parameters.near_m)
    return np.clip(np.nan_to_num(nearness, nan=0.0), 0.0, 1.0)


def _check_sectors(old: _SectorParameters, new: _SectorParameters) -> None:
    if new.sectors != old.sectors:
        raise SensorError(
            f"sectors cannot change from {old.sectors} to {new.sectors} at run time; make a new"
            " encoder"
        )


# The signature compiles at import, from the cache when there is one: no scan ever waits for it.
@numba.njit(
    numba.void(
        numba.types.Array(numba.float32, 1, "C", readonly=True),
        numba.float64,
        numba.float64,
        numba.float64,
        numba.float64,
        numba.float64,
        numba.float64,
        numba.float64[::1],
    ),
    cache=True,
    nogil=True,
)
def _pool(
    ranges: npt.NDArray[np.float32],
    scan_angle_min: float,
    scan_angle_increment: float,
    range_min: float,
    range_max: float,
    angle_min: float,
    span: float,
    nearest: npt.NDArray[np.float64],
) -> None:
    turn = 2.0 * math.pi
    start = scan_angle_min - angle_min + _ANGLE_TOLERANCE_RAD
    for beam in range(ranges.size):
        distance = np.float64(ranges[beam])
        if distance == -math.inf:
            distance = range_min
        elif distance > range_max:
            distance = math.inf
        elif not (distance >= range_min and distance > 0.0):
            continue
        angle = start + beam * scan_angle_increment
        angle -= math.floor(angle / turn) * turn
        if angle > span + 2.0 * _ANGLE_TOLERANCE_RAD:
            continue
        sector = min(int(angle / span * nearest.size), nearest.size - 1)
        if not nearest[sector] <= distance:
            nearest[sector] = distance
