"""The clock of a sensor on that of ROS."""

from __future__ import annotations

# Crystals drift by 100 ppm at most; what is left follows an offset that was wrong at first.
MAX_SLEW_PPM = 500
# Stamps stray by milliseconds; a difference like this is a clock that was set or started anew.
JUMP_NS = 1_000_000_000


class SensorClock:
    """Map the time of a sensor to that of the stamps, which are late and uneven.

    The first stamp fixes the offset. From then on the offset moves towards that of each stamp, by
    500 ppm of the time in between at most, as adjtime(2) slews a clock. Steps of one size up and
    down lead to the median of the stamps' delays: drift never adds up, and single delays of
    any length count no more than others.
    """

    def __init__(self) -> None:
        self._offset_ns: int | None = None
        self._previous_ns = 0

    def jumps(self, sensor_ns: int, stamp_ns: int) -> bool:
        """Tell whether a stamp is 1 s or more from where the clock expects it."""
        return (
            self._offset_ns is not None and abs(stamp_ns - sensor_ns - self._offset_ns) >= JUMP_NS
        )

    def follow(self, sensor_ns: int, stamp_ns: int) -> int:
        """Return what to add to sensor times from `sensor_ns` on, which arrived with `stamp_ns`."""
        observed_ns = stamp_ns - sensor_ns
        if self._offset_ns is None:
            self._offset_ns = observed_ns
        most_ns = max(0, sensor_ns - self._previous_ns) * MAX_SLEW_PPM // 1_000_000
        self._offset_ns += min(max(observed_ns - self._offset_ns, -most_ns), most_ns)
        self._previous_ns = sensor_ns
        return self._offset_ns

    def reset(self) -> None:
        """Forget all stamps: the next one fixes the offset."""
        self._offset_ns = None
