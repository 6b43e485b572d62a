from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.encoding.event_image import OFF_COLOUR, ON_COLOUR
from neuromorphic_ros.pipeline.event_images import EVENT_IMAGE, EventImages
from neuromorphic_ros.pipeline.outputs import IMAGE, OutputMessage
from neuromorphic_ros.pipeline.sensor_input import SensorInput
from neuromorphic_ros.snn.spec import Input

from .test_sensor_input import events, picture

SECOND_NS = 1_000_000_000
MS = 1_000_000
DVS = Input("dvs", (2, 12, 16), "camera", "dvs")
ON, OFF = 1 << 63, 0


class Shown:
    """A camera input whose events are drawn."""

    def __init__(self) -> None:
        self.listeners, self.rate_hz, self.asked = True, 100.0, set[str]()
        self.source = SensorInput(DVS, seed=0)
        self._images = EventImages(self.source, self._wanted, lambda: self.rate_hz)

    def see(self, message: Any, name: str = "dvs") -> list[OutputMessage]:
        return list(self._images.encoded(name, self.source.encode(message, 0)))

    def packet(self, at_ms: int, *words: int) -> list[OutputMessage]:
        """Take a packet that ends with its last word, `at_ms` after the first second."""
        stamp_ns = SECOND_NS + at_ms * MS
        return self.see(events(stamp_ns, at_ms, *words))

    def _wanted(self, topic: str) -> bool:
        self.asked.add(topic)
        return self.listeners


def pixels(output: OutputMessage) -> Any:
    return output.fields["data"].reshape(output.fields["height"], output.fields["width"], 3)


def test_each_picture_gives_its_events() -> None:
    shown = Shown()
    (first,) = shown.see(picture(SECOND_NS, 50))
    assert not pixels(first).any()
    (second,) = shown.see(picture(2 * SECOND_NS, 200, "eye"))
    assert (second.topic, second.type, second.stamp_ns) == (EVENT_IMAGE, IMAGE, 2 * SECOND_NS)
    assert second.fields["header"] == {"stamp": 2 * SECOND_NS, "frame_id": "eye"}
    assert (second.fields["encoding"], second.fields["step"]) == ("rgb8", 48)
    assert np.all(pixels(second) == ON_COLOUR)


def test_nothing_is_drawn_for_nobody() -> None:
    shown = Shown()
    shown.see(picture(SECOND_NS, 50))
    shown.listeners = False
    assert shown.see(picture(2 * SECOND_NS, 200)) == []
    assert shown.asked == {EVENT_IMAGE}


def test_other_inputs_are_not_drawn() -> None:
    assert Shown().see(picture(SECOND_NS, 50), "other") == []


def test_packets_are_accumulated_for_a_period() -> None:
    shown = Shown()
    assert shown.packet(1, ON) == []
    assert shown.packet(5, OFF | 3 << 32) == []
    (image,) = shown.packet(12, ON | 7 << 32)
    assert image.stamp_ns == SECOND_NS + 10 * MS
    assert pixels(image)[0, 0].tolist() == list(ON_COLOUR)
    assert pixels(image)[0, 3].tolist() == list(OFF_COLOUR)
    assert not pixels(image)[0, 7].any(), "it is of the next period"
    (image,) = shown.packet(51, ON | 9 << 32)
    assert image.stamp_ns == SECOND_NS + 50 * MS
    assert pixels(image)[0].any(axis=1).nonzero()[0].tolist() == [7]


def test_events_before_somebody_listened_are_not_drawn() -> None:
    shown = Shown()
    shown.listeners = False
    shown.packet(1, ON)
    shown.listeners = True
    assert shown.packet(5, ON | 3 << 32) == []
    (image,) = shown.packet(12, ON | 7 << 32)
    assert pixels(image)[0].any(axis=1).nonzero()[0].tolist() == [3]


@pytest.mark.parametrize("back_ms", [2000, 0])
def test_a_clock_set_back_or_a_higher_rate_does_not_stop_the_pictures(back_ms: int) -> None:
    shown = Shown()
    shown.rate_hz = 1.0 if back_ms == 0 else 100.0
    shown.packet(5000, ON)
    shown.rate_hz = 100.0
    begin_ms = 5001 - back_ms
    found = [shown.packet(begin_ms + 5 * index, ON) for index in range(6)]
    assert sum(map(len, found)) >= 2
