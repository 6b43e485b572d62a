from __future__ import annotations

import math

import numpy as np
import pytest

from neuromorphic_ros.errors import BackendError

pytest.importorskip("mujoco", reason="needs pip install 'neuromorphic_ros[simulation]'")

from neuromorphic_ros.simulation.drive import steer
from neuromorphic_ros.simulation.readings import LidarScan, Pose2D
from neuromorphic_ros.simulation.wheeled_robot import WheeledRobot
from neuromorphic_ros.simulation.world import BALL_RADIUS_M, ROOM_LENGTH_M, START, ball_pose

SECOND_NS = 1_000_000_000


def beam(scan: LidarScan, angle_rad: float) -> float:
    """Return the range of the beam nearest to an angle."""
    return float(scan.ranges[np.argmin(np.abs(scan.angles_rad - angle_rad))])


def test_time_is_simulated_and_starts_at_zero(robot: WheeledRobot) -> None:
    assert robot.time_ns == 0
    robot.step(3_000_000)
    assert robot.time_ns == 4_000_000
    robot.step(1_000_000)
    assert robot.time_ns == 4_000_000


def test_the_same_seed_senses_the_same() -> None:
    def sense(seed: int) -> list[bytes]:
        robot = WheeledRobot(seed, camera=False)
        sensed = []
        for tick in range(1, 31):
            scan = robot.scan()
            robot.command(*steer(scan))
            robot.step(tick * SECOND_NS // 10)
            sensed += [scan.ranges.tobytes(), *(array.tobytes() for array in robot.imu())]
        return sensed

    assert sense(5) == sense(5)
    assert sense(5) != sense(6)


def test_reading_one_sensor_does_not_change_another() -> None:
    quiet, busy = (WheeledRobot(0, camera=False) for _ in range(2))
    for _ in range(5):
        busy.imu()

    np.testing.assert_array_equal(quiet.scan().ranges, busy.scan().ranges)


def test_scan_covers_the_full_circle(robot: WheeledRobot) -> None:
    scan = robot.scan()

    assert scan.ranges.shape == (360,)
    assert scan.ranges.dtype == np.float32
    assert scan.angles_rad[0] == -math.pi
    assert scan.angles_rad[180] == pytest.approx(0.0)
    assert scan.angles_rad[-1] == pytest.approx(math.pi - scan.angle_increment)


def test_scan_measures_the_walls(robot: WheeledRobot) -> None:
    scan = robot.scan()

    behind_m = START.x_m + ROOM_LENGTH_M / 2
    assert beam(scan, -math.pi) == pytest.approx(behind_m, abs=0.03)
    assert beam(scan, math.pi / 2) == pytest.approx(3.0, abs=0.03)
    assert beam(scan, -math.pi / 2) == pytest.approx(3.0, abs=0.03)
    assert beam(scan, 0.0) == pytest.approx(7.0, abs=0.05)


def test_scan_noise_is_five_millimetres(robot: WheeledRobot) -> None:
    readings_m = np.stack([robot.scan().ranges[:90] for _ in range(200)])

    assert readings_m.std(axis=0).mean() == pytest.approx(0.005, rel=0.1)


def test_nothing_within_range_reads_infinite(robot: WheeledRobot) -> None:
    # From the back wall the far corners are out of range, but not the side walls.
    robot.command(-0.4, 0.0)
    robot.step(2 * SECOND_NS)
    scan = robot.scan()

    corner_rad = -math.atan2(3.0, ROOM_LENGTH_M / 2 - robot.pose().x_m)
    assert beam(scan, corner_rad) == math.inf
    assert np.all(np.isfinite(scan.ranges[:90]))


def test_scan_sees_the_ball_on_its_left(robot: WheeledRobot) -> None:
    x_m, y_m, _ = ball_pose(0.0).position_m
    pose = robot.pose()
    bearing_rad = math.atan2(y_m - pose.y_m, x_m - pose.x_m)
    distance_m = math.hypot(y_m - pose.y_m, x_m - pose.x_m)

    assert bearing_rad > 0.0
    assert beam(robot.scan(), bearing_rad) == pytest.approx(distance_m - BALL_RADIUS_M, abs=0.05)


def test_scan_measures_every_obstacle_in_sight() -> None:
    robot = WheeledRobot(0, camera=False)
    scan, pose = robot.scan(), robot.pose()

    seen = 0
    for obstacle in robot.obstacles:
        bearing_rad = math.atan2(obstacle.y_m - pose.y_m, obstacle.x_m - pose.x_m)
        distance_m = math.hypot(obstacle.y_m - pose.y_m, obstacle.x_m - pose.x_m)
        range_m = beam(scan, bearing_rad)
        assert range_m < distance_m
        seen += range_m > distance_m - obstacle.reach_m - 0.05
    assert seen >= 5


def test_forward_is_along_the_heading(robot: WheeledRobot) -> None:
    robot.command(0.4, 0.0)
    robot.step(2 * SECOND_NS)

    pose = robot.pose()
    assert pose.x_m - START.x_m == pytest.approx(0.8, abs=0.1)
    assert pose.y_m == pytest.approx(0.0, abs=0.01)
    assert robot.velocity().linear_m_s == pytest.approx(0.4, abs=0.02)


def test_left_is_positive(robot: WheeledRobot) -> None:
    robot.command(0.0, 0.8)
    robot.step(SECOND_NS)

    assert robot.pose().heading_rad == pytest.approx(0.8, abs=0.2)
    assert robot.velocity().angular_rad_s == pytest.approx(0.8, abs=0.05)
    assert robot.imu().angular_velocity_rad_s[2] == pytest.approx(0.8, abs=0.05)


def test_turning_left_moves_what_is_ahead_to_the_right() -> None:
    robot = WheeledRobot(0, camera=False, obstacles=0)
    before_rad = _bearing_of_ball(robot.scan())
    robot.command(0.0, 0.5)
    robot.step(SECOND_NS)

    assert _bearing_of_ball(robot.scan()) < before_rad - 0.3


def test_imu_at_rest_reads_gravity_upwards(robot: WheeledRobot) -> None:
    samples = []
    for tick in range(1, 201):
        robot.step(tick * SECOND_NS // 100)
        samples.append(np.concatenate(robot.imu()))
    mean, deviation = np.mean(samples, axis=0), np.std(samples, axis=0)

    np.testing.assert_allclose(mean[:3], 0.0, atol=5e-4)
    np.testing.assert_allclose(mean[3:], [0.0, 0.0, 9.81], atol=0.05)
    np.testing.assert_allclose(deviation[:3], math.radians(0.05), rtol=0.3)
    np.testing.assert_allclose(deviation[3:], 0.039, rtol=0.3)


def test_imu_feels_speeding_up_and_turning(robot: WheeledRobot) -> None:
    robot.command(0.5, 0.0)
    robot.step(SECOND_NS // 20)
    assert robot.imu().linear_acceleration_m_s2[0] > 0.5

    robot.command(0.4, 1.0)
    robot.step(2 * SECOND_NS)
    assert robot.imu().linear_acceleration_m_s2[1] == pytest.approx(0.4, abs=0.2)


def test_driving_into_a_wall_is_a_collision(robot: WheeledRobot) -> None:
    robot.step(SECOND_NS)
    assert not robot.in_collision
    robot.command(-0.5, 0.0)
    robot.step(4 * SECOND_NS)
    assert robot.in_collision
    assert robot.pose().x_m > -ROOM_LENGTH_M / 2

    robot.command(0.5, 0.0)
    robot.step(5 * SECOND_NS)
    robot.step(6 * SECOND_NS)
    assert not robot.in_collision


@pytest.mark.parametrize(("speed_m_s", "bumped"), [(0.5, True), (-0.5, False)])
def test_the_bumper_feels_what_is_in_front(speed_m_s: float, bumped: bool) -> None:
    robot = WheeledRobot(0, camera=False, obstacles=0)
    robot.place(Pose2D(math.copysign(3.2, speed_m_s), 2.0, 0.0))
    robot.step(SECOND_NS)
    assert not robot.bumped
    robot.command(speed_m_s, 0.0)
    robot.step(3 * SECOND_NS)
    assert robot.in_collision
    assert robot.bumped == bumped


def test_a_robot_that_is_put_elsewhere_stands_there_and_drives_on(robot: WheeledRobot) -> None:
    robot.command(0.5, 1.0)
    robot.step(SECOND_NS)
    robot.place(Pose2D(-3.0, 1.0, math.pi / 2))
    assert robot.pose() == pytest.approx((-3.0, 1.0, math.pi / 2), abs=1e-6)
    assert robot.velocity() == pytest.approx((0.0, 0.0), abs=1e-6)
    assert beam(robot.scan(), 0.0) == pytest.approx(2.0, abs=0.03)
    robot.command(0.4, 0.0)
    robot.step(2 * SECOND_NS)
    assert robot.pose() == pytest.approx((-3.0, 1.4, math.pi / 2), abs=0.1)
    assert not robot.in_collision


@pytest.mark.parametrize("command", [(math.nan, 0.0), (0.0, math.inf)])
def test_a_command_must_be_finite(robot: WheeledRobot, command: tuple[float, float]) -> None:
    with pytest.raises(BackendError, match="must be finite"):
        robot.command(*command)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(BackendError, match="seed -1"):
        WheeledRobot(-1, camera=False)


def test_without_a_camera_there_is_no_image(robot: WheeledRobot) -> None:
    with pytest.raises(BackendError, match="camera=True"):
        robot.camera()


def test_camera_sees_texture_and_motion(seeing_robot: WheeledRobot) -> None:
    before = seeing_robot.camera()
    seeing_robot.command(0.0, 0.8)
    seeing_robot.step(SECOND_NS // 5)
    after = seeing_robot.camera()

    assert before.shape == (72, 96)
    assert before.dtype == np.uint8
    assert before.std() > 20.0
    assert np.mean(np.abs(after.astype(int) - before) > 15) > 0.05


def test_camera_sees_the_ball_where_it_is(seeing_robot: WheeledRobot) -> None:
    camera_x_m = seeing_robot.pose().x_m + 0.12
    images, columns = [], []
    for time_s in (0, 5):
        seeing_robot.step(time_s * SECOND_NS)
        images.append(seeing_robot.camera().astype(int))
        x_m, y_m, _ = ball_pose(time_s).position_m
        columns.append(47.5 - 48.0 * y_m / (x_m - camera_x_m))
    changed = np.flatnonzero((np.abs(images[1] - images[0]) > 30).any(axis=0))

    # Only the ball moves while the robot stands: it left one place and came to another.
    assert changed.min() == pytest.approx(min(columns), abs=6.0)
    assert changed.max() == pytest.approx(max(columns), abs=6.0)


def test_camera_is_deterministic(seeing_robot: WheeledRobot) -> None:
    twin = WheeledRobot(0)

    np.testing.assert_array_equal(seeing_robot.camera(), twin.camera())
    twin.close()


def _bearing_of_ball(scan: LidarScan) -> float:
    jumps = np.diff(scan.ranges[90:270])
    start, stop = np.argmin(jumps), np.argmax(jumps)
    return float(scan.angles_rad[90:270][[start, stop]].mean())
