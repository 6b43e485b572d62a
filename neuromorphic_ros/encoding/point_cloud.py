"""Point clouds: coordinates from the bytes of sensor_msgs/PointCloud2, and distances by sector."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.encoding.sectors import pool_points
from neuromorphic_ros.errors import SensorError

# sensor_msgs/PointField.
_FLOATS = {7: "f4", 8: "f8"}


class PointField(NamedTuple):
    """Where a number of each point is: `datatype` and byte `offset` of sensor_msgs/PointField."""

    name: str
    offset: int
    datatype: int


class PointCloud(NamedTuple):
    """Hold the points of one sweep, float64[n] each, in m in the sensor's frame (REP 103)."""

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    z: npt.NDArray[np.float64]


def read_points(
    data: npt.NDArray[np.uint8],
    fields: Iterable[PointField],
    height: int,
    width: int,
    point_step: int,
    row_step: int,
    is_bigendian: bool,
) -> PointCloud:
    """Return the points of a PointCloud2, row by row.

    data: uint8[at least height * row_step]; the other arguments are named as in the message.
    Raises SensorError if x, y and z are not all there as floats, or do not lie within the data.
    """
    if height == 0 or width == 0:
        raise SensorError("point cloud has no point; check the lidar")
    # A single row may be sent without its padding.
    needed = (height - 1) * row_step + width * point_step
    if row_step < width * point_step and height > 1:
        raise SensorError(
            f"point cloud row_step is {row_step} bytes but {width} points of {point_step} take"
            f" {width * point_step}; correct the driver's row_step"
        )
    if data.size < needed:
        raise SensorError(
            f"point cloud data has {data.size} bytes but {height} rows of {width} points take"
            f" {needed}; the cloud is truncated"
        )
    found = {field.name: field for field in fields}
    raw = np.ascontiguousarray(data, np.uint8)
    coordinates = []
    for name in ("x", "y", "z"):
        field = found.get(name)
        if field is None or field.datatype not in _FLOATS:
            raise SensorError(
                f"point cloud has no field '{name}' of FLOAT32 or FLOAT64; its fields are"
                f" {', '.join(found) or 'none'}"
            )
        kind = np.dtype((">" if is_bigendian else "<") + _FLOATS[field.datatype])
        if field.offset + kind.itemsize > point_step:
            raise SensorError(
                f"point cloud field '{name}' at byte {field.offset} does not fit into point_step"
                f" {point_step}"
            )
        view: npt.NDArray[np.floating] = np.ndarray(
            (height, width), kind, raw.data, field.offset, (row_step, point_step)
        )
        coordinates.append(view.astype(np.float64).ravel())
    return PointCloud(*coordinates)


def cloud_distances(
    cloud: PointCloud,
    sectors: int,
    angle_min_rad: float,
    angle_max_rad: float,
    range_min_m: float,
    height_min_m: float,
    height_max_m: float,
) -> npt.NDArray[np.float64]:
    """Return the nearest horizontal distance in each sector, float64[sectors] in m.

    Sectors are those of `sector_distances`. Only points with height_min_m <= z <= height_max_m
    count; a sector with others alone is inf: seen, but free. Points that are not finite, those
    nearer than `range_min_m` and those at the sensor itself, which drivers send for "no return",
    are invalid. A sector without a valid point is nan: unknown.
    Raises SensorError if no point in the sectors is valid.
    """
    nearest = np.full(sectors, np.nan)
    pool_points(
        cloud.x,
        cloud.y,
        cloud.z,
        range_min_m,
        height_min_m,
        height_max_m,
        angle_min_rad,
        angle_max_rad - angle_min_rad,
        nearest,
    )
    if np.all(np.isnan(nearest)):
        raise SensorError(
            f"point cloud of {cloud.x.size} points has no valid one between {angle_min_rad:.3f} and"
            f" {angle_max_rad:.3f} rad; check the lidar and its field of view"
        )
    return nearest
