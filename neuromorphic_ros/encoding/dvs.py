"""Events of a dynamic vision sensor, emulated from ordinary camera frames.

The pixel model and the names of its parameters are those of v2e: Hu, Liu and Delbruck, "v2e: From
Video Frames to Realistic DVS Events", CVPR Workshops 2021.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pydantic
from pydantic import Field

from neuromorphic_ros.encoding.alias_table import AliasTable, alias_table
from neuromorphic_ros.encoding.dvs_pixels import (
    LOG_UNITS,
    QUANTA,
    QUANTA_BITS,
    TILE,
    Events,
    Frame,
    Interval,
    Leakage,
    LogIntensities,
    Photoreceptors,
    Pixels,
    ShotNoise,
    by_time,
    fire,
)
from neuromorphic_ros.encoding.encoder import check_later
from neuromorphic_ros.errors import SensorError
from neuromorphic_ros.parameters import STRICT
from neuromorphic_ros.spikes import Shape, SpikeBatch

SMALLEST_THRESHOLD = 0.01
# Beyond ln 255 no change of light reaches a threshold, and a pixel that has been dark for long need
# not leak farther; sums of both then fit into 32 bits.
LARGEST_THRESHOLD = 6.0
LARGEST_LEAK = 8.0
# After a long silence of the camera the noise of all of it would fill the memory.
MOST_NOISE_EVENTS = 20
# Shot noise falls with intensity to a quarter of its rate in the dark.
SHOT_NOISE_INTENSITY_FACTOR = 0.25
# Normal numbers are kept as whole ones of this spread. Each frame takes them from another place
# on: to draw them anew would take longer than all the rest.
JITTER_SIGMA = 32
JITTER_SPARE = 65_536
# Black pixels are given a little light, so that no time constant is infinite.
DARK_DN, WHITE_DN = 20.0, 275.0

_GREYS = np.arange(256.0)
_INTENSITY = (_GREYS + DARK_DN) / WHITE_DN
_SHOT_NOISE = 1.0 - (1.0 - SHOT_NOISE_INTENSITY_FACTOR) * _INTENSITY
_SHOT_NOISE_SHARE = np.rint(_SHOT_NOISE / _SHOT_NOISE.max() * (2**16 - 1)).astype(np.uint16)
_NEVER_NS = -(2**62)
_NO_LEAK = np.empty(0, np.float32)
_NO_NOISE = np.empty(0, np.int64)


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class DvsParameters:
    """Parameters of the emulated pixels; zero switches a part of the model off.

    The defaults are those of v2e's command line for thresholds and dead time, without noise.
    """

    pos_thres: Annotated[
        float,
        Field(ge=SMALLEST_THRESHOLD, le=5.0, description="rise that makes an ON event [ln DN]"),
    ] = 0.2
    neg_thres: Annotated[
        float,
        Field(ge=SMALLEST_THRESHOLD, le=5.0, description="fall that makes an OFF event [ln DN]"),
    ] = 0.2
    sigma_thres: Annotated[
        float,
        Field(ge=0.0, le=1.0, description="spread of the thresholds between pixels [ln DN]"),
    ] = 0.03
    lin_log_dn: Annotated[
        float,
        Field(ge=1.0, le=255.0, description="grey level below which pixels are linear [DN]"),
    ] = 20.0
    cutoff_hz: Annotated[
        float,
        Field(ge=0.0, le=1e6, description="bandwidth of a white pixel; 0: not limited [Hz]"),
    ] = 0.0
    leak_rate_hz: Annotated[
        float, Field(ge=0.0, le=1e3, description="mean rate of leak events of a pixel [Hz]")
    ] = 0.0
    leak_jitter_fraction: Annotated[
        float, Field(ge=0.0, le=1.0, description="spread of a leak from frame to frame [1]")
    ] = 0.1
    noise_rate_cov_decades: Annotated[
        float, Field(ge=0.0, le=2.0, description="spread of leak rates between pixels [decades]")
    ] = 0.1
    shot_noise_rate_hz: Annotated[
        float, Field(ge=0.0, le=1e3, description="rate of noise events of a dark pixel [Hz]")
    ] = 0.0
    refractory_period_s: Annotated[
        float,
        Field(ge=0.0, le=1.0, description="dead time of a pixel after an event [s]"),
    ] = 0.0005


# `clean` and `noisy` are v2e's; `fast` has the thresholds alone, equal for all pixels.
PRESETS = MappingProxyType(
    {
        "clean": DvsParameters(
            sigma_thres=0.02,
            leak_jitter_fraction=0.0,
            noise_rate_cov_decades=0.0,
            refractory_period_s=0.0,
        ),
        "noisy": DvsParameters(
            sigma_thres=0.05,
            cutoff_hz=30.0,
            leak_rate_hz=0.1,
            shot_noise_rate_hz=5.0,
            refractory_period_s=0.0,
        ),
        "fast": DvsParameters(sigma_thres=0.0, refractory_period_s=0.0),
    }
)


class Dvs:
    """Emulate a DVS of `height` x `width` pixels from uint8[height, width] frames.

    A pixel remembers the log intensity of its last event and fires each time the intensity, taken
    as linear in time between two frames, has moved by one threshold from there. A crossing during
    the dead time fires when the dead time ends, in a later frame if need be. Leakage lowers what a
    pixel remembers, so that it fires ON. Shot noise is a Poisson process, which knows no dead time
    and after which a pixel remembers the intensity of the frame.

    Times are exact to 2**-12 of the time between two frames, 8 us at 30 frames per second.
    """

    _previous_ns: int | None
    _random: np.random.Generator

    def __init__(self, parameters: DvsParameters, height: int, width: int, seed: int) -> None:
        """Draw the mismatch of the pixels from `seed`.

        Raises SensorError if the size is not positive or too large for 32-bit addresses.
        """
        if height <= 0 or width <= 0 or 2 * height * width > 2**32:
            raise SensorError(
                f"a DVS of {width}x{height} pixels cannot be addressed; choose a size from 1x1"
                " to 2**31 pixels"
            )
        self._shape = (2, height, width)
        size = height * width
        mismatch = np.random.default_rng(seed)
        self._threshold_spread = mismatch.standard_normal((2, size), np.float32)
        self._leak_spread = mismatch.standard_normal(size, np.float32)
        jitter = JITTER_SIGMA * mismatch.standard_normal(size + JITTER_SPARE, np.float32)
        self._jitter = np.rint(jitter).clip(-128, 127).astype(np.int8)
        self._noise_seed = np.random.SeedSequence(seed).spawn(1)[0]
        self._pixels = Pixels(
            np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int64)
        )
        self._events = Events(
            np.empty(size, np.uint32), np.empty(size, np.uint16), np.empty(QUANTA, np.int32)
        )
        self._leak = np.empty(size, np.float32)
        self._threshold_scale = 1.0
        self.parameters = parameters
        self.reset()

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
        self._parameters = parameters
        self._lin_log = lin_log(parameters.lin_log_dn)
        nominal = np.array([[parameters.neg_thres], [parameters.pos_thres]])
        spread = nominal + parameters.sigma_thres * self._threshold_spread
        self._unscaled = np.maximum(spread, SMALLEST_THRESHOLD)
        self._scale_thresholds()
        leak_rate_hz = parameters.leak_rate_hz * 10.0 ** (
            parameters.noise_rate_cov_decades * self._leak_spread
        )
        self._leak_per_s = (leak_rate_hz * self._unscaled[1] * LOG_UNITS).astype(np.float32)
        self._set_noise()

    @property
    def threshold_scale(self) -> float:
        """Factor on all thresholds; a new one holds from the next frame on."""
        return self._threshold_scale

    @threshold_scale.setter
    def threshold_scale(self, scale: float) -> None:
        if scale != self._threshold_scale:
            self._threshold_scale = scale
            self._scale_thresholds()

    @property
    def thresholds(self) -> npt.NDArray[np.float64]:
        """Threshold of each address in ln DN, float64[2, height, width]."""
        return (self._thresholds / LOG_UNITS).reshape(self._shape)

    @property
    def has_reference(self) -> bool:
        """Tell whether there was a frame to compare the next one with; the first gives no event."""
        return self._previous_ns is not None

    def encode(self, sample: Frame, stamp_ns: int) -> SpikeBatch:
        """Return the events between the previous frame and `sample`, uint8[height, width].

        Ordered by time. The first frame gives none.
        Raises SensorError if the frame has another size or dtype, or is not later than the last.
        """
        if sample.shape != self._shape[1:] or sample.dtype != np.uint8:
            raise SensorError(
                f"frame is {sample.dtype}{list(sample.shape)} but this DVS takes"
                f" uint8{list(self._shape[1:])}; resize the frame or the DVS"
            )
        check_later("frame", stamp_ns, self._previous_ns)
        frame = np.ascontiguousarray(sample).reshape(-1)
        if self._previous_ns is None:
            np.take(self._lin_log, frame, out=self._pixels.receptor)
            self._pixels.lead.fill(0)
            self._pixels.last_event_ns.fill(_NEVER_NS)
            events = SpikeBatch.empty(self._shape)
        else:
            events = self._fire(frame, self._previous_ns, stamp_ns - self._previous_ns)
        self._previous_ns = stamp_ns
        return events

    def complete_ns(self, stamp_ns: int) -> int:
        """Return `stamp_ns`: later frames give later events."""
        return stamp_ns

    def reset(self) -> None:
        """Forget all frames and draw the same noise again; each pixel keeps its mismatch."""
        self._previous_ns = None
        self._random = np.random.default_rng(self._noise_seed)

    def _scale_thresholds(self) -> None:
        scaled = np.minimum(self._unscaled * self._threshold_scale, LARGEST_THRESHOLD)
        self._thresholds: LogIntensities = np.rint(scaled * LOG_UNITS).astype(np.int32)

    def _set_noise(self) -> None:
        parameters = self._parameters
        self._candidates_hz = np.empty(0)
        tables = [AliasTable(np.empty(0, np.uint16), np.empty(0, np.uint16))]
        if parameters.shot_noise_rate_hz:
            # The lower its threshold, the more noise a pixel makes.
            nominal = np.array([parameters.neg_thres, parameters.pos_thres])
            weights = (nominal / self._unscaled.T).reshape(-1)
            tiles = np.split(weights, range(2 * TILE, weights.size, 2 * TILE))
            dark_hz = parameters.shot_noise_rate_hz / 2 * _SHOT_NOISE.max()
            self._candidates_hz = dark_hz * np.array([tile.sum() for tile in tiles])
            tables = [alias_table(tile) for tile in tiles]
        self._noise_keep = np.concatenate([table.keep for table in tables])
        self._noise_other = np.concatenate([table.other for table in tables])

    def _fire(self, frame: Frame, start_ns: int, interval_ns: int) -> SpikeBatch:
        shift = max(0, interval_ns.bit_length() - QUANTA_BITS)
        refractory_ns = round(self._parameters.refractory_period_s * 1e9)
        interval = Interval(start_ns, interval_ns >> shift, shift, refractory_ns)
        interval_s = interval_ns / 1e9
        self._events, count = fire(
            frame,
            self._photoreceptors(interval_s),
            self._leakage(interval_s),
            self._shot_noise(interval_s),
            self._thresholds,
            interval,
            self._pixels,
            self._events,
        )
        return SpikeBatch(self._shape, *by_time(self._events, count, interval))

    def _photoreceptors(self, interval_s: float) -> Photoreceptors:
        """Return a first-order low-pass: the brighter the pixel, the more bandwidth it has."""
        cutoff_hz = self._parameters.cutoff_hz
        share = np.minimum(2.0 * math.pi * cutoff_hz * interval_s * _INTENSITY, 1.0)
        return Photoreceptors(self._lin_log, share, cutoff_hz > 0.0)

    def _leakage(self, interval_s: float) -> Leakage:
        parameters = self._parameters
        if not parameters.leak_rate_hz:
            return Leakage(_NO_LEAK, self._jitter, 0.0, 0.0)
        longest_s = LARGEST_LEAK * LOG_UNITS / float(self._leak_per_s.max())
        np.multiply(self._leak_per_s, np.float32(min(interval_s, longest_s)), out=self._leak)
        return Leakage(
            self._leak,
            self._jitter[self._random.integers(JITTER_SPARE) :],
            parameters.leak_jitter_fraction / JITTER_SIGMA,
            self._random.random(),
        )

    def _shot_noise(self, interval_s: float) -> ShotNoise:
        rate_hz = self._parameters.shot_noise_rate_hz
        candidates, seed = _NO_NOISE, np.uint64(0)
        if rate_hz:
            longest_s = MOST_NOISE_EVENTS / rate_hz
            candidates = self._random.poisson(self._candidates_hz * min(interval_s, longest_s))
            seed = self._random.integers(2**64, dtype=np.uint64)
        return ShotNoise(candidates, self._noise_keep, self._noise_other, _SHOT_NOISE_SHARE, seed)


def lin_log(linear_below_dn: float) -> LogIntensities:
    """Return the log intensity of each grey level, int32[256] in units of 1e-8 ln DN.

    Linear up to `linear_below_dn`, the natural logarithm above.
    """
    slope = math.log(linear_below_dn) / linear_below_dn
    logarithmic = np.log(np.maximum(_GREYS, 1.0))
    intensity = np.where(linear_below_dn >= _GREYS, _GREYS * slope, logarithmic)
    units: LogIntensities = np.rint(intensity * LOG_UNITS).astype(np.int32)
    return units
