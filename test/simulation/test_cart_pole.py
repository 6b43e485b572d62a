from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.simulation import cart_pole
from neuromorphic_ros.simulation.cart_pole import DELAY_NS, FULL_STEPS, NOISE, STEP_NS, CartPole

TICK_NS = STEP_NS // 2


def run(
    plant: CartPole, steps: int, speed_m_s: Callable[[Any], float] = lambda fields: 0.0
) -> list[Any]:
    """Return what was sensed in so many steps, commanding a speed after each."""
    sensed = []
    for elapsed_ns in range(0, steps * STEP_NS, TICK_NS):
        plant.step(elapsed_ns)
        for sample in plant.sense(elapsed_ns):
            sensed.append(sample.fields)
            plant.command(speed_m_s(sample.fields), 0.0)
    return sensed


def states(seeds: range) -> Any:
    """Return what is sensed first by seed, float64[seeds, joint, quantity]."""
    first = [run(CartPole(seed), 1)[0] for seed in seeds]
    return np.array([np.transpose((each["position"], each["velocity"])) for each in first])


@pytest.fixture(autouse=True)
def gymnasium() -> None:
    pytest.importorskip("gymnasium", reason="needs pip install 'neuromorphic_ros[simulation]'")


def test_it_falls_when_it_is_pushed_to_one_side() -> None:
    plant = CartPole(0)
    sensed = run(plant, 30, lambda fields: 0.5)
    assert plant.in_collision
    assert 8 <= plant.steps < 15
    # Pushed to the right, the cart goes there and the pole falls to the left.
    assert sensed[-1]["velocity"][0] > 0.5
    assert sensed[-1]["position"][1] < -0.15


def test_what_fell_stays_as_it_is() -> None:
    plant = CartPole(0)
    run(plant, 30, lambda fields: 0.5)
    steps = plant.steps
    plant.step(60 * STEP_NS)
    assert (plant.in_collision, plant.steps) == (True, steps)


def test_a_feedback_keeps_it_up_for_a_full_episode() -> None:
    def feedback(fields: Any) -> float:
        (x, angle), (speed, turning) = fields["position"], fields["velocity"]
        return float(0.05 * x + 0.15 * speed + angle + 0.25 * turning)

    plant = CartPole(1000)
    run(plant, FULL_STEPS + 5, feedback)
    assert not plant.in_collision
    assert plant.steps == FULL_STEPS


def test_a_command_acts_late() -> None:
    one, other = CartPole(3), CartPole(3)
    late = DELAY_NS // STEP_NS
    flipped = iter([-0.5, -0.5, *[0.5] * (4 + late)])
    pairs = zip(
        run(one, 6 + late, lambda fields: -0.5),
        run(other, 6 + late, lambda fields: next(flipped)),
        strict=True,
    )
    same = [np.array_equal(a["velocity"], b["velocity"]) for a, b in pairs]
    # Commanded after step 2, it acts in the step after the delay and is seen at the end of that.
    assert same.index(False) == 2 + late + 1


def test_the_noise_is_as_said(monkeypatch: pytest.MonkeyPatch) -> None:
    noisy = states(range(200))
    monkeypatch.setattr(cart_pole, "_NOISE", np.zeros((2, 2)))
    ranges = np.array(list(cart_pole.RANGES.values()))
    assert (noisy - states(range(200))).std(axis=0) == pytest.approx(2 * NOISE * ranges, rel=0.2)


def test_it_starts_as_gymnasium_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cart_pole, "_NOISE", np.zeros((2, 2)))
    starts = states(range(50))
    assert len(np.unique(starts)) == starts.size
    assert 0.045 < np.abs(starts).max() <= 0.05


def test_a_seed_below_zero_is_refused() -> None:
    with pytest.raises(BackendError, match="seed -1"):
        CartPole(-1)


def test_missing_gymnasium_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(BackendError, match=r"neuromorphic_ros\[simulation\]"):
        CartPole(0)
