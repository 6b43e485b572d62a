"""What surfaces look like: seeded patterns that repeat, sampled without aliasing."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Metres = npt.NDArray[np.float64]

TEXELS = 512
TEXELS_PER_M = 128
PATTERNS = ("noise", "checker", "stripes", "patches")

_PATCHES = 1500


class Texture(NamedTuple):
    """A pattern, the same again every `TEXELS` / `TEXELS_PER_M` metres.

    levels: float32[levels, TEXELS, TEXELS], reflectances from 0 to 1, each twice as coarse as the
    one before (Williams, "Pyramidal Parametrics", SIGGRAPH 1983, kept at full size).
    """

    levels: Floats

    def sample(self, u_m: Metres, v_m: Metres, pixel_m: Metres) -> Floats:
        """Return the reflectance at places of a surface; pixel_m: what a pixel covers of it."""
        fineness = np.log2(np.maximum(pixel_m * TEXELS_PER_M, 1.0))
        level = np.minimum(np.rint(fineness).astype(np.intp), len(self.levels) - 1)
        column = np.floor(u_m * TEXELS_PER_M).astype(np.int64) % TEXELS
        row = np.floor(v_m * TEXELS_PER_M).astype(np.int64) % TEXELS
        found: Floats = self.levels[level, row, column]
        return found


def draw_texture(generator: np.random.Generator) -> Texture:
    """Draw a pattern of `PATTERNS`, its contrast and its mean."""
    pattern = _PATTERNS[PATTERNS[generator.integers(len(PATTERNS))]](generator)
    contrast = generator.uniform(0.5, 0.9)
    darkest = generator.uniform(0.05, 0.95 - contrast)
    base = _floats(darkest + contrast * pattern)
    levels = [base]
    while len(levels) < 6:
        # The pattern repeats, and so must what it is blurred from.
        size = 2 ** len(levels)
        tiled = np.pad(base, size, mode="wrap")
        blurred = cv2.blur(tiled, (size, size))
        levels.append(_floats(blurred[size:-size, size:-size]))
    return Texture(np.stack(levels))


def _floats(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, np.float32)


def _noise(generator: np.random.Generator) -> Floats:
    """Return noise with amplitudes that fall as 1 / frequency, as those of natural scenes do."""
    frequency = np.hypot(np.fft.fftfreq(TEXELS)[:, None], np.fft.rfftfreq(TEXELS))
    frequency[0, 0] = np.inf
    phases = np.exp(2j * np.pi * generator.random(frequency.shape))
    grey = np.fft.irfft2(phases / frequency, (TEXELS, TEXELS))
    low, high = np.quantile(grey, (0.02, 0.98))
    return _floats(np.clip((grey - low) / (high - low), 0.0, 1.0))


def _checker(generator: np.random.Generator) -> Floats:
    size = 2 ** generator.integers(3, 5)
    place = np.arange(TEXELS) // size
    return _floats((place[:, None] + place) % 2)


def _stripes(generator: np.random.Generator) -> Floats:
    size = 2 ** generator.integers(3, 5)
    return _floats(np.tile(np.arange(TEXELS) // size % 2, (TEXELS, 1)))


def _patches(generator: np.random.Generator) -> Floats:
    """Return rectangles of any size and grey upon each other, as things on shelves."""
    grey = np.full((TEXELS, TEXELS), 0.5, np.float32)
    sizes = np.exp(generator.uniform(np.log(4), np.log(64), (_PATCHES, 2))).astype(np.int64)
    for height, width in sizes:
        top, left = generator.integers(TEXELS, size=2)
        rows = (top + np.arange(height)) % TEXELS
        columns = (left + np.arange(width)) % TEXELS
        grey[np.ix_(rows, columns)] = generator.random()
    return grey


_PATTERNS = dict(zip(PATTERNS, (_noise, _checker, _stripes, _patches), strict=True))
