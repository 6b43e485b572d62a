from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from neuromorphic_ros.encoding.dvs_camera import DvsCamera, DvsCameraParameters
from neuromorphic_ros.pipeline.event_statistics import EventStatistics

FRAME_NS = 100_000_000
DARK, BRIGHT = np.full((4, 5), 20, np.uint8), np.full((4, 5), 200, np.uint8)
MIXED = np.where(np.arange(20).reshape(4, 5) < 10, DARK, BRIGHT)


class Watched:
    """A camera whose samples are observed."""

    def __init__(self, **parameters: Any) -> None:
        self.camera = DvsCamera(DvsCameraParameters(**parameters), 4, 5, seed=0)
        self.statistics = EventStatistics(self.camera)
        self._now_ns = 10**12

    def see(self, *samples: Any) -> tuple[int, int]:
        """Encode samples 0.1 s apart; return how many events they gave, and how many were ON."""
        events = on = 0
        for sample in samples:
            self._now_ns += FRAME_NS
            spikes = self.camera.encode(sample, self._now_ns)
            self.statistics.observe(spikes, self.camera.complete_ns(self._now_ns))
            events += len(spikes)
            on += int(spikes.counts()[1].sum())
        return events, on


def packet(seq: int, *words: int) -> Any:
    return SimpleNamespace(
        height=4,
        width=5,
        seq=seq,
        time_base=seq * FRAME_NS,
        encoding="mono",
        is_bigendian=False,
        events=np.array(words, "<u8").tobytes(),
    )


ON_EVENT, OFF_EVENT, OUTSIDE = 1 << 63, 1, 9 << 32


def test_before_the_first_picture_there_is_nothing_to_say() -> None:
    level, message, values = Watched().statistics.health()
    assert (level, message) == ("ok", "waiting for a picture")
    assert (values["events_per_s"], values["on_share"]) == ("0", "nan")
    assert values["has_reference"] is False


def test_the_first_picture_is_said_to_be_the_reference() -> None:
    watched = Watched()
    assert watched.see(DARK) == (0, 0)
    level, message, values = watched.statistics.health()
    assert level == "ok"
    assert message.startswith("the first picture is the reference")
    assert values["has_reference"] is True


def test_rate_and_share_are_of_the_time_since_the_last_report() -> None:
    watched = Watched()
    events, on = watched.see(DARK, BRIGHT, MIXED)
    level, message, values = watched.statistics.health()
    assert (level, message) == ("ok", "emulated from pictures")
    assert float(values["events_per_s"]) == round(events / 0.2)  # type: ignore[arg-type]
    assert values["on_share"] == f"{on / events:.2f}"
    assert values["threshold_scale"] == "1"
    watched.see(MIXED, MIXED)
    values = watched.statistics.health().values
    assert (values["events_per_s"], values["on_share"]) == ("0", "nan")
    off, _ = watched.see(DARK)
    values = watched.statistics.health().values
    assert (values["events_per_s"], values["on_share"]) == (str(off * 10), "0.00")
    assert watched.statistics.health().values["events_per_s"] == "0"


def test_raised_thresholds_are_a_warning() -> None:
    watched = Watched(max_events_per_s=500.0)
    watched.see(*[DARK, BRIGHT] * 3)
    level, message, values = watched.statistics.health()
    scale = watched.camera.threshold_scale
    assert level == "warn"
    assert message == (
        f"rate control has raised all thresholds {scale:.2f} times to hold max_events_per_s = 500"
    )
    assert float(values["threshold_scale"]) > 1.0  # type: ignore[arg-type]


def test_a_ceiling_below_the_noise_is_a_warning() -> None:
    watched = Watched(max_events_per_s=1.0, shot_noise_rate_hz=100.0)
    watched.see(*[DARK] * 60)
    level, message, _ = watched.statistics.health()
    assert level == "warn"
    assert "although no threshold is left to raise" in message


def test_lost_packets_and_invalid_events_are_warnings_once() -> None:
    watched = Watched()
    watched.see(packet(0, ON_EVENT, OFF_EVENT), packet(1, ON_EVENT))
    level, message, values = watched.statistics.health()
    assert (level, message) == ("ok", "decoded from packets")
    assert (values["on_share"], values["packets"]) == ("0.67", "2")
    watched.see(packet(4, ON_EVENT, OUTSIDE))
    level, message, values = watched.statistics.health()
    assert (level, values["lost_packets"], values["invalid_events"]) == ("warn", "2", "1")
    assert message.startswith("2 packets were lost on the way; 1 events were outside the sensor")
    watched.see(packet(5, ON_EVENT))
    assert watched.statistics.health().level == "ok"


def test_a_reset_begins_anew() -> None:
    watched = Watched()
    watched.see(packet(0, ON_EVENT), packet(9, ON_EVENT))
    watched.camera.reset()
    watched.statistics.reset()
    assert watched.statistics.health().message == "waiting for a picture"
    watched.see(packet(3, ON_EVENT))
    assert watched.statistics.health().level == "ok"
