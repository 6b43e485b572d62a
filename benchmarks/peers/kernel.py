"""The networks in C, compiled here and called through ctypes with lists of addresses."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from neuromorphic_ros.spikes import Addresses
from peers.c_library import load
from peers.works import DECAY, Layer, Matrix, Work

Step = Callable[..., int]
DENSE_FROM = 0.5


class CLayer(ctypes.Structure):
    """The struct Layer of kernel.c."""

    _fields_ = (
        ("pre", ctypes.c_int32),
        ("post", ctypes.c_int32),
        ("dense", ctypes.c_void_p),
        ("first", ctypes.c_void_p),
        ("target", ctypes.c_void_p),
        ("weight", ctypes.c_void_p),
        ("recurrent_first", ctypes.c_void_p),
        ("recurrent_target", ctypes.c_void_p),
        ("recurrent_weight", ctypes.c_void_p),
        ("decay", ctypes.c_float),
        ("threshold", ctypes.c_float),
        ("membrane", ctypes.c_void_p),
        ("current", ctypes.c_void_p),
        ("spike", ctypes.c_void_p),
    )


def build() -> Step | None:
    """Compile and load the kernel; None without a C compiler."""
    library = load("kernel")
    if library is None:
        return None
    step = library.step
    step.argtypes = (
        ctypes.c_void_p,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.c_int32,
        ctypes.c_void_p,
    )
    step.restype = ctypes.c_int32
    return step


class Kernel:
    """One network in C."""

    def __init__(self, step: Step, work: Work) -> None:
        self._step = step
        self._held: list[np.ndarray[Any, Any]] = []
        self._layers = (CLayer * len(work.layers))(*map(self._layer, work.layers))
        self._fired = np.empty(sum(layer.weights.shape[1] for layer in work.layers), np.uint32)
        self._arguments = ctypes.addressof(self._layers), len(work.layers)
        self._output = self._fired.ctypes.data

    def _hold(self, array: np.ndarray[Any, Any]) -> int:
        """Keep an array alive that C points to."""
        self._held.append(array)
        return array.ctypes.data

    def _layer(self, layer: Layer) -> CLayer:
        pre, post = layer.weights.shape
        c = CLayer(pre=pre, post=post, decay=DECAY, threshold=layer.threshold)
        if np.count_nonzero(layer.weights) > DENSE_FROM * layer.weights.size:
            c.dense = self._hold(np.ascontiguousarray(layer.weights))
        else:
            c.first, c.target, c.weight = self._rows(layer.weights)
        if layer.recurrent is not None:
            rows = self._rows(layer.recurrent)
            c.recurrent_first, c.recurrent_target, c.recurrent_weight = rows
        c.membrane = self._hold(np.zeros(post, np.float32))
        c.current = self._hold(np.zeros(post, np.float32))
        c.spike = self._hold(np.zeros(post, np.uint8))
        return c

    def _rows(self, weights: Matrix) -> tuple[int, int, int]:
        rows = csr_array(weights)
        return (
            self._hold(rows.indptr.astype(np.int32)),
            self._hold(rows.indices.astype(np.int32)),
            self._hold(rows.data),
        )

    def prepare(self, spikes: Addresses) -> tuple[int, int]:
        """Return one tick's input as C takes it: a pointer into the work's own array, a length."""
        return spikes.ctypes.data, len(spikes)

    def step(self, spikes: tuple[int, int]) -> int:
        """Run one tick; the number of neurons that fired."""
        return self._step(*self._arguments, *spikes, self._output)

    def fired(self, count: int) -> Addresses:
        """Return the addresses of the neurons that fired."""
        return np.array(self._fired[:count])
