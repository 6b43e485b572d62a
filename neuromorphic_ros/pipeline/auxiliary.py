"""A sensor that completes the samples of another one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.pipeline.sensing import stamp_of
from neuromorphic_ros.pipeline.time_jump import restarted

# Bounds how long a reading stands for the present, and how many are kept when the sensor that
# they complete is silent.
STALE_NS = 1_000_000_000
MOST_READINGS = 1000


class Auxiliary:
    """Keep the readings of a sensor until samples of another one have used them."""

    def __init__(
        self,
        sensor: str,
        read: Callable[[Any], Any],
        field: str,
        *,
        stale_ns: int | None = STALE_NS,
    ) -> None:
        """sensor: its name; read: returns the reading of a message or raises SensorError.

        field: of the samples, which are named tuples, that the readings fill.
        stale_ns: how old a reading may be; none: it holds until the next one.
        """
        self.sensor = sensor
        self._read = read
        self._field = field
        self._stale_ns = stale_ns
        self._readings: deque[tuple[int, Any]] = deque(maxlen=MOST_READINGS)

    def reset(self) -> None:
        """Forget all readings."""
        self._readings.clear()

    def receive(self, message: Any, arrival_ns: int) -> None:
        """Keep the reading of a message; a stamp far in the past starts anew.

        Raises SensorError if it cannot be used or comes late.
        """
        reading, stamp_ns = self._read(message), stamp_of(message, arrival_ns)
        previous_ns = self._readings[-1][0] if self._readings else None
        if restarted(previous_ns, stamp_ns):
            self._readings.clear()
        elif previous_ns is not None and stamp_ns < previous_ns:
            raise SensorError(
                f"{self.sensor} stamp {stamp_ns} ns is before the previous {previous_ns} ns"
            )
        self._readings.append((stamp_ns, reading))

    def complete(self, sample: Any, stamp_ns: int) -> Any:
        """Return a sample with the newest reading whose stamp is before `stamp_ns`.

        One of the same stamp is left out: which of the two comes first is chance, and the sample
        must not depend on it.

        Raises SensorError if there is none or it is too old.
        """
        while len(self._readings) > 1 and self._readings[1][0] < stamp_ns:
            self._readings.popleft()
        if not self._readings or self._readings[0][0] >= stamp_ns:
            raise SensorError(
                f"no {self.sensor} message with a stamp before {stamp_ns} ns has come; is its"
                " driver running, its topic remapped and its clock the same?"
            )
        taken_ns, reading = self._readings[0]
        if self._stale_ns is not None and stamp_ns - taken_ns > self._stale_ns:
            raise SensorError(
                f"the newest {self.sensor} message is {(stamp_ns - taken_ns) / 1e9:.2f} s older"
                " than the sample that it completes; is its driver running?"
            )
        return sample._replace(**{self._field: reading})
