"""An event camera as the encoder of a network's input: packets in, filtered spikes out."""

from __future__ import annotations

from typing import Annotated

import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.event_camera.background_activity import BackgroundActivityFilter
from neuromorphic_ros.encoding.event_camera.filter import EventFilter
from neuromorphic_ros.encoding.event_camera.hot_pixels import HotPixelFilter
from neuromorphic_ros.encoding.event_camera.packet import (
    EventPacket,
    EventPacketDecoder,
    PacketCounts,
)
from neuromorphic_ros.encoding.event_camera.refractory import RefractoryFilter
from neuromorphic_ros.encoding.event_camera.resize import Region, Resize
from neuromorphic_ros.encoding.event_camera.words import event_shape
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import Shape, SpikeBatch

_NS_PER_MS = 1_000_000


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class EventCameraParameters:
    """Parameters of the region and the filters; the filters are off unless set."""

    region_x: Annotated[int, Field(ge=0, le=65535, description="left edge of the region [px]")] = 0
    region_y: Annotated[int, Field(ge=0, le=65535, description="upper edge of the region [px]")] = 0
    region_width: Annotated[
        int, Field(ge=0, le=65535, description="width of the region, 0 = to the right edge [px]")
    ] = 0
    region_height: Annotated[
        int, Field(ge=0, le=65535, description="height of the region, 0 = to the lower edge [px]")
    ] = 0
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


class EventCamera:
    """Encode event packets; noise is filtered at the sensor's own size, bursts at the output's."""

    def __init__(self, parameters: EventCameraParameters, height: int, width: int) -> None:
        """Encode to (2, height, width); raises SensorError if no camera has that size."""
        self._shape = event_shape(height, width)
        self._parameters = parameters
        self._decoder = EventPacketDecoder()
        self._sensor: Shape = ()
        self._filters: list[EventFilter] = []

    @property
    def shape(self) -> Shape:
        """Extents of the population: (2, height, width), polarity 1 = ON."""
        return self._shape

    @property
    def counts(self) -> PacketCounts:
        """Counts of the packets since the last reset."""
        return self._decoder.counts

    def encode(self, packet: EventPacket, stamp_ns: int) -> SpikeBatch:
        """Encode one packet stamped `stamp_ns`; spikes are in the time of the stamps.

        Raises SensorError, with nothing changed, if the packet cannot be read or the sensor has
        fewer pixels than the region or the output.
        """
        sensor = (2, packet.height, packet.width)
        filters = self._filters if sensor == self._sensor else self._make_filters(sensor)
        spikes = self._decoder.decode(packet, stamp_ns)
        self._sensor, self._filters = sensor, filters
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

    def _make_filters(self, sensor: Shape) -> list[EventFilter]:
        _, sensor_height, sensor_width = event_shape(*sensor[1:])
        parameters = self._parameters
        region = Region(
            parameters.region_x,
            parameters.region_y,
            parameters.region_width or sensor_width - parameters.region_x,
            parameters.region_height or sensor_height - parameters.region_y,
        )
        filters: list[EventFilter] = []
        if parameters.hot_pixel_hz > 0:
            filters.append(HotPixelFilter(sensor, parameters.hot_pixel_hz))
        if window_ns := round(parameters.background_ms * _NS_PER_MS):
            filters.append(BackgroundActivityFilter(sensor, window_ns))
        _, height, width = self._shape
        filters.append(Resize(sensor, height, width, region))
        if period_ns := round(parameters.refractory_ms * _NS_PER_MS):
            filters.append(RefractoryFilter(self._shape, period_ns))
        return filters
