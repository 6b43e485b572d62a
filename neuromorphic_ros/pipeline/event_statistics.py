"""What the diagnostics say of the events of a camera."""

from __future__ import annotations

import math

import numpy as np

from neuromorphic_ros.encoding.dvs_camera import DvsCamera
from neuromorphic_ros.encoding.event_camera.packet import PacketCounts
from neuromorphic_ros.pipeline.health import Health
from neuromorphic_ros.spikes import SpikeBatch


class EventStatistics:
    """Sum up the events of a camera from one report to the next, in the time of its stamps."""

    def __init__(self, camera: DvsCamera) -> None:
        """Start without events."""
        self._camera = camera
        self.reset()

    def reset(self) -> None:
        """Forget all events."""
        self._samples = self._events = self._on = 0
        self._since_ns: int | None = None
        self._until_ns = 0
        self._reported = PacketCounts()

    def observe(self, spikes: SpikeBatch, complete_ns: int) -> None:
        """Take the events of a sample; no later sample holds one before `complete_ns`."""
        if self._since_ns is None:
            self._since_ns = int(spikes.time_ns[0]) if len(spikes) else complete_ns
        self._until_ns = complete_ns
        self._samples += 1
        self._events += len(spikes)
        self._on += int(np.count_nonzero(spikes.address >= spikes.size // 2))

    def health(self) -> Health:
        """Return what there is to say of the time since the last call."""
        camera = self._camera
        elapsed_ns = 0 if self._since_ns is None else self._until_ns - self._since_ns
        rate = self._events * 1e9 / elapsed_ns if elapsed_ns > 0 else 0.0
        values: dict[str, object] = {
            "events_per_s": f"{rate:.0f}",
            "on_share": f"{self._on / self._events if self._events else math.nan:.2f}",
            "has_reference": camera.has_reference,
            **{name: f"{value:g}" for name, value in camera.counters.items()},
        }
        warning = self._of_packets() if camera.takes_packets else self._of_pictures(rate)
        if self._since_ns is not None:
            self._since_ns = self._until_ns
        self._events = self._on = 0
        return Health("warn" if warning else "ok", warning or self._state, values)

    @property
    def _state(self) -> str:
        if self._camera.takes_packets:
            return "decoded from packets"
        if self._samples == 0:
            return "waiting for a picture"
        if self._samples == 1:
            return "the first picture is the reference: events begin with the second one"
        return "emulated from pictures"

    def _of_pictures(self, rate: float) -> str:
        camera = self._camera
        ceiling, scale = camera.parameters.max_events_per_s, camera.threshold_scale
        if camera.is_at_limit and rate > ceiling:
            return (
                f"{rate:.0f} events/s although no threshold is left to raise: noise alone exceeds"
                f" max_events_per_s = {ceiling:g}; raise it, or lower shot_noise_rate_hz"
            )
        if scale > 1.0:
            return (
                f"rate control has raised all thresholds {scale:.2f} times to hold"
                f" max_events_per_s = {ceiling:g}"
            )
        return ""

    def _of_packets(self) -> str:
        before, self._reported = self._reported, self._camera.packet_counts
        lost = self._reported.lost - before.lost
        invalid = self._reported.decoded.invalid - before.decoded.invalid
        troubles = []
        if lost:
            troubles.append(f"{lost} packets were lost on the way")
        if invalid:
            troubles.append(
                f"{invalid} events were outside the sensor, or cut off by a lost packet"
            )
        return "; ".join(troubles)
