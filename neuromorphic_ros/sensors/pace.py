"""When the frames of a video are due."""

from __future__ import annotations

from typing import NamedTuple


class Pace(NamedTuple):
    """The frame that is due at `due_ns`, steady time.

    position_ns: its time in the video. interval_ns: from the frame before it to this one.
    """

    due_ns: int
    position_ns: int
    interval_ns: int

    def next(self, position_ns: int, rate: float) -> Pace:
        """Return the pace of the next frame, at `rate` times real time.

        Where the video begins again, or does not know its times, the interval stays as it was.
        """
        step_ns = position_ns - self.position_ns
        interval_ns = step_ns if step_ns > 0 else self.interval_ns
        return Pace(self.due_ns + round(interval_ns / rate), position_ns, interval_ns)
