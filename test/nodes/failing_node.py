"""A node of which a part fails while the last sector sees something: PART NODE ARGUMENTS."""

from __future__ import annotations

import importlib
import sys
import time
from typing import Any

from neuromorphic_ros.backends.registry import BACKENDS
from neuromorphic_ros.pipeline.encodings import ENCODERS, Encoding
from neuromorphic_ros.snn.spec import Input
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

LAST_SECTOR = 7
CODE = "scan_rate"
RECOVERY_S = 0.3


class FailingNetwork(StreamingNetwork):
    """A network on hardware that breaks down, and comes back a while later.

    Spikes are random, so that a step now and then has none of the last sector.
    """

    _broken_until_s = 0.0

    def run(self, spikes: TickSpikes) -> TickSpikes:
        now_s = time.monotonic()
        if LAST_SECTOR in spikes.address:
            self._broken_until_s = now_s + RECOVERY_S
        if now_s < self._broken_until_s:
            raise OSError("the chip does not answer")
        return super().run(spikes)


def failing_encoder(source: Input, seed: int) -> Encoding:
    """Build the encoder with a reader that has a bug."""
    encoding = REAL_ENCODER(source, seed)

    def read_with_bug(message: Any) -> Any:
        if message.ranges[LAST_SECTOR] < message.range_max:
            raise ZeroDivisionError("a bug")
        return encoding.read(message)

    return encoding._replace(read=read_with_bug)


REAL_ENCODER = ENCODERS["scan"][CODE]

if __name__ == "__main__":
    part, name = sys.argv.pop(1), sys.argv.pop(1)
    if part == "core":
        BACKENDS["jetson"] = BACKENDS["jetson"]._replace(
            compile=lambda spec, options: FailingNetwork(spec)
        )
    else:
        ENCODERS["scan"][CODE] = failing_encoder
    sys.exit(importlib.import_module(f"neuromorphic_ros.nodes.{name}").main())
