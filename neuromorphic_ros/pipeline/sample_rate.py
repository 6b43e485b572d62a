"""How often samples are encoded and decisions made at each quality."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.power.quality import Quality


@dataclass(frozen=True, config=STRICT)
class SampleRates:
    """Rates at which camera samples are taken and readouts decide while power is short.

    A camera is most of the work of a network that has one, and what it sees changes by events, not
    by frames. Sensors that steer, as lidars and IMUs, are never thinned, and the samples of
    triggers are decided on at once.
    """

    medium_camera_hz: Annotated[
        float,
        Field(ge=0.1, le=1000, description="Pictures per second at medium quality [Hz]"),
    ] = 15.0
    low_camera_hz: Annotated[
        float, Field(ge=0.1, le=1000, description="Pictures per second at low quality [Hz]")
    ] = 5.0

    medium_decisions_hz: Annotated[
        float, Field(ge=1, le=1000, description="Decisions per second at medium quality [Hz]")
    ] = 25.0
    low_decisions_hz: Annotated[
        float, Field(ge=1, le=1000, description="Decisions per second at low quality [Hz]")
    ] = 10.0

    def decisions_hz(self, quality: Quality) -> float:
        """Return how often readouts decide at most at a quality; infinite: as the core says."""
        return {
            Quality.LOW: self.low_decisions_hz,
            Quality.MEDIUM: self.medium_decisions_hz,
            Quality.HIGH: float("inf"),
        }[quality]

    def camera_hz(self, quality: Quality) -> float | None:
        """Return the rate at a quality; none: every picture is taken."""
        return {
            Quality.LOW: self.low_camera_hz,
            Quality.MEDIUM: self.medium_camera_hz,
            Quality.HIGH: None,
        }[quality]


class RateLimit:
    """Take so many samples per second at most, by their stamps."""

    def __init__(self) -> None:
        """Take all samples; rate_hz: assign to change that."""
        self.rate_hz: float | None = None
        self._due_ns: int | None = None

    def reset(self) -> None:
        """Take the next sample."""
        self._due_ns = None

    def takes(self, stamp_ns: int) -> bool:
        """Tell whether to take a sample, which counts as taken then."""
        if self.rate_hz is None:
            return True
        period_ns = round(1e9 / self.rate_hz)
        due_ns = stamp_ns if self._due_ns is None else self._due_ns
        # A sample a little early must not wait for the next one: stamps jitter.
        if due_ns - 2 * period_ns < stamp_ns < due_ns - period_ns // 4:
            return False
        self._due_ns = (
            max(due_ns, stamp_ns - period_ns) if stamp_ns > due_ns - period_ns else (stamp_ns)
        ) + period_ns
        return True
