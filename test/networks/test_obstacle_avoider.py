from __future__ import annotations

import math
from pathlib import Path

import behaviour
import numpy as np
import pytest

from neuromorphic_ros.bags.typestore import to_message
from neuromorphic_ros.encoding.scan import Scan
from neuromorphic_ros.simulation.sensor_sample import START_NS

S = 1_000_000_000
ANGLES_RAD = np.radians(np.arange(-120, 121))


def room(right_m: float, ahead_m: float, left_m: float, noise_m: float = 0.0) -> Scan:
    """Return three arcs around the robot; the one ahead reaches into both sides."""
    sides = [ANGLES_RAD < -behaviour.AHEAD_RAD, ANGLES_RAD > behaviour.AHEAD_RAD]
    ranges = np.select(sides, [right_m, left_m], ahead_m).astype(np.float64)
    ranges += noise_m * np.random.default_rng(round(1e6 * noise_m)).standard_normal(ranges.size)
    return Scan(ranges.astype(np.float32), ANGLES_RAD[0], np.radians(1.0), 0.05, 10.0)


def shown(scans: list[Scan], rate_hz: int = 10) -> list[behaviour.Message]:
    return [
        behaviour.laser_scan(scan, START_NS + index * S // rate_hz)
        for index, scan in enumerate(scans)
    ]


def points_of(message: behaviour.Message) -> behaviour.Message:
    """Return the valid beams of a scan as the points of a lidar of one ring, the rest as nan."""
    scan = message.content
    angle = scan.angle_min + scan.angle_increment * np.arange(scan.ranges.size)
    valid = (scan.ranges >= scan.range_min) & (scan.ranges <= scan.range_max)
    ranges = np.where(valid, scan.ranges, np.nan)
    points = np.stack((ranges * np.cos(angle), ranges * np.sin(angle), 0.0 * ranges), axis=1)
    fields = {
        "header": {"stamp": message.stamp_ns, "frame_id": scan.header.frame_id},
        "height": 1,
        "width": len(points),
        "point_step": 12,
        "row_step": 12 * len(points),
        "fields": [
            {"name": name, "offset": 4 * axis, "datatype": 7, "count": 1}
            for axis, name in enumerate("xyz")
        ],
        "data": points.astype("<f4").view(np.uint8).ravel(),
    }
    cloud = to_message("sensor_msgs/msg/PointCloud2", fields)
    return behaviour.Message(cloud, message.arrival_ns)


def last_command(scan: Scan) -> tuple[float, float]:
    """Return the velocity after two seconds in front of a scan."""
    messages = shown([scan] * 20)
    commands = behaviour.drive_by(messages).at(np.array([messages[-1].stamp_ns]))
    return float(commands.linear_m_s[0]), float(commands.angular_rad_s[0])


@pytest.mark.parametrize(("near_m", "far_m"), [(1.45, 1.95), (1.0, 1.5), (0.5, 1.0), (0.3, 4.0)])
@pytest.mark.parametrize("phase_ms", [0, 7, 13, 19])
def test_one_scan_turns_to_the_freer_side_within_60_ms(
    near_m: float, far_m: float, phase_ms: int
) -> None:
    at_ns = START_NS + phase_ms * 1_000_000
    for scan, sign in ((room(far_m, 5, near_m), -1), (room(near_m, 5, far_m), 1)):
        commands = behaviour.drive_by([behaviour.laser_scan(scan, at_ns)])
        turn_rad_s = commands.at(np.array([at_ns + behaviour.REACTION_NS])).angular_rad_s
        assert np.sign(turn_rad_s) == sign


@pytest.mark.parametrize("rate_hz", [5, 10, 20, 40])
def test_turns_over_when_the_near_side_changes_at_any_rate(rate_hz: int) -> None:
    left, right = [room(3, 5, 0.8)] * rate_hz, [room(0.8, 5, 3)] * rate_hz
    messages = shown(left + right + left, rate_hz)
    commands = behaviour.drive_by(messages)
    turns_rad_s = commands.at(START_NS + np.array([S, 2 * S, 3 * S])).angular_rad_s
    assert np.sign(turns_rad_s).tolist() == [-1, 1, -1]
    assert commands.sign_changes == 2


def test_speed_falls_to_zero_as_the_way_ahead_gets_shorter() -> None:
    distances_m = (4.0, 2.0, 1.7, 1.4, 1.1, 0.8, 0.6, 0.39, 0.2)
    speeds_m_s = [last_command(room(4, distance_m, 4))[0] for distance_m in distances_m]
    assert speeds_m_s == sorted(speeds_m_s, reverse=True)
    assert speeds_m_s[0] > 0.45
    assert max(speeds_m_s[-2:]) < 0.01


def test_a_wall_straight_ahead_leads_to_a_stop_and_a_turn() -> None:
    speed_m_s, turn_rad_s = last_command(room(0.4, 0.38, 0.4))
    assert speed_m_s < 0.01
    assert abs(turn_rad_s) > 0.3


def test_free_space_is_driven_straight() -> None:
    speed_m_s, turn_rad_s = last_command(room(math.inf, math.inf, math.inf))
    assert speed_m_s > 0.45
    assert turn_rad_s == 0.0


@pytest.mark.parametrize("sides_m", [(0.39, 0.37, 0.38), (0.8, 3.0, 1.0), (1.2, 0.94, 1.2)])
def test_commands_are_steady_before_a_noisy_static_scene(
    sides_m: tuple[float, float, float],
) -> None:
    scans = [room(*sides_m, noise_m=0.004 + 1e-5 * index) for index in range(100)]
    messages = shown(scans)
    steady = behaviour.drive_by(messages).after(START_NS + S)
    inside = steady.stamp_ns <= messages[-1].stamp_ns
    assert steady.sign_changes == 0
    assert steady.linear_m_s[inside].std() < 0.02
    assert steady.angular_rad_s[inside].std() < 0.12


def test_motion_ends_with_the_scans() -> None:
    messages = shown([room(4, 4, 4)] * 20)
    commands = behaviour.drive_by(messages)
    assert commands.at(np.array([messages[-1].stamp_ns])).linear_m_s > 0.4
    # First the charge of the network runs out, then the guard of motion stops what is left.
    assert commands.at(np.array([messages[-1].stamp_ns + S // 2])).linear_m_s < 0.1
    late = commands.after(messages[-1].stamp_ns + S // 2 + 20_000_000)
    assert late.stamp_ns.size > 0
    assert not np.any(late.linear_m_s)


@pytest.mark.parametrize("value", [math.nan, 0.0, -1.0])
def test_scans_without_a_valid_return_move_nothing(value: float) -> None:
    commands = behaviour.drive_by(shown([room(value, value, value)] * 20))
    assert not np.any(commands.linear_m_s)
    assert not np.any(commands.angular_rad_s)


@pytest.mark.slow
@pytest.mark.parametrize("rate_hz", [5, 10, 20, 40])
def test_drives_through_simulated_rooms_without_collision(rate_hz: int) -> None:
    drives = [behaviour.drive_simulated(seed, rate_hz, duration_s=20) for seed in range(3)]
    assert [drive.hits for drive in drives] == [0, 0, 0]
    assert min(drive.distance_m for drive in drives) > 4.0


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize(("name", "topic"), behaviour.SCAN_TOPICS)
def test_turns_to_the_freer_side_on_real_scans(shared_data: Path, name: Path, topic: str) -> None:
    messages = behaviour.recorded(shared_data / name, topic)
    near, commands = behaviour.nearest(messages), behaviour.drive_by(messages)
    for times_ns in (
        np.array([message.stamp_ns for message in messages]),
        np.array([message.arrival_ns for message in messages]),
    ):
        cases, to_freer_side = behaviour.turns(commands, near, times_ns)
        # The front lidar of this robot stands still between two walls.
        assert to_freer_side >= 0.98 if topic != "/front_scan" else cases == 0


@pytest.mark.slow
@pytest.mark.data
def test_speed_follows_the_nearest_return_ahead_on_real_scans(shared_data: Path) -> None:
    name, topic = behaviour.SCAN_TOPICS[2]
    messages = behaviour.recorded(shared_data / name, topic)
    ahead_m, speed_m_s = behaviour.nearest(messages).ahead_m, behaviour.steady_speeds(messages)
    edges_m = np.array(behaviour.AHEAD_BINS_M[1:-1])
    which = np.digitize(ahead_m, edges_m)
    means = [speed_m_s[which == index].mean() for index in range(1, edges_m.size + 1)]
    assert means == sorted(means)
    assert means[0] < 0.05 < 0.45 < means[-1]


@pytest.mark.data
def test_commands_are_steady_on_a_real_static_scene(shared_data: Path) -> None:
    messages = behaviour.recorded(shared_data / behaviour.STATIC_SCANS, "/scan")
    steady = behaviour.drive_by(messages).after(messages[0].stamp_ns + S)
    inside = steady.stamp_ns <= messages[-1].stamp_ns
    assert steady.sign_changes == 0
    assert steady.linear_m_s.max() < 0.01
    assert steady.angular_rad_s[inside].std() < 0.05 * steady.angular_rad_s[inside].mean()


@pytest.mark.data
def test_the_points_of_a_real_lidar_drive_as_its_scans_do(shared_data: Path) -> None:
    scans = behaviour.recorded(shared_data / behaviour.DUAL_HOKUYO, "/rear_scan")[:150]
    by_scan = behaviour.drive_by(scans)
    by_points = behaviour.drive_by(points_of(message) for message in scans)
    assert by_scan.sign_changes > 0
    for expected, found in zip(by_scan, by_points, strict=True):
        assert np.array_equal(found, expected)
