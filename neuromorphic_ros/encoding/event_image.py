"""Events as a picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.spikes import SpikeBatch

OFF_COLOUR = (255, 60, 60)
ON_COLOUR = (80, 140, 255)


def render(
    batch: SpikeBatch, height: int, width: int, background: npt.NDArray[np.uint8] | None = None
) -> npt.NDArray[np.uint8]:
    """Draw events as an RGB image uint8[height, width, 3].

    Each pixel shows its last event: ON blue, OFF red, none the grey of `background`,
    uint8[height, width], or black.
    Raises SpikeError if the batch is not of shape (2, height, width).
    """
    if batch.shape != (2, height, width):
        raise SpikeError(f"cannot draw spikes of shape {batch.shape} as (2, {height}, {width})")
    pixels = height * width
    if background is None:
        image = np.zeros((pixels, 3), np.uint8)
    else:
        image = np.repeat(background.reshape(pixels, 1), 3, axis=1)
    colours = np.array([OFF_COLOUR, ON_COLOUR], np.uint8)
    image[batch.address % pixels] = colours[batch.address // pixels]
    return image.reshape(height, width, 3)
