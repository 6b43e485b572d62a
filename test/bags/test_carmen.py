from __future__ import annotations

import gzip
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorphic_ros.bags.carmen import angle_increment_rad, parse_flaser
from neuromorphic_ros.bags.reader import open_recording
from neuromorphic_ros.bags.typestore import stamp_ns
from neuromorphic_ros.errors import BagError

from .bagfiles import read_until_damage


def flaser(seconds: str, ranges: str = "1.0 2.0 81.83", pose: str = "4 5 1.0") -> str:
    return f"FLASER {len(ranges.split())} {ranges} 9 9 9 {pose} {seconds} robot 0.0\n"


def write_log(path: Path, *lines: str) -> Path:
    path.write_text("# a comment\nODOM 0 0 0 0 0 0 0.1 robot 0.1\n" + "".join(lines))
    return path


@pytest.mark.parametrize(
    ("beams", "degrees", "last_degrees"),
    [(180, 1.0, 89.0), (181, 1.0, 90.0), (360, 0.5, 89.5), (361, 0.5, 90.0), (91, 2.0, 90.0)],
)
def test_beams_span_what_carmen_assumes(
    tmp_path: Path, beams: int, degrees: float, last_degrees: float
) -> None:
    log = write_log(tmp_path / "a.log", flaser("1.5", " ".join(["2.0"] * beams)))
    with open_recording(log) as recording:
        [message] = recording.messages(["/scan"])
    scan = message.decode()
    assert math.degrees(scan.angle_min) == pytest.approx(-90.0)
    assert math.degrees(scan.angle_increment) == pytest.approx(degrees)
    assert math.degrees(scan.angle_max) == pytest.approx(last_degrees)
    assert math.degrees(angle_increment_rad(beams)) == pytest.approx(degrees)


def test_line_becomes_scan_and_odometry(tmp_path: Path) -> None:
    with open_recording(write_log(tmp_path / "a.log", flaser("1.5"))) as recording:
        odometry, scan = (message.decode() for message in recording.messages())
    assert stamp_ns(scan) == stamp_ns(odometry) == 1_500_000_000
    assert scan.header.frame_id == "laser"
    assert scan.ranges.tolist() == [1.0, 2.0, math.inf]
    assert scan.range_max == np.float32(81.83)
    pose = odometry.pose.pose
    assert (pose.position.x, pose.position.y) == (4.0, 5.0)
    assert 2 * math.atan2(pose.orientation.z, pose.orientation.w) == pytest.approx(1.0)
    assert (odometry.header.frame_id, odometry.child_frame_id) == ("odom", "base_link")


@given(st.integers(0, 2**31 - 1), st.integers(0, 999_999_999))
def test_stamps_are_exact(second: int, nanosecond: int) -> None:
    scan = parse_flaser(flaser(f"{second}.{nanosecond:09d}"))
    assert scan.stamp_ns == second * 10**9 + nanosecond


def test_lines_out_of_order_are_sorted(tmp_path: Path) -> None:
    log = write_log(tmp_path / "a.log", flaser("3"), flaser("1"), flaser("2"))
    with open_recording(log) as recording:
        times = [message.log_ns for message in recording.messages(["/odom"])]
        assert (recording.start_ns, recording.end_ns) == (times[0], times[-1])
    assert times == [1_000_000_000, 2_000_000_000, 3_000_000_000]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("FLASER\n", "not a FLASER line"),
        ("FLASER many 1 2\n", "number of beams"),
        ("FLASER 1 1.0 9 9 9 4 5 1 1 robot 0\n", "number of beams"),
        (f"FLASER {'9' * 5000} 1\n", "number of beams"),
        (flaser("1").replace("FLASER 3", "FLASER 4"), "words"),
        (flaser("1", "1.0 -2.0"), "negative"),
        (flaser("1", "1.0 nan"), "not a number"),
        (flaser("1", "1.0 two"), "two"),
        (flaser("1", pose="4 5 inf"), "not finite"),
        (flaser("yesterday"), "timestamp 'yesterday'"),
        (flaser("-1"), "timestamp '-1'"),
        (flaser("nan"), "timestamp 'nan'"),
        (flaser("1e400000"), "timestamp"),
        (flaser("2147483648"), "timestamp"),
    ],
)
def test_bad_line_is_named_after_the_good_ones(tmp_path: Path, line: str, complaint: str) -> None:
    log = write_log(tmp_path / "a.log", flaser("1"), line, flaser("2"))
    messages, error = read_until_damage(log)
    assert {message.log_ns for message in messages} == {1_000_000_000}
    assert re.search(rf"a\.log: line 4: .*{complaint}", error)


def test_first_line_bad_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="line 3"):
        open_recording(write_log(tmp_path / "a.log", "FLASER 2 1\n"))


def test_log_without_scans_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="no FLASER lines"):
        open_recording(write_log(tmp_path / "a.log"))


def test_truncated_gzip_yields_what_it_has(tmp_path: Path) -> None:
    # Random ranges, since gzip would swallow equal lines whole.
    ranges = np.random.default_rng(1).uniform(0, 80, (200, 50))
    lines = [flaser(str(i), " ".join(map(str, row))) for i, row in enumerate(ranges)]
    data = gzip.compress("".join(lines).encode(), mtime=0)
    (tmp_path / "a.log.gz").write_bytes(data[: len(data) // 2])
    messages, error = read_until_damage(tmp_path / "a.log.gz")
    assert "a.log.gz: damaged after line" in error
    assert 100 < len(messages) < 300


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 150), junk=st.binary(min_size=1, max_size=6), zipped=st.booleans())
def test_damaged_bytes_raise_nothing_but_bag_errors(
    tmp_path: Path, place: int, junk: bytes, zipped: bool
) -> None:
    data = bytearray((flaser("1") + flaser("2")).encode())
    path = tmp_path / "a.log"
    if zipped:
        data = bytearray(gzip.compress(bytes(data), mtime=0))
        path = tmp_path / "a.log.gz"
    data[place : place + len(junk)] = junk
    path.write_bytes(data)
    _, error = read_until_damage(path)
    assert not error or path.name in error


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "count", "beams"),
    [("freiburg-101-corrected.log.gz", 292, 360), ("intel-corrected.log.gz", 910, 180)],
)
def test_real_logs(shared_data: Path, name: str, count: int, beams: int) -> None:
    with open_recording(shared_data / "lidar_carmen" / name) as recording:
        assert {info.count for info in recording.topics.values()} == {count}
        scans = [message.decode() for message in recording.messages(["/scan"])]
    assert len(scans) == count
    ranges = np.stack([scan.ranges for scan in scans])
    assert ranges.shape == (count, beams)
    assert np.isinf(ranges).any()
    assert ranges[np.isfinite(ranges)].max() < 81.83
