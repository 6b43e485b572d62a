"""Pictures and their events side by side, as the frames of a video."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.encoding.image import Grey
from neuromorphic_ros.report.events import on_paper
from neuromorphic_ros.spikes import SpikeBatch

# Small sensors are enlarged to be seen.
LEAST_HEIGHT = 180


def side_by_side(picture: Grey, events: SpikeBatch) -> npt.NDArray[np.uint8]:
    """Return the picture left of its events as RGB uint8, enlarged by a whole factor if small.

    picture: uint8[height, width] for events of shape (2, height, width).
    """
    both = np.hstack((np.repeat(picture[..., None], 3, axis=2), on_paper(events)))
    factor = max(1, -(-LEAST_HEIGHT // picture.shape[0]))
    return both.repeat(factor, axis=0).repeat(factor, axis=1)
