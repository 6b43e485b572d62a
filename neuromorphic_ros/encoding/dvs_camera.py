"""The camera of a network: ordinary pictures or the packets of an event camera in, events out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.dvs import LARGEST_THRESHOLD, SMALLEST_THRESHOLD, Dvs, DvsParameters
from neuromorphic_ros.encoding.encoder import check_later
from neuromorphic_ros.encoding.event_camera.encoder import EventCamera, EventCameraParameters
from neuromorphic_ros.encoding.event_camera.packet import EventPacket, PacketCounts
from neuromorphic_ros.encoding.event_rate import RateControl, controlled
from neuromorphic_ros.encoding.image import Grey, resize
from neuromorphic_ros.encoding.log_polar import LogPolar, LogPolarSampler
from neuromorphic_ros.encoding.region import View
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import Shape, SpikeBatch

# One of two million thresholds is farther below the nominal one.
SPREAD_SIGMA = 5.0


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class DvsCameraParameters(DvsParameters, EventCameraParameters):
    """Parameters of the emulated pixels, of the event camera's filters, and of what both share."""

    max_events_per_s: Annotated[
        float,
        Field(
            ge=0.0,
            le=1e9,
            description="ceiling that raised thresholds hold, of pictures; 0: none [1/s]",
        ),
    ] = 0.0


class DvsCamera:
    """Encode pictures as an emulated DVS would see them, packets as they are.

    Of both, the region of interest is resized to the pixels of the network, so that it does not
    matter to a network which of the two a robot has.
    """

    def __init__(self, parameters: DvsCameraParameters, height: int, width: int, seed: int) -> None:
        """Encode to (2, height, width); raises SensorError if no sensor has that size."""
        self._dvs = Dvs(parameters, height, width, seed)
        self._event_camera = EventCamera(parameters, height, width)
        self._parameters = parameters
        self._retina = self._look(parameters)
        self.reset()

    @property
    def shape(self) -> Shape:
        """Extents of the population: (2, height, width), polarity 1 = ON."""
        return self._dvs.shape

    @property
    def parameters(self) -> DvsCameraParameters:
        """Parameters; new ones hold from the next sample on."""
        return self._parameters

    @parameters.setter
    def parameters(self, parameters: DvsCameraParameters) -> None:
        if parameters.fovea != self._parameters.fovea:
            self._retina = self._look(parameters)
            self._dvs.reset()
        self._parameters = parameters
        self._dvs.parameters = parameters
        self._event_camera.parameters = parameters

    @property
    def view(self) -> View:
        """What the last sample showed; before the first, a picture of the network's size."""
        return self._view

    @property
    def takes_packets(self) -> bool:
        """Tell whether the last sample was of an event camera."""
        return self._takes_packets

    @property
    def has_reference(self) -> bool:
        """Tell whether there was a picture to compare the next one with; the first gives none."""
        return self._dvs.has_reference

    @property
    def threshold_scale(self) -> float:
        """Factor by which rate control has raised the thresholds."""
        return self._rate_control.threshold_scale

    @property
    def is_at_limit(self) -> bool:
        """Tell whether rate control has no threshold left to raise."""
        return self._rate_control.log_scale >= math.log(self._max_threshold_scale)

    @property
    def packet_counts(self) -> PacketCounts:
        """Counts of the packets since the last reset."""
        return self._event_camera.counts

    @property
    def counters(self) -> Mapping[str, float]:
        """Counts of the packets, or the factor on the thresholds."""
        if not self._takes_packets:
            return {"threshold_scale": self.threshold_scale}
        counts = self.packet_counts
        return {
            "packets": counts.packets,
            "lost_packets": counts.lost,
            "restarts": counts.restarts,
            "decoded_events": counts.decoded.events,
            "invalid_events": counts.decoded.invalid,
            "late_events": counts.decoded.late,
        }

    def encode(self, sample: Grey | EventPacket, stamp_ns: int) -> SpikeBatch:
        """Encode a picture, uint8[h, w] of any size, or a packet.

        The first picture gives no events, nor does the first one of another region or size.
        Raises SensorError, with nothing changed, if the sample cannot be used, the region is not
        inside it, or a picture is not later than the last.
        """
        if isinstance(sample, np.ndarray):
            return self._emulate(sample, stamp_ns)
        spikes = self._event_camera.encode(sample, stamp_ns)
        self._takes_packets = True
        self._view = self._parameters.view_of(sample.width, sample.height)
        return spikes

    def complete_ns(self, stamp_ns: int) -> int:
        """Return the time before which no sample after the one of `stamp_ns` spikes."""
        return self._event_camera.complete_ns(stamp_ns) if self._takes_packets else stamp_ns

    def reset(self) -> None:
        """Forget all samples, as after construction."""
        self._dvs.reset()
        self._event_camera.reset()
        self._view = View.whole(self.shape[2], self.shape[1])
        self._takes_packets = False
        self._previous_ns: int | None = None
        self._control(RateControl())

    @property
    def _max_threshold_scale(self) -> float:
        """Factor from which on no change of light reaches any threshold."""
        parameters = self._parameters
        nominal = min(parameters.pos_thres, parameters.neg_thres)
        lowest = nominal - SPREAD_SIGMA * parameters.sigma_thres
        return LARGEST_THRESHOLD / max(lowest, SMALLEST_THRESHOLD)

    def _look(self, parameters: DvsCameraParameters) -> LogPolarSampler | None:
        _, height, width = self.shape
        fovea = parameters.fovea
        return LogPolarSampler(LogPolar(height, width, fovea)) if fovea else None

    def _emulate(self, picture: Grey, stamp_ns: int) -> SpikeBatch:
        check_later("picture", stamp_ns, self._previous_ns)
        view = self._parameters.view_of(picture.shape[1], picture.shape[0])
        if view != self._view:
            self._dvs.reset()
        x, y, width, height = view.region
        part = picture[y : y + height, x : x + width]
        seen = self._retina.sample(part) if self._retina else resize(part, *self.shape[1:])
        before_ns = self._previous_ns if self._dvs.has_reference else None
        spikes = self._dvs.encode(seen, stamp_ns)
        if before_ns is not None:
            self._observe(len(spikes), (stamp_ns - before_ns) / 1e9)
        self._view, self._takes_packets, self._previous_ns = view, False, stamp_ns
        return spikes

    def _observe(self, events: int, interval_s: float) -> None:
        ceiling, most = self._parameters.max_events_per_s, self._max_threshold_scale
        self._control(controlled(self._rate_control, events, interval_s, ceiling, most))

    def _control(self, state: RateControl) -> None:
        self._rate_control = state
        self._dvs.threshold_scale = state.threshold_scale
