"""What every simulated robot offers, whichever simulator moves it."""

from __future__ import annotations

from typing import Protocol

from neuromorphic_ros.simulation.sensor_sample import SensorSample

# All periods of sensors are multiples of it.
TICK_NS = 10_000_000


class Plant(Protocol):
    """A simulated robot in time of its own, which starts at 0 ns; a seed makes all of it."""

    @property
    def in_collision(self) -> bool:
        """Whether it touched what it must not during the last `step`."""

    def command(self, linear_m_s: float, angular_rad_s: float) -> None:
        """Set the velocity that it follows from now on; positive turns left.

        Raises BackendError if a value is not finite.
        """

    def step(self, until_ns: int) -> None:
        """Advance to `until_ns` or the first step of the physics after it."""

    def sense(self, elapsed_ns: int) -> list[SensorSample]:
        """Read the sensors that are due, stamped `START_NS` + `elapsed_ns`.

        Every multiple of `TICK_NS` is to be asked for once, after a step to it.
        """

    def close(self) -> None:
        """Release what it holds."""
