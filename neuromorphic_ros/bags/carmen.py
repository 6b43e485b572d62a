"""Read laser scans and odometry from CARMEN logs."""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.bags.recording import RecordedMessage, Recording, TopicInfo
from neuromorphic_ros.bags.typestore import NS_PER_S, serialize, to_message, typestore
from neuromorphic_ros.errors import BagError

SCAN_TOPIC = "/scan"
ODOMETRY_TOPIC = "/odom"
SUFFIXES = (".log", ".log.gz")
# SICK lasers code "nothing seen" and their errors as 81.83 m and above.
RANGE_MAX_M = 81.83

_SCAN_TYPE = "sensor_msgs/msg/LaserScan"
_ODOMETRY_TYPE = "nav_msgs/msg/Odometry"
_MAX_BEAMS = 100_000
_MAX_SECONDS = 2**31
# After the ranges: laser pose, robot pose, ipc timestamp, host, logger timestamp.
_TAIL_FIELDS = 9


class CarmenScan(NamedTuple):
    """Hold one FLASER line: stamp [ns], ranges float32[n] [m], robot pose [m, m, rad]."""

    stamp_ns: int
    ranges: npt.NDArray[np.float32]
    x: float
    y: float
    theta: float


def open_carmen(path: Path) -> Recording:
    """Open a CARMEN log (.log, .log.gz): FLASER lines as /scan and /odom.

    Stamps are the log's own. Lines are sorted by stamp, since corrected logs are not in order.
    Odometry is the robot pose of the line, which corrected logs replace by the corrected pose.
    Raises BagError if no line can be read; iterating raises it for a later bad line, by number.
    """
    scans, damage = _read(path)
    if not scans:
        raise damage or BagError(f"{path}: has no FLASER lines; it is not a CARMEN log")
    scans.sort(key=lambda scan: scan.stamp_ns)

    def read(wanted: frozenset[str]) -> Iterator[RecordedMessage]:
        for scan in scans:
            if ODOMETRY_TOPIC in wanted:
                yield _message(ODOMETRY_TOPIC, _ODOMETRY_TYPE, scan.stamp_ns, _odometry(scan))
            if SCAN_TOPIC in wanted:
                yield _message(SCAN_TOPIC, _SCAN_TYPE, scan.stamp_ns, _laser_scan(scan))
        if damage:
            raise damage

    topics = {
        ODOMETRY_TOPIC: TopicInfo(_ODOMETRY_TYPE, len(scans)),
        SCAN_TOPIC: TopicInfo(_SCAN_TYPE, len(scans)),
    }
    return Recording(path, topics, scans[0].stamp_ns, scans[-1].stamp_ns, read)


def parse_flaser(line: str) -> CarmenScan:
    """Read `FLASER n r1..rn x y theta odom_x odom_y odom_theta ipc_time host logger_time`.

    Raises ValueError saying what is wrong.
    """
    words = line.split()
    if len(words) < 2 or words[0] != "FLASER":
        raise ValueError(f"{line[:20]!r} is not a FLASER line")
    if not words[1].isdecimal() or not 2 <= int(words[1][:9]) <= _MAX_BEAMS:
        raise ValueError(f"number of beams {words[1]!r} must be 2 to {_MAX_BEAMS}")
    beams = int(words[1])
    if len(words) != 2 + beams + _TAIL_FIELDS:
        raise ValueError(f"{len(words)} words instead of {2 + beams + _TAIL_FIELDS}")
    ranges = np.array(words[2 : 2 + beams], np.float64)
    if not np.all(ranges >= 0.0):
        raise ValueError("a range is negative or not a number")
    # REP 117: farther than the sensor sees is +inf, not the largest value.
    ranges[ranges >= RANGE_MAX_M] = math.inf
    tail = words[2 + beams :]
    x, y, theta = map(float, tail[3:6])
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(theta)):
        raise ValueError(f"pose {x}, {y}, {theta} is not finite")
    return CarmenScan(_parse_seconds_ns(tail[6]), ranges.astype(np.float32), x, y, theta)


def angle_increment_rad(beams: int) -> float:
    """Return the angle between beams; the first always looks to -pi/2.

    FLASER lines do not state it. CARMEN (src/logger/readlog.c,
    carmen_laser_guess_angle_increment) takes 180 and 181 beams as 1 degree apart, 360 and 361
    as 0.5, 400 and 401 as 0.25, where the even numbers lack the last beam; any other number
    spans 180 degrees.
    """
    degrees = {180: 1.0, 181: 1.0, 360: 0.5, 361: 0.5, 400: 0.25, 401: 0.25}
    return math.radians(degrees.get(beams, 180.0 / (beams - 1)))


def _read(path: Path) -> tuple[list[CarmenScan], BagError | None]:
    scans: list[CarmenScan] = []
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for line in file:
                number += 1
                if line.startswith(b"FLASER"):
                    scans.append(parse_flaser(line.decode("ascii")))
    except ValueError as error:
        hint = "; correct or delete the line"
        return scans, BagError(f"{path}: line {number}: {error}{hint}")
    except Exception as error:
        # A damaged gzip stream ends in one of many errors.
        hint = "; fetch the file again"
        return scans, BagError(f"{path}: damaged after line {number}: {error}{hint}")
    return scans, None


def _parse_seconds_ns(text: str) -> int:
    # A double holds an epoch time only to about 200 ns.
    try:
        seconds = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"timestamp {text!r} is not a number") from None
    if not (seconds.is_finite() and 0 <= seconds < _MAX_SECONDS):
        raise ValueError(f"timestamp {text!r} must be 0 to {_MAX_SECONDS} s")
    return int(seconds * NS_PER_S)


def _message(topic: str, type_name: str, log_ns: int, message: object) -> RecordedMessage:
    return RecordedMessage(topic, type_name, log_ns, serialize(type_name, message), typestore())


def _laser_scan(scan: CarmenScan) -> object:
    increment = angle_increment_rad(scan.ranges.size)
    return to_message(
        _SCAN_TYPE,
        {
            "header": {"stamp": scan.stamp_ns, "frame_id": "laser"},
            "angle_min": -math.pi / 2,
            "angle_max": -math.pi / 2 + (scan.ranges.size - 1) * increment,
            "angle_increment": increment,
            "range_max": RANGE_MAX_M,
            "ranges": scan.ranges,
        },
    )


def _odometry(scan: CarmenScan) -> object:
    return to_message(
        _ODOMETRY_TYPE,
        {
            "header": {"stamp": scan.stamp_ns, "frame_id": "odom"},
            "child_frame_id": "base_link",
            "pose": {
                "pose": {
                    "position": {"x": scan.x, "y": scan.y},
                    "orientation": {
                        "z": math.sin(scan.theta / 2),
                        "w": math.cos(scan.theta / 2),
                    },
                }
            },
        },
    )
