"""An event camera as the encoder of a network's input: packets in, filtered spikes out."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.event_camera.background_activity import BackgroundActivityFilter
from neuromorphic_ros.encoding.event_camera.binning import Binning, pixels_per_cell
from neuromorphic_ros.encoding.event_camera.filter import EventFilter
from neuromorphic_ros.encoding.event_camera.hot_pixels import HotPixelFilter
from neuromorphic_ros.encoding.event_camera.packet import (
    EventPacket,
    EventPacketDecoder,
    PacketCounts,
)
from neuromorphic_ros.encoding.event_camera.refractory import RefractoryFilter
from neuromorphic_ros.encoding.event_camera.resize import Regroup, Resize
from neuromorphic_ros.encoding.event_camera.words import event_shape
from neuromorphic_ros.encoding.log_polar import OUTSIDE, LogPolar, RetinaParameters
from neuromorphic_ros.encoding.region import View
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import Shape, SpikeBatch

_NS_PER_MS = 1_000_000


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class EventCameraParameters(RetinaParameters):
    """Parameters of the filters, which are off unless set, and of the pixels that become one.

    A network of few pixels sees the noise of all pixels of the sensor unless they are binned: of a
    person who walks through 640x480 pixels, half of their cell makes a network of 128x96 see
    the person and nothing else.
    """

    hot_pixel_hz: Annotated[
        float, Field(ge=0.0, le=1e6, description="block lone pixels above this rate, 0 = off [Hz]")
    ] = 0.0
    background_ms: Annotated[
        float,
        Field(
            ge=0.0,
            le=1e6,
            description="pass events with a neighbour within this time, 0 = off [ms]",
        ),
    ] = 0.0
    refractory_ms: Annotated[
        float,
        Field(ge=0.0, le=1e6, description="time between events of an output pixel, 0 = off [ms]"),
    ] = 0.0
    binning: Annotated[
        float,
        Field(
            ge=0.0,
            le=1.0,
            description="share of the pixels of a cell whose events make one, 0 = all pass [1]",
        ),
    ] = 0.5


class EventCamera:
    """Encode event packets; noise is filtered at the sensor's own size, bursts at the output's."""

    def __init__(self, parameters: EventCameraParameters, height: int, width: int) -> None:
        """Encode to (2, height, width); raises SensorError if no camera has that size."""
        self._shape = event_shape(height, width)
        self._decoder = EventPacketDecoder()
        self._filters: list[EventFilter] = []
        self.parameters = parameters

    @property
    def shape(self) -> Shape:
        """Extents of the population: (2, height, width), polarity 1 = ON."""
        return self._shape

    @property
    def parameters(self) -> EventCameraParameters:
        """Parameters; with new ones the filters begin anew at the next packet."""
        return self._parameters

    @parameters.setter
    def parameters(self, parameters: EventCameraParameters) -> None:
        self._parameters = parameters
        self._view: View | None = None

    @property
    def counts(self) -> PacketCounts:
        """Counts of the packets since the last reset."""
        return self._decoder.counts

    def encode(self, packet: EventPacket, stamp_ns: int) -> SpikeBatch:
        """Encode one packet stamped `stamp_ns`; spikes are in the time of the stamps.

        Raises SensorError, with nothing changed, if the packet cannot be read, the region is not
        inside the sensor or has fewer pixels than the output.
        """
        event_shape(packet.height, packet.width)
        view = self._parameters.view_of(packet.width, packet.height)
        filters = self._filters if view == self._view else self._make_filters(view)
        spikes = self._decoder.decode(packet, stamp_ns)
        self._view, self._filters = view, filters
        for each in filters:
            spikes = each(spikes)
        return spikes

    def complete_ns(self, stamp_ns: int) -> int:
        """Return the time of the last event: those of later packets follow it."""
        latest_ns = self._decoder.latest_ns
        return stamp_ns if latest_ns is None else latest_ns

    def reset(self) -> None:
        """Forget all packets, as after construction."""
        self._decoder.reset()
        for each in self._filters:
            each.reset()

    def _make_filters(self, view: View) -> list[EventFilter]:
        parameters, region = self._parameters, view.region
        sensor, (_, height, width) = (2, view.height, view.width), self._shape
        filters: list[EventFilter] = []
        if parameters.hot_pixel_hz > 0:
            filters.append(HotPixelFilter(sensor, parameters.hot_pixel_hz))
        if window_ns := round(parameters.background_ms * _NS_PER_MS):
            filters.append(BackgroundActivityFilter(sensor, window_ns))
        if parameters.fovea:
            cells = LogPolar(height, width, parameters.fovea).cells_of(view)
            filters.append(Regroup(sensor, height, width, cells))
            pixels = np.bincount(cells[cells != OUTSIDE], minlength=height * width)
            pixels = pixels.reshape(height, width)
        else:
            filters.append(Resize(sensor, height, width, region))
            pixels = np.outer(
                pixels_per_cell(region.height, height), pixels_per_cell(region.width, width)
            )
        threshold = np.rint(parameters.binning * pixels).astype(np.int64)
        if threshold.max() > 1:
            filters.append(Binning(self._shape, np.maximum(threshold, 1)))
        if period_ns := round(parameters.refractory_ms * _NS_PER_MS):
            filters.append(RefractoryFilter(self._shape, period_ns))
        return filters
