"""Events of a dynamic vision sensor, emulated from ordinary camera frames.

The pixel model is that of v2e: Hu, Liu and Delbruck, "v2e: From Video Frames to Realistic DVS
Events", CVPR Workshops 2021.
"""

from __future__ import annotations

from typing import Annotated

import numba
import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.encoder import check_later
from neuromorphic_ros.errors import SensorError, SpikeError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import Addresses, Shape, SpikeBatch, TimesNs

Frame = npt.NDArray[np.uint8]
# Log intensities are whole numbers of 1e-8, the step v2e rounds to: thresholds then cancel exactly.
LogIntensities = npt.NDArray[np.int32]

LOG_UNITS = 100_000_000
LINEAR_BELOW_DN = 20.0
SMALLEST_THRESHOLD = 0.01

_NEVER_NS = -(2**62)
_OFF_COLOUR = (255, 60, 60)
_ON_COLOUR = (80, 140, 255)


def _lin_log_table() -> LogIntensities:
    dn = np.arange(256.0)
    linear = dn * np.log(LINEAR_BELOW_DN) / LINEAR_BELOW_DN
    logarithmic = np.log(np.maximum(dn, 1.0))
    intensity = np.where(dn <= LINEAR_BELOW_DN, linear, logarithmic)
    units: LogIntensities = np.rint(intensity * LOG_UNITS).astype(np.int32)
    return units


_LIN_LOG = _lin_log_table()


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class DvsParameters:
    """Parameters of the emulated pixels; defaults are v2e's."""

    threshold_on: Annotated[
        float,
        Field(ge=SMALLEST_THRESHOLD, le=5.0, description="rise that makes an ON event [ln DN]"),
    ] = 0.2
    threshold_off: Annotated[
        float,
        Field(ge=SMALLEST_THRESHOLD, le=5.0, description="fall that makes an OFF event [ln DN]"),
    ] = 0.2
    sigma_threshold: Annotated[
        float,
        Field(ge=0.0, le=1.0, description="spread of the thresholds between pixels [ln DN]"),
    ] = 0.03
    refractory_ms: Annotated[
        float,
        Field(ge=0.0, le=1000.0, description="dead time of a pixel after an event [ms]"),
    ] = 0.5


class Dvs:
    """Emulate a DVS of `height` x `width` pixels from uint8[height, width] frames.

    A pixel remembers the log intensity of its last event and fires each time the intensity,
    taken as linear in time between two frames, has moved by one threshold from there. A crossing
    during the dead time fires when the dead time ends, in a later frame if need be.
    """

    def __init__(self, parameters: DvsParameters, height: int, width: int, seed: int) -> None:
        """Draw the pixels' thresholds from `seed`.

        Raises SensorError if the size is not positive or too large for 32-bit addresses.
        """
        if height <= 0 or width <= 0 or 2 * height * width > 2**32:
            raise SensorError(
                f"a DVS of {width}x{height} pixels cannot be addressed; choose a size from 1x1"
                " to 2**31 pixels"
            )
        self._shape = (2, height, width)
        pixels = height * width
        self._mismatch = np.random.default_rng(seed).standard_normal((2, pixels), np.float32)
        self._base = np.empty(pixels, np.int32)
        self._last_event_ns = np.empty(pixels, np.int64)
        self._previous = np.empty((height, width), np.uint8)
        self._present = np.empty((height, width), np.uint8)
        self._crossing = np.empty((2, pixels + 1), np.uint32)
        self._previous_ns: int | None = None
        self.parameters = parameters

    @property
    def shape(self) -> Shape:
        """(2, height, width); polarity 1 = ON."""
        return self._shape

    @property
    def parameters(self) -> DvsParameters:
        """The pixels' parameters; new ones hold from the next frame on."""
        return self._parameters

    @parameters.setter
    def parameters(self, parameters: DvsParameters) -> None:
        nominal = np.array([[parameters.threshold_off], [parameters.threshold_on]])
        spread = nominal + parameters.sigma_threshold * self._mismatch
        units = np.rint(np.maximum(spread, SMALLEST_THRESHOLD) * LOG_UNITS)
        self._thresholds: LogIntensities = units.astype(np.int32)
        self._parameters = parameters

    @property
    def thresholds(self) -> npt.NDArray[np.float64]:
        """Threshold of each address in ln DN, float64[2, height, width]."""
        return (self._thresholds / LOG_UNITS).reshape(self._shape)

    def encode(self, sample: Frame, stamp_ns: int) -> SpikeBatch:
        """Return the events between the previous frame and `sample`, uint8[height, width].

        Ordered by time, then address. The first frame gives none.
        Raises SensorError if the frame has another size or dtype, or is not later than the last.
        """
        if sample.shape != self._shape[1:] or sample.dtype != np.uint8:
            raise SensorError(
                f"frame is {sample.dtype}{list(sample.shape)} but this DVS takes"
                f" uint8{list(self._shape[1:])}; resize the frame or the DVS"
            )
        check_later("frame", stamp_ns, self._previous_ns)
        np.copyto(self._present, sample)
        if self._previous_ns is None:
            np.take(_LIN_LOG, self._present.reshape(-1), out=self._base)
            self._last_event_ns.fill(_NEVER_NS)
            events = SpikeBatch.empty(self._shape)
        else:
            address, time_ns = _events_between(
                self._previous.reshape(-1),
                self._present.reshape(-1),
                self._previous_ns,
                stamp_ns,
                _LIN_LOG,
                self._thresholds,
                round(self._parameters.refractory_ms * 1e6),
                self._base,
                self._last_event_ns,
                self._crossing,
            )
            events = SpikeBatch(self._shape, address, time_ns)
        self._previous, self._present = self._present, self._previous
        self._previous_ns = stamp_ns
        return events

    def complete_ns(self, stamp_ns: int) -> int:
        """Return `stamp_ns`: later frames give later events."""
        return stamp_ns

    def reset(self) -> None:
        """Forget all frames; each pixel keeps its thresholds."""
        self._previous_ns = None


def render(batch: SpikeBatch, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Draw events as an RGB image uint8[height, width, 3].

    Each pixel shows its last event: ON blue, OFF red, none black.
    Raises SpikeError if the batch is not of shape (2, height, width).
    """
    if batch.shape != (2, height, width):
        raise SpikeError(f"cannot draw spikes of shape {batch.shape} as (2, {height}, {width})")
    pixels = height * width
    image = np.zeros((pixels, 3), np.uint8)
    colours = np.array([_OFF_COLOUR, _ON_COLOUR], np.uint8)
    image[batch.address % pixels] = colours[batch.address // pixels]
    return image.reshape(height, width, 3)


@numba.njit(nogil=True, error_model="numpy")
def _find_crossings(
    present: Frame,
    lin_log: LogIntensities,
    thresholds: LogIntensities,
    base: LogIntensities,
    crossing: npt.NDArray[np.uint32],
) -> tuple[int, int]:
    """List the pixels that fell, then those that rose, by a threshold; return both counts."""
    off_count = 0
    on_count = 0
    for pixel in range(present.size):
        change = lin_log[present[pixel]] - base[pixel]
        # Written always and counted when it fires: a branch here would be mispredicted.
        crossing[0, off_count] = pixel
        crossing[1, on_count] = pixel
        off_count += -change >= thresholds[0, pixel]
        on_count += change >= thresholds[1, pixel]
    return off_count, on_count


@numba.njit(nogil=True, error_model="numpy")
def _sort_by_time(
    address: Addresses, offset_ns: TimesNs, longest_ns: int
) -> tuple[Addresses, TimesNs]:
    """Sort by time, keeping the order of equal times: a radix sort, linear whatever the scene."""
    bits = 0
    while longest_ns >> bits:
        bits += 1
    # Up to 13 bits a pass, the table of counts stays close to the first-level cache.
    passes = max((bits + 12) // 13, 1)
    digit_bits = (bits + passes - 1) // passes
    mask = (1 << digit_bits) - 1
    place = np.empty(mask + 1, np.int64)
    other_address = np.empty_like(address)
    other_ns = np.empty_like(offset_ns)
    for which in range(passes):
        shift = which * digit_bits
        place[:] = 0
        for i in range(offset_ns.size):
            place[(offset_ns[i] >> shift) & mask] += 1
        start = 0
        for digit in range(place.size):
            digit_count = place[digit]
            place[digit] = start
            start += digit_count
        for i in range(offset_ns.size):
            digit = (offset_ns[i] >> shift) & mask
            to = place[digit]
            place[digit] = to + 1
            other_ns[to] = offset_ns[i]
            other_address[to] = address[i]
        address, other_address = other_address, address
        offset_ns, other_ns = other_ns, offset_ns
    return address, offset_ns


# The signature compiles at import, from the cache when there is one: no frame ever waits for it.
@numba.njit(
    "Tuple((uint32[::1], int64[::1]))(uint8[::1], uint8[::1], int64, int64, int32[::1],"
    " int32[:, ::1], int64, int32[::1], int64[::1], uint32[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _events_between(
    previous: Frame,
    present: Frame,
    previous_ns: int,
    present_ns: int,
    lin_log: LogIntensities,
    thresholds: LogIntensities,
    refractory_ns: int,
    base: LogIntensities,
    last_event_ns: TimesNs,
    crossing: npt.NDArray[np.uint32],
) -> tuple[Addresses, TimesNs]:
    """Return sorted addresses and times of the events between two frames.

    previous, present: flat frames; thresholds: [2, pixels], polarity 1 = ON.
    base, last_event_ns: the pixels' state, updated. crossing: [2, pixels + 1], scratch.
    """
    interval_ns = present_ns - previous_ns
    most_per_pixel = interval_ns // refractory_ns + 1 if refractory_ns > 0 else interval_ns + 1000
    counts = _find_crossings(present, lin_log, thresholds, base, crossing)

    capacity = 0
    for polarity in range(2):
        for pixel in crossing[polarity, : counts[polarity]]:
            change = abs(lin_log[present[pixel]] - base[pixel])
            # Exact for 32-bit operands, and several times faster than the integer division.
            events = np.int64(change / thresholds[polarity, pixel])
            capacity += min(events, most_per_pixel)

    address = np.empty(capacity, np.uint32)
    offset_ns = np.empty(capacity, np.int64)
    count = 0
    for polarity in range(2):
        sign = 2 * polarity - 1
        for pixel in crossing[polarity, : counts[polarity]]:
            # Heights above the previous frame, in the direction of this polarity.
            before = lin_log[previous[pixel]]
            rise = sign * (lin_log[present[pixel]] - before)
            height = sign * (base[pixel] - before)
            threshold = thresholds[polarity, pixel]
            ns_per_unit = interval_ns / float(max(rise, 1))
            event_ns = last_event_ns[pixel] - previous_ns
            while height + threshold <= rise:
                # A crossing held back by the dead time may lie before the previous frame.
                crossed_ns = np.int64(max(height + threshold, 0) * ns_per_unit + 0.5)
                at_ns = max(min(crossed_ns, interval_ns), event_ns + refractory_ns)
                if at_ns > interval_ns:
                    break
                event_ns = at_ns
                height += threshold
                address[count] = polarity * present.size + pixel
                offset_ns[count] = at_ns
                count += 1
            base[pixel] = before + sign * height
            last_event_ns[pixel] = previous_ns + event_ns

    address, offset_ns = _sort_by_time(address[:count], offset_ns[:count], interval_ns)
    return address, offset_ns + previous_ns
