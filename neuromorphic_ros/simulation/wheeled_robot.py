"""A differential-drive robot with lidar, inertial unit and camera in a simulated room."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.engine import load_mujoco
from neuromorphic_ros.simulation.readings import (
    ACCELEROMETER_NOISE_M_S2,
    GYRO_NOISE_RAD_S,
    MAGNETOMETER_NOISE_T,
    ImuSample,
    LidarScan,
    Pose2D,
    Velocity2D,
)
from neuromorphic_ros.simulation.sensor_sample import (
    START_NS,
    SensorSample,
    image,
    imu,
    laser_scan,
    magnetic_field,
    odometry,
)
from neuromorphic_ros.simulation.world import ball_pose, build_world, place_obstacles

mujoco = load_mujoco()

CAMERA_HEIGHT = 72
CAMERA_WIDTH = 96
LIDAR_BEAMS = 360
RANGE_MIN_M = 0.1
RANGE_MAX_M = 8.0

_IMU_PERIOD_NS = 20_000_000
# A measurement of the magnetic field begins this long before it is told.
_MAGNETOMETER_NS = 10_000_000
_CAMERA_PERIOD_NS = 50_000_000
_SCAN_PERIOD_NS = 100_000_000
_RANGE_NOISE_M = 0.005
_RANGE_RESOLUTION_M = 0.001
# In Central Europe, by the World Magnetic Model 2020: 20 uT to the north, which is y, 44 uT down.
_EARTH_FIELD_T = np.array([0.0, 20e-6, -44e-6])
_GROUP_ROBOT = 3
_SETTLING_STEPS = 500
_ANGLES_RAD = -math.pi + 2.0 * math.pi / LIDAR_BEAMS * np.arange(LIDAR_BEAMS)
_BEAMS = np.stack([np.cos(_ANGLES_RAD), np.sin(_ANGLES_RAD), np.zeros(LIDAR_BEAMS)], axis=1)
_LUMA = np.array([77, 150, 29], np.uint16)


class WheeledRobot:
    """Drive a two-wheeled robot through a room of `obstacles` obstacles drawn from `seed`.

    Everything it does and senses follows from the seed and the commands; time starts at 0 ns.
    Without `camera` no graphics library is needed.
    Raises BackendError if the seed is negative, the obstacles do not fit or this machine cannot
    render.
    """

    def __init__(self, seed: int, *, camera: bool = True, obstacles: int = 10) -> None:
        if seed < 0:
            raise BackendError(f"seed {seed} must not be negative")
        # One stream per purpose: how often a sensor is read must not change what another one says.
        room, lidar, imu, magnetometer = np.random.SeedSequence(seed).spawn(4)
        self.obstacles = place_obstacles(np.random.default_rng(room), obstacles)
        self._lidar_noise = np.random.default_rng(lidar)
        self._imu_noise = np.random.default_rng(imu)
        self._magnetometer_noise = np.random.default_rng(magnetometer)
        self._model = build_world(self.obstacles)
        self._data = mujoco.MjData(self._model)
        self._step_ns: int = round(self._model.opt.timestep * 1e9)
        self._steps = 0
        self._collided = self._bumped = False
        self._base = self._data.body("base_link")
        self._lidar = self._data.site("base_scan")
        _, self._half_track_m, self._wheel_radius_m = self._model.body("left_wheel").pos
        self._floor = self._model.geom("floor").id
        self._seen_groups = np.ones(6, np.uint8)
        self._seen_groups[_GROUP_ROBOT] = 0
        self._move_ball()
        mujoco.mj_step(self._model, self._data, _SETTLING_STEPS)
        mujoco.mj_forward(self._model, self._data)
        self._renderer = _make_renderer(self._model) if camera else None

    @property
    def time_ns(self) -> int:
        """Simulated time, a multiple of the physics step."""
        return self._steps * self._step_ns

    @property
    def in_collision(self) -> bool:
        """Whether the robot touched anything but the floor during the last `step`."""
        return self._collided

    @property
    def bumped(self) -> bool:
        """Whether a bumper around its front half was touched during the last `step`."""
        return self._bumped

    def place(self, pose: Pose2D) -> None:
        """Put the robot at rest somewhere else, as a hand would; the wheels are driven on."""
        at_m, turned = self._data.qpos[:2], self._data.qpos[3:7]
        at_m[:] = pose.x_m, pose.y_m
        turned[:] = math.cos(pose.heading_rad / 2), 0.0, 0.0, math.sin(pose.heading_rad / 2)
        self._data.qvel[:] = self._data.qacc_warmstart[:] = 0.0
        mujoco.mj_forward(self._model, self._data)

    def command(self, linear_m_s: float, angular_rad_s: float) -> None:
        """Set the speed that the wheels follow from now on; positive turns left.

        Raises BackendError if a value is not finite.
        """
        if not (math.isfinite(linear_m_s) and math.isfinite(angular_rad_s)):
            raise BackendError(f"command ({linear_m_s}, {angular_rad_s}) must be finite")
        turn_m_s = angular_rad_s * self._half_track_m
        self._data.actuator("left_motor").ctrl = (linear_m_s - turn_m_s) / self._wheel_radius_m
        self._data.actuator("right_motor").ctrl = (linear_m_s + turn_m_s) / self._wheel_radius_m

    def step(self, until_ns: int) -> None:
        """Advance physics to the first step at or after `until_ns`."""
        self._collided = self._bumped = False
        while self.time_ns < until_ns:
            self._move_ball()
            mujoco.mj_step(self._model, self._data)
            self._steps += 1
            if not self._bumped:
                self._feel()
        # mj_step leaves positions and sensors one step behind the velocities it integrated.
        mujoco.mj_forward(self._model, self._data)

    def pose(self) -> Pose2D:
        """Return the true pose of the wheel axle's middle."""
        x_m, y_m, _ = self._base.xpos
        forward = self._base.xmat.reshape(3, 3)[:, 0]
        return Pose2D(float(x_m), float(y_m), math.atan2(forward[1], forward[0]))

    def velocity(self) -> Velocity2D:
        """Return the true velocity in the robot's axes."""
        return Velocity2D(
            float(self._data.sensor("velocity").data[0]), float(self._data.sensor("gyro").data[2])
        )

    def scan(self) -> LidarScan:
        """Measure the distances around the robot, with 5 mm of noise in steps of 1 mm."""
        beams = np.ascontiguousarray(_BEAMS @ self._lidar.xmat.reshape(3, 3).T)
        distance_m = np.empty(LIDAR_BEAMS)
        mujoco.mj_multiRay(
            self._model,
            self._data,
            self._lidar.xpos,
            beams.ravel(),
            self._seen_groups,
            True,
            -1,
            np.empty(LIDAR_BEAMS, np.int32),
            distance_m,
            None,
            LIDAR_BEAMS,
            RANGE_MAX_M,
        )
        missed = distance_m < 0.0
        distance_m += self._lidar_noise.normal(0.0, _RANGE_NOISE_M, LIDAR_BEAMS)
        distance_m = np.round(distance_m / _RANGE_RESOLUTION_M) * _RANGE_RESOLUTION_M
        distance_m[distance_m < RANGE_MIN_M] = -np.inf
        distance_m[missed | (distance_m > RANGE_MAX_M)] = np.inf
        return LidarScan(
            distance_m.astype(np.float32),
            angle_min=-math.pi,
            angle_increment=2.0 * math.pi / LIDAR_BEAMS,
            range_min=RANGE_MIN_M,
            range_max=RANGE_MAX_M,
        )

    def imu(self) -> ImuSample:
        """Measure turning rate and acceleration, with the noise of an MPU-6050."""
        noise = self._imu_noise.standard_normal((2, 3))
        return ImuSample(
            self._data.sensor("gyro").data + GYRO_NOISE_RAD_S * noise[0],
            self._data.sensor("accelerometer").data + ACCELEROMETER_NOISE_M_S2 * noise[1],
        )

    def magnetic_field_t(self) -> npt.NDArray[np.float64]:
        """Measure the field of the earth in the robot's axes, float64[3], with noise."""
        noise_t = MAGNETOMETER_NOISE_T * self._magnetometer_noise.standard_normal(3)
        field_t: npt.NDArray[np.float64] = _EARTH_FIELD_T @ self._base.xmat.reshape(3, 3) + noise_t
        return field_t

    def camera(self) -> npt.NDArray[np.uint8]:
        """Render what the robot sees ahead, 90 degrees wide; uint8[72, 96], grey.

        Raises BackendError if the robot was made without a camera.
        """
        if self._renderer is None:
            raise BackendError("this robot has no camera; make it with camera=True")
        self._renderer.update_scene(self._data, camera="camera_link")
        colours: npt.NDArray[np.uint8] = self._renderer.render()
        return (colours @ _LUMA >> 8).astype(np.uint8)

    def sense(self, elapsed_ns: int) -> list[SensorSample]:
        """Read the sensors that are due: /odom, the truth, and /scan at 10 Hz, the others faster.

        /imu and /imu/mag come at 50 Hz, /camera/image_raw at 20 Hz if there is a camera.
        """
        stamp_ns = START_NS + elapsed_ns
        samples = []
        if elapsed_ns % _SCAN_PERIOD_NS == 0:
            samples.append(odometry(stamp_ns, self.pose(), self.velocity()))
            samples.append(laser_scan(stamp_ns, self.scan(), _SCAN_PERIOD_NS))
        if elapsed_ns % _IMU_PERIOD_NS == 0:
            measured_ns = stamp_ns - _MAGNETOMETER_NS
            samples.append(magnetic_field(measured_ns, stamp_ns, self.magnetic_field_t()))
            samples.append(imu(stamp_ns, self.imu()))
        if self._renderer is not None and elapsed_ns % _CAMERA_PERIOD_NS == 0:
            samples.append(image(stamp_ns, self.camera()))
        return samples

    def close(self) -> None:
        """Release the camera's graphics context."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _feel(self) -> None:
        contact = self._data.contact
        touching = (contact.geom != self._floor).all(axis=1)
        if touching.any():
            forward = self._base.xmat.reshape(3, 3)[:, 0]
            self._collided = True
            self._bumped = bool(((contact.pos[touching] - self._base.xpos) @ forward > 0.0).any())

    def _move_ball(self) -> None:
        ball = ball_pose(self.time_ns * 1e-9)
        self._data.mocap_pos[0] = ball.position_m
        self._data.mocap_quat[0] = ball.orientation


def _make_renderer(model: Any) -> Any:
    try:
        return mujoco.Renderer(model, CAMERA_HEIGHT, CAMERA_WIDTH)
    except Exception as error:  # each platform and driver fails with a type of its own
        raise BackendError(
            "the simulated camera cannot render: install OpenGL (Debian: libegl1 libgl1) and set "
            f"MUJOCO_GL=egl, or do without the camera ({error})"
        ) from error
