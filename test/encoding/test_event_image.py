"""Events as a picture."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.encoding.event_image import render
from neuromorphic_ros.errors import SpikeError
from neuromorphic_ros.spikes import SpikeBatch


def test_each_pixel_shows_its_last_event() -> None:
    batch = SpikeBatch.checked((2, 1, 3), [0, 1, 4, 3], [1, 2, 3, 4])
    image = render(batch, 1, 3)
    assert image.shape == (1, 3, 3)
    assert image.dtype == np.uint8
    red, blue = 0, 2
    assert image[0, 0, blue] > image[0, 0, red]
    assert image[0, 1, blue] > image[0, 1, red]
    assert not image[0, 2].any()


def test_without_events_the_background_is_seen() -> None:
    background = np.array([[10, 20, 30]], np.uint8)
    image = render(SpikeBatch.checked((2, 1, 3), [4], [1]), 1, 3, background)
    assert image[0, 0].tolist() == [10, 10, 10]
    assert image[0, 2].tolist() == [30, 30, 30]
    assert len(set(image[0, 1].tolist())) > 1
    assert background.tolist() == [[10, 20, 30]]


def test_another_shape_is_refused() -> None:
    with pytest.raises(SpikeError, match=r"\(2, 3, 1\)"):
        render(SpikeBatch.empty((2, 1, 3)), 3, 1)
