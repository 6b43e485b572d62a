"""What of a recording could not be used, told on standard error."""

from __future__ import annotations

import sys

from neuromorphic_ros.pipeline.replay import Rejected

SHOWN = 5


class Rejections:
    """Tell of the first rejected messages one by one, and of the rest by their number."""

    def __init__(self) -> None:
        """Start without any."""
        self.count = 0

    def tell(self, rejected: Rejected) -> None:
        """Count a message and, if it is one of the first, say why it was rejected."""
        self.count += 1
        if self.count <= SHOWN:
            print(f"rejected: {rejected.topic}: {rejected.reason}", file=sys.stderr)

    def sum_up(self, what: str) -> None:
        """Say how many there were, if not all were told of; what: in the plural."""
        if self.count > SHOWN:
            print(f"rejected: {self.count} {what} in all", file=sys.stderr)
