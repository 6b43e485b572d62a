"""The emulated DVS in C, compiled here and called through ctypes."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from neuromorphic_ros.encoding.dvs import DARK_DN, WHITE_DN, Dvs, DvsParameters, lin_log
from neuromorphic_ros.encoding.dvs_pixels import LOG_UNITS, Frame
from neuromorphic_ros.spikes import SpikeBatch
from peers.c_library import load

LIBRARY = load("dvs")
MOST_EVENTS_PER_PIXEL = 40


class CState(ctypes.Structure):
    """The struct Dvs of dvs.c."""

    _fields_ = (
        ("pixels", ctypes.c_int32),
        ("lin_log", ctypes.c_float * 256),
        ("intensity", ctypes.c_float * 256),
        ("cutoff_hz", ctypes.c_float),
        ("leak_rate_hz", ctypes.c_float),
        ("leak_jitter", ctypes.c_float),
        ("shot_noise_hz", ctypes.c_float),
        ("threshold_off", ctypes.c_void_p),
        ("threshold_on", ctypes.c_void_p),
        ("leak_spread", ctypes.c_void_p),
        ("nominal_off", ctypes.c_float),
        ("nominal_on", ctypes.c_float),
        ("receptor", ctypes.c_void_p),
        ("base", ctypes.c_void_p),
        ("before", ctypes.c_void_p),
        ("fires", ctypes.c_void_p),
        ("random", ctypes.c_uint64),
        ("key", ctypes.c_void_p),
        ("other", ctypes.c_void_p),
        ("count", ctypes.c_void_p),
    )


class CDvs:
    """Pixels with the thresholds of `Dvs` and without dead time, from frame to frame."""

    def __init__(self, parameters: DvsParameters, height: int, width: int, seed: int) -> None:
        """Draw the same mismatch as `Dvs` does."""
        assert LIBRARY is not None
        self._step = LIBRARY.step
        self._step.argtypes = (
            (ctypes.c_void_p,) * 2 + (ctypes.c_int64,) * 2 + (ctypes.c_void_p,) * 2
        )
        self._shape = (2, height, width)
        pixels = height * width
        self._held: list[np.ndarray[Any, Any]] = []
        off, on = Dvs(parameters, height, width, seed).thresholds.reshape(2, pixels)
        normal = np.random.default_rng(seed).standard_normal(pixels)
        room = MOST_EVENTS_PER_PIXEL * pixels
        self._log = (lin_log(parameters.lin_log_dn) / LOG_UNITS).astype(np.float32)
        self._receptor, self._base = np.empty(pixels, np.float32), np.empty(pixels, np.float32)
        self._address, self._time_ns = np.empty(room, np.uint32), np.empty(room, np.int64)
        self._state = CState(
            pixels=pixels,
            lin_log=(ctypes.c_float * 256)(*self._log.tolist()),
            intensity=(ctypes.c_float * 256)(*((np.arange(256) + DARK_DN) / WHITE_DN).tolist()),
            cutoff_hz=parameters.cutoff_hz,
            leak_rate_hz=parameters.leak_rate_hz,
            leak_jitter=parameters.leak_jitter_fraction,
            shot_noise_hz=parameters.shot_noise_rate_hz,
            threshold_off=self._hold(off.astype(np.float32)),
            threshold_on=self._hold(on.astype(np.float32)),
            leak_spread=self._hold(
                (10.0 ** (parameters.noise_rate_cov_decades * normal)).astype(np.float32)
            ),
            nominal_off=parameters.neg_thres,
            nominal_on=parameters.pos_thres,
            receptor=self._hold(self._receptor),
            base=self._hold(self._base),
            before=self._hold(np.empty(pixels, np.float32)),
            fires=self._hold(np.zeros(pixels + 8, np.uint8)),
            random=seed + 1,
            key=self._hold(np.empty(room, np.uint64)),
            other=self._hold(np.empty(room, np.uint64)),
            count=self._hold(np.empty(2048, np.int32)),
        )
        self._previous_ns: int | None = None

    def encode(self, sample: Frame, stamp_ns: int) -> SpikeBatch:
        """Return the events since the last frame, views that the next call overwrites."""
        if self._previous_ns is None:
            self._base[:] = self._receptor[:] = self._log[sample.reshape(-1)]
            self._previous_ns = stamp_ns
        start_ns, self._previous_ns = self._previous_ns, stamp_ns
        count = self._step(
            ctypes.addressof(self._state),
            sample.ctypes.data,
            start_ns,
            stamp_ns - start_ns,
            self._address.ctypes.data,
            self._time_ns.ctypes.data,
        )
        return SpikeBatch(self._shape, self._address[:count], self._time_ns[:count])

    def _hold(self, array: np.ndarray[Any, Any]) -> int:
        """Keep an array alive that C points to."""
        self._held.append(array)
        return array.ctypes.data
