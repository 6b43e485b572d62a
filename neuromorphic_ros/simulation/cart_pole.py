"""CartPole-v1 of gymnasium as a robot: joint states in, pushes by the sign of a velocity out."""

from __future__ import annotations

import importlib
import math
from types import ModuleType

import numpy as np

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation.delay import Delayed
from neuromorphic_ros.simulation.sensor_sample import START_NS, SensorSample, joint_states

STEP_NS = 20_000_000
FULL_STEPS = 500
# Beside what a controller takes to answer.
DELAY_NS = 20_000_000
# Range to both sides: where an episode ends, and speeds that balancing hardly exceeds.
RANGES = {"slider": (2.4, 3.0), "hinge": (0.21, 3.0)}
# Deviation of what is measured, as a share of the whole range of each quantity.
NOISE = 0.01

_NOISE = NOISE * 2.0 * np.array(list(RANGES.values()))


class CartPole:
    """Balance a pole on a cart for an episode of 500 steps of 20 ms, drawn from `seed`.

    /joint_states comes every step with `slider` (the cart [m, m/s]) and `hinge` (the pole [rad,
    rad/s], 0 is upright), with Gaussian noise of `NOISE`. The cart is pushed in the direction of
    the velocity that was commanded `DELAY_NS` before; of no velocity, to either side in turn.
    Barto, Sutton & Anderson, "Neuronlike adaptive elements that can solve difficult learning
    control problems", IEEE Transactions on Systems, Man, and Cybernetics 13, 1983.
    steps: after which it was still up.
    Raises BackendError if the seed is negative or gymnasium is not installed.
    """

    def __init__(self, seed: int) -> None:
        if seed < 0:
            raise BackendError(f"seed {seed} must not be negative")
        start, noise = np.random.SeedSequence(seed).spawn(2)
        self._environment = _load_gymnasium().make("CartPole-v1")
        state, _ = self._environment.reset(seed=int(start.generate_state(1)[0]))
        self._state = np.asarray(state, np.float64)
        self._noise = np.random.default_rng(noise)
        self._push = Delayed(DELAY_NS)
        self._now_ns = 0
        self._fell = False
        self.steps = 0

    @property
    def in_collision(self) -> bool:
        """Whether the pole fell or the cart left its track; it stays so."""
        return self._fell

    def command(self, linear_m_s: float, angular_rad_s: float) -> None:
        """Push by the sign of `linear_m_s` from `DELAY_NS` on.

        Raises BackendError if a value is not finite.
        """
        if not (math.isfinite(linear_m_s) and math.isfinite(angular_rad_s)):
            raise BackendError(f"command ({linear_m_s}, {angular_rad_s}) must be finite")
        self._push.command(self._now_ns, linear_m_s)

    def step(self, until_ns: int) -> None:
        """Advance by whole steps up to `until_ns`; an episode that is over stands still."""
        self._now_ns = until_ns
        while not self._is_over and (self.steps + 1) * STEP_NS <= until_ns:
            speed_m_s = self._push.at(self.steps * STEP_NS)
            right = speed_m_s > 0.0 if speed_m_s else self.steps % 2 == 0
            state, _, self._fell, _, _ = self._environment.step(int(right))
            self._state = np.asarray(state, np.float64)
            self.steps += not self._fell

    def sense(self, elapsed_ns: int) -> list[SensorSample]:
        """Read both joints if a step ends at `elapsed_ns`."""
        if elapsed_ns % STEP_NS:
            return []
        measured = self._state.reshape(2, 2) + _NOISE * self._noise.standard_normal((2, 2))
        joints = dict(zip(RANGES, map(tuple, measured.tolist()), strict=True))
        return [joint_states(START_NS + elapsed_ns, joints)]

    def close(self) -> None:
        """Release the environment."""
        self._environment.close()

    @property
    def _is_over(self) -> bool:
        return self._fell or self.steps >= FULL_STEPS


def _load_gymnasium() -> ModuleType:
    try:
        return importlib.import_module("gymnasium")
    except ModuleNotFoundError:
        raise BackendError(
            "CartPole needs gymnasium: pip install 'neuromorphic_ros[simulation]'"
        ) from None
