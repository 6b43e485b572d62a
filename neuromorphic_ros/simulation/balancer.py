"""A robot on two wheels that falls unless it balances, in mujoco."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.delay import Delayed
from neuromorphic_ros.simulation.engine import load_mujoco
from neuromorphic_ros.simulation.readings import (
    ACCELEROMETER_NOISE_M_S2,
    GYRO_NOISE_RAD_S,
    ImuSample,
)
from neuromorphic_ros.simulation.sensor_sample import START_NS, SensorSample, imu, joint_states

mujoco = load_mujoco()

# Beside what a controller takes to answer.
DELAY_NS = 20_000_000
IMU_PERIOD_NS, JOINTS_PERIOD_NS = 10_000_000, 20_000_000
PUSH_PERIOD_NS, PUSH_NS = 5_000_000_000, 20_000_000
WHEELS = ("left_wheel", "right_wheel")
WHEEL_RADIUS_M = 0.04
ENCODER_RAD = 2.0 * math.pi / 1024
FALLEN_RAD = math.radians(40.0)
START_TILT_RAD = math.radians(3.0)
# Bounds of the biases: a board that is not quite level, and a gyroscope after its calibration.
TILT_BIAS_RAD, GYRO_BIAS_RAD_S = math.radians(0.5), math.radians(0.1)

_PUSH_HEIGHT_M = 0.12
_TRACK_M = 0.16

# The body's centre of mass is 10 cm above the axle. Ellipsoids roll on one point each. The motors
# follow the speed that is commanded like a geared servo, within their torque.
_MJCF = f"""
<mujoco model="balancer">
  <option timestep="0.002" integrator="implicitfast" cone="elliptic" impratio="10"/>
  <worldbody>
    <geom name="floor" type="plane" size="0 0 1" condim="1"/>
    <body name="base_link" pos="0 0 {WHEEL_RADIUS_M}">
      <freejoint name="base"/>
      <geom type="box" size="0.03 0.06 0.1" pos="0 0 0.1" mass="1" contype="0" conaffinity="0"/>
      <site name="imu_link" pos="0 0 0.05"/>
      <body name="left_wheel" pos="0 {_TRACK_M / 2} 0">
        <joint name="left_wheel" axis="0 1 0" damping="0.001" armature="0.0005"/>
        <geom type="ellipsoid" size="{WHEEL_RADIUS_M} 0.01 {WHEEL_RADIUS_M}" mass="0.05"
              condim="4" friction="1 0.005 0.0001"/>
      </body>
      <body name="right_wheel" pos="0 -{_TRACK_M / 2} 0">
        <joint name="right_wheel" axis="0 1 0" damping="0.001" armature="0.0005"/>
        <geom type="ellipsoid" size="{WHEEL_RADIUS_M} 0.01 {WHEEL_RADIUS_M}" mass="0.05"
              condim="4" friction="1 0.005 0.0001"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <velocity name="left_motor" joint="left_wheel" kv="0.1"
              ctrlrange="-40 40" forcerange="-0.3 0.3"/>
    <velocity name="right_motor" joint="right_wheel" kv="0.1"
              ctrlrange="-40 40" forcerange="-0.3 0.3"/>
  </actuator>
  <sensor>
    <gyro name="gyro" site="imu_link"/>
    <accelerometer name="accelerometer" site="imu_link"/>
  </sensor>
</mujoco>
"""


class Push(NamedTuple):
    """Push the body 12 cm above its axle, for `PUSH_NS`; impulse_n_s: positive is forward."""

    start_ns: int
    impulse_n_s: float


class Balancer:
    """Balance a body of 1 kg on two wheels; biases, noise, start and pushes are drawn from `seed`.

    It takes cmd_vel as a base does whose motors hold the speed of the wheels: a speed forward and a
    rate of turn, both `DELAY_NS` late. /imu comes at 100 Hz, with noise and biases of an MPU-6050
    that is not quite level; /joint_states at 50 Hz, with `left_wheel` and `right_wheel` relative to
    the body: positions in steps of an encoder [rad], speeds without error [rad/s].
    A hand holds it, a little tilted, until the first command that is not zero. From then on it is
    pushed every 5 s by up to `push_n_s`, forward or back.
    Raises BackendError if the seed is negative.
    """

    def __init__(self, seed: int, push_n_s: float = 0.15) -> None:
        if seed < 0:
            raise BackendError(f"seed {seed} must not be negative")
        # One stream per purpose: how often a sensor is read must not change what another one says.
        start, noise, pushes = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(3))
        self._noise = noise
        self._pushes = pushes
        self._push_n_s = push_n_s
        self._tilt_bias_rad = start.uniform(-TILT_BIAS_RAD, TILT_BIAS_RAD)
        self._gyro_bias_rad_s = start.uniform(-GYRO_BIAS_RAD_S, GYRO_BIAS_RAD_S, 3)
        self._model = mujoco.MjModel.from_xml_string(_MJCF)
        self._data = mujoco.MjData(self._model)
        self._step_ns: int = round(self._model.opt.timestep * 1e9)
        self._base = self._data.body("base_link")
        half_tilt_rad = 0.5 * start.uniform(-START_TILT_RAD, START_TILT_RAD)
        self._data.qpos[3:7] = math.cos(half_tilt_rad), 0.0, math.sin(half_tilt_rad), 0.0
        mujoco.mj_forward(self._model, self._data)
        self._speed, self._turn = Delayed(DELAY_NS), Delayed(DELAY_NS)
        self._now_ns = 0
        self._released = False
        self._push = self._next_push(0)
        self._fell = False

    @property
    def in_collision(self) -> bool:
        """Whether it fell; it stays so."""
        return self._fell

    @property
    def released(self) -> bool:
        """Whether it is on its own."""
        return self._released

    @property
    def tilt_rad(self) -> float:
        """True tilt forward."""
        x, _, z = self._base.xmat.reshape(3, 3)[:, 2]
        return math.atan2(x, z)

    @property
    def travel_m(self) -> float:
        """True distance of the axle's middle from where it was released."""
        return math.hypot(*self._base.xpos[:2])

    @property
    def push(self) -> Push:
        """The push that is on, or the next one."""
        return self._push

    def command(self, linear_m_s: float, angular_rad_s: float) -> None:
        """Set the speeds that the wheels follow from `DELAY_NS` on; positive turns left.

        Raises BackendError if a value is not finite.
        """
        if not (math.isfinite(linear_m_s) and math.isfinite(angular_rad_s)):
            raise BackendError(f"command ({linear_m_s}, {angular_rad_s}) must be finite")
        self._speed.command(self._now_ns, linear_m_s)
        self._turn.command(self._now_ns, angular_rad_s)
        if (linear_m_s or angular_rad_s) and not self._released:
            self._released = True
            self._push = self._next_push(self._now_ns)

    def step(self, until_ns: int) -> None:
        """Advance physics to the first step at or after `until_ns`; what fell lies still."""
        while self._now_ns < until_ns:
            if self._released and not self._fell:
                self._follow()
                self._feel_push()
                mujoco.mj_step(self._model, self._data)
                self._fell = abs(self.tilt_rad) > FALLEN_RAD
            self._now_ns += self._step_ns
        # mj_step leaves positions and sensors one step behind the velocities it integrated.
        mujoco.mj_forward(self._model, self._data)

    def sense(self, elapsed_ns: int) -> list[SensorSample]:
        """Read the sensors that are due."""
        stamp_ns = START_NS + elapsed_ns
        samples = [imu(stamp_ns, self._imu())] if elapsed_ns % IMU_PERIOD_NS == 0 else []
        if elapsed_ns % JOINTS_PERIOD_NS == 0:
            samples.append(joint_states(stamp_ns, {name: self._wheel(name) for name in WHEELS}))
        return samples

    def close(self) -> None:
        """Release nothing: mujoco frees its memory by itself."""

    def _follow(self) -> None:
        speed_m_s, turn_m_s = self._speed.at(self._now_ns), self._turn.at(self._now_ns) * _TRACK_M
        left_m_s, right_m_s = speed_m_s - turn_m_s / 2, speed_m_s + turn_m_s / 2
        self._data.ctrl[:] = left_m_s / WHEEL_RADIUS_M, right_m_s / WHEEL_RADIUS_M

    def _feel_push(self) -> None:
        start_ns, impulse_n_s = self._push
        if self._now_ns < start_ns:
            return
        if self._now_ns >= start_ns + PUSH_NS:
            self._base.xfrc_applied[:] = 0.0
            self._push = self._next_push(start_ns)
            return
        rotation = self._base.xmat.reshape(3, 3)
        # Level, whatever the tilt.
        force_n = np.append(rotation[:2, 0] / np.linalg.norm(rotation[:2, 0]), 0.0)
        force_n *= impulse_n_s / (PUSH_NS / 1e9)
        arm_m = rotation @ (0.0, 0.0, _PUSH_HEIGHT_M) + self._base.xpos - self._base.xipos
        self._base.xfrc_applied[:] = np.concatenate((force_n, np.cross(arm_m, force_n)))

    def _next_push(self, after_ns: int) -> Push:
        impulse_n_s = self._push_n_s * self._pushes.uniform(0.5, 1.0)
        side = self._pushes.choice((-1.0, 1.0))
        return Push(after_ns + PUSH_PERIOD_NS, float(impulse_n_s * side))

    def _imu(self) -> ImuSample:
        noise = self._noise.standard_normal((2, 3))
        turning_rad_s = self._data.sensor("gyro").data.copy()
        acceleration_m_s2 = self._data.sensor("accelerometer").data.copy()
        if self._fell or not self._released:
            # Held by a hand, or by the floor: physics of a free fall would not feel it.
            turning_rad_s[:] = 0.0
            acceleration_m_s2[:] = -self._model.opt.gravity @ self._base.xmat.reshape(3, 3)
        sine, cosine = math.sin(self._tilt_bias_rad), math.cos(self._tilt_bias_rad)
        level = np.array(((cosine, 0.0, -sine), (0.0, 1.0, 0.0), (sine, 0.0, cosine)))
        return ImuSample(
            turning_rad_s + self._gyro_bias_rad_s + GYRO_NOISE_RAD_S * noise[0],
            level @ acceleration_m_s2 + ACCELEROMETER_NOISE_M_S2 * noise[1],
        )

    def _wheel(self, name: str) -> tuple[float, float]:
        joint = self._data.joint(name)
        turned_rad = math.floor(float(joint.qpos[0]) / ENCODER_RAD) * ENCODER_RAD
        return turned_rad, float(joint.qvel[0])
