"""The baseline of balancing: linear-quadratic regulators on the same sensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_continuous_are

from neuromorphic_ros.simulation.balancer import WHEEL_RADIUS_M
from neuromorphic_ros.simulation.plant import TICK_NS
from neuromorphic_ros.simulation.sensor_sample import SensorSample

Values = npt.NDArray[np.float64]

GRAVITY_M_S2 = 9.81
# Of CartPole-v1: masses of cart and pole, half of the pole's length, the force of a push.
CART_KG, POLE_KG, HALF_POLE_M, PUSH_N = 1.0, 0.1, 0.5, 10.0
# Of the robot: the pendulum that its body swings like, and the limits of its base.
PENDULUM_M = (0.1**2 + (0.06**2 + 0.2**2) / 12.0) / 0.1
MAX_M_S, MAX_M_S2 = 0.5, 2.5
# Of the complementary filter of gyroscope and accelerometer.
TAU_S = 1.0


def gains(system: Values, drive: Values, costs: Sequence[float], drive_cost: float) -> Values:
    """Return the gains of a state feedback that minimises costs of the squares of all states."""
    column = drive[:, None]
    found = solve_continuous_are(system, column, np.diag(costs), np.array([[drive_cost]]))
    return np.asarray((column.T @ found / drive_cost)[0])


def cart_gains() -> Values:
    """Return the gains of position, speed, angle and turning rate that a force pushes by [N]."""
    total_kg = CART_KG + POLE_KG
    inertia_m = HALF_POLE_M * (4.0 / 3.0 - POLE_KG / total_kg)
    share_m = POLE_KG * HALF_POLE_M / total_kg
    system = np.zeros((4, 4))
    system[0, 1] = system[2, 3] = 1.0
    system[3, 2] = GRAVITY_M_S2 / inertia_m
    system[1, 2] = -share_m * system[3, 2]
    turning = -1.0 / (total_kg * inertia_m)
    drive = np.array([0.0, 1.0 / total_kg - share_m * turning, 0.0, turning])
    return gains(system, drive, (1.0, 1.0, 10.0, 1.0), 1.0)


def robot_gains() -> Values:
    """Return the gains of place, speed, tilt and its rate that an acceleration answers [m/s2]."""
    system = np.zeros((4, 4))
    system[0, 1] = system[2, 3] = 1.0
    system[3, 2] = GRAVITY_M_S2 / PENDULUM_M
    drive = np.array([0.0, 1.0, 0.0, -1.0 / PENDULUM_M])
    return gains(system, drive, (1.0, 1.0, 10.0, 1.0), 1.0)


class CartRegulator:
    """Push the cart by the sign of a state feedback."""

    def __init__(self) -> None:
        """Compute the gains."""
        self._gains = cart_gains()

    def speed(self, samples: Sequence[SensorSample]) -> float | None:
        """Return the command after what was sensed; none: nothing."""
        if not samples:
            return None
        fields = samples[0].fields
        state = np.stack([fields["position"], fields["velocity"]], axis=1).ravel()
        return float(-self._gains @ state)


class RobotRegulator:
    """Filter the tilt and accelerate by a state feedback, within the limits of a base."""

    def __init__(self) -> None:
        """Compute the gains."""
        self._gains = robot_gains()
        self._state = np.zeros(4)
        self._tilt_rad: float | None = None
        self._speed_m_s = 0.0

    def speed(self, samples: Sequence[SensorSample]) -> float:
        """Return the command after what was sensed, every 10 ms."""
        step_s = TICK_NS * 1e-9
        for sample in samples:
            if sample.topic == "/imu":
                rate_rad_s = sample.fields["angular_velocity"]["y"]
                felt_rad = -sample.fields["linear_acceleration"]["x"] / GRAVITY_M_S2
                before_rad = felt_rad if self._tilt_rad is None else self._tilt_rad
                drift_rad = (felt_rad - before_rad) * step_s / TAU_S
                self._tilt_rad = before_rad + rate_rad_s * step_s + drift_rad
                self._state[2:] = self._tilt_rad, rate_rad_s
            else:
                fields = sample.fields
                self._state[0] = np.mean(fields["position"]) * WHEEL_RADIUS_M
                self._state[1] = np.mean(fields["velocity"]) * WHEEL_RADIUS_M
        wanted_m_s2 = float(np.clip(-self._gains @ self._state, -MAX_M_S2, MAX_M_S2))
        self._speed_m_s = float(np.clip(self._speed_m_s + wanted_m_s2 * step_s, -MAX_M_S, MAX_M_S))
        return self._speed_m_s
