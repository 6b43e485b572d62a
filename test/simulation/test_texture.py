from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.simulation.texture import TEXELS, TEXELS_PER_M, Texture, draw_texture

SPAN_M = TEXELS / TEXELS_PER_M


@pytest.fixture(scope="module", params=range(6))
def texture(request: pytest.FixtureRequest) -> Texture:
    return draw_texture(np.random.default_rng(request.param))


def test_reflectances_are_those_of_surfaces(texture: Texture) -> None:
    assert texture.levels.min() >= 0.05 - 1e-6
    assert texture.levels.max() <= 0.95 + 1e-6
    assert np.ptp(texture.levels[0]) > 0.4


def test_a_texture_repeats(texture: Texture) -> None:
    # In the middle of texels, where rounding does not matter.
    u_m, v_m = (np.random.default_rng(1).integers(TEXELS, size=(2, 50)) + 0.5) / TEXELS_PER_M
    near_m = np.full(50, 1e-3)
    once = texture.sample(u_m, v_m, near_m)
    assert np.array_equal(once, texture.sample(u_m - 2 * SPAN_M, v_m + SPAN_M, near_m))


def test_from_afar_details_are_their_mean(texture: Texture) -> None:
    u_m, v_m = np.random.default_rng(1).uniform(0.0, SPAN_M, (2, 2000))
    near, far = (texture.sample(u_m, v_m, np.full(2000, pixel_m)) for pixel_m in (1e-3, 1.0))
    assert far.std() < near.std()
    assert far.mean() == pytest.approx(near.mean(), abs=0.05)


def test_a_seed_makes_all_of_it() -> None:
    one, again, other = (draw_texture(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.levels, again.levels)
    assert not np.array_equal(one.levels, other.levels)
