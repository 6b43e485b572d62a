"""The events of a camera as pictures to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from neuromorphic_ros.encoding.event_image import render
from neuromorphic_ros.pipeline.messages import rgb_image
from neuromorphic_ros.pipeline.outputs import IMAGE, OutputMessage
from neuromorphic_ros.pipeline.sensor_input import Encoded, SensorInput
from neuromorphic_ros.spikes import SpikeBatch, merge

EVENT_IMAGE = "event_image"

_END_OF_TIME_NS = 2**63 - 1


class EventImages:
    """Draw the events of one camera input: those of each picture, or of the packets of a period."""

    def __init__(
        self,
        source: SensorInput,
        wanted: Callable[[str], bool],
        rate_hz: Callable[[], float],
    ) -> None:
        """Begin without events.

        wanted: tells whether anybody listens to a topic; nothing is drawn for nobody.
        rate_hz: tells the rate of pictures from packets, each of which ends at a multiple of its
        period.
        """
        self._source = source
        self._wanted = wanted
        self._rate_hz = rate_hz
        self._forget()

    def encoded(self, name: str, sample: Encoded) -> Iterator[OutputMessage]:
        """Yield the picture that a sample of an input completes, if it does."""
        camera = self._source.camera
        if name != self._source.source.name or camera is None:
            return
        if not self._wanted(EVENT_IMAGE):
            self._forget()
        elif camera.takes_packets:
            yield from self._accumulated(sample)
        else:
            yield _drawn(sample.spikes, sample.stamp_ns, sample.frame_id)

    def _forget(self) -> None:
        self._pending: list[SpikeBatch] = []
        self._due_ns: int | None = None

    def _accumulated(self, sample: Encoded) -> Iterator[OutputMessage]:
        period_ns = round(1e9 / self._rate_hz())
        end_ns = sample.complete_ns // period_ns * period_ns
        self._pending.append(sample.spikes)
        # After a clock was set back, or the rate was raised, it would wait for long.
        if self._due_ns is None or self._due_ns > end_ns + period_ns:
            self._pending, self._due_ns = [sample.spikes], end_ns + period_ns
        elif end_ns >= self._due_ns:
            pending = merge(self._pending)
            yield _drawn(pending.between(0, end_ns), end_ns, sample.frame_id)
            self._pending = [pending.between(end_ns, _END_OF_TIME_NS)]
            self._due_ns = end_ns + period_ns


def _drawn(spikes: SpikeBatch, stamp_ns: int, frame_id: str) -> OutputMessage:
    _, height, width = spikes.shape
    fields = rgb_image(render(spikes, height, width), stamp_ns, frame_id)
    return OutputMessage(EVENT_IMAGE, IMAGE, stamp_ns, fields)
