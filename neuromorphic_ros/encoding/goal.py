"""Where a goal lies, seen from the robot, as spikes: one neuron for each heading, one for there."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.coded_encoder import CodedEncoder
from neuromorphic_ros.encoding.place import PlaceCode
from neuromorphic_ros.encoding.rate import HoldMs
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import SpikeBatch


class Goal(NamedTuple):
    """A place to go to [m], in the frame of that name."""

    x_m: float
    y_m: float
    frame_id: str


class Located(NamedTuple):
    """Where a robot is [m, rad], in the frame of that name, and where it is to go; none: unknown.

    heading_rad: counter-clockwise from x.
    """

    x_m: float
    y_m: float
    heading_rad: float
    frame_id: str
    goal: Goal | None = None


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class GoalParameters:
    """How finely headings are told apart, and how near is there."""

    headings: Annotated[
        int, Field(ge=3, le=4096, description="neurons around the robot, of equal sectors [1]")
    ] = 36
    reach_m: Annotated[
        float, Field(ge=0.0, le=1000.0, description="distance within which the goal is reached [m]")
    ] = 0.3
    hold_ms: HoldMs = 50.0


class GoalBearingEncoder(CodedEncoder[Located, GoalParameters]):
    """Code the bearing of a goal by one spike per sample, in the sector in which it lies.

    Addresses: the headings from behind over the right and the left to behind, then one for a goal
    that is reached, which alone spikes then.
    Raises SensorError if there is no goal, if it is in another frame than the robot, or if a value
    is not finite.
    """

    sensor = "odom"
    fixed = ("headings",)
    _code: PlaceCode

    def __init__(self, parameters: GoalParameters) -> None:
        """Start without samples."""
        super().__init__(parameters, PlaceCode(parameters.headings + 1))

    @property
    def counters(self) -> dict[str, int]:
        """Nothing is clipped."""
        return {}

    def _encoded(self, sample: Located, stamp_ns: int) -> SpikeBatch:
        return self._code.encode(self._place(sample), stamp_ns, self.parameters.hold_ms)

    def _place(self, sample: Located) -> int:
        if sample.goal is None:
            raise SensorError("odometry has no goal to go to; publish one on goal_pose")
        if sample.goal.frame_id != sample.frame_id:
            raise SensorError(
                f"the goal is in frame '{sample.goal.frame_id}' and odometry in "
                f"'{sample.frame_id}'; send the goal in the frame of the odometry"
            )
        values = (*sample[:3], *sample.goal[:2])
        if not all(map(math.isfinite, values)):
            raise SensorError(
                f"odometry and goal are {values}; both drivers must send finite values"
            )
        away_x_m, away_y_m = sample.goal.x_m - sample.x_m, sample.goal.y_m - sample.y_m
        headings = self.parameters.headings
        if math.hypot(away_x_m, away_y_m) <= self.parameters.reach_m:
            return headings
        bearing_rad = math.atan2(away_y_m, away_x_m) - sample.heading_rad
        return math.floor((bearing_rad / (2.0 * math.pi) + 0.5) * headings) % headings
