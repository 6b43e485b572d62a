"""When neurons fire and what that does to their membrane."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.neurons.firing import FiringRules, heaviside
from neuromorphic_ros.snn.neurons.leaky import If

from .stepping import trace

# Sixteenths: their sums and differences are exact.
currents = st.lists(st.integers(-32, 64).map(lambda number: number / 16), max_size=40)


@pytest.mark.parametrize(("strict", "ticks"), [(False, [1]), (True, [2])])
def test_a_membrane_at_the_threshold_fires_unless_strict(strict: bool, ticks: list[int]) -> None:
    assert trace(If(strict=strict), [0.5, 0.5, 0.25]).ticks == ticks


@pytest.mark.parametrize(
    ("rules", "membranes"),
    [
        ({"reset": "hard"}, [0.75, 0.0, 0.5]),
        ({"reset": "hard", "reset_value": -0.25}, [0.75, -0.25, 0.25]),
        ({"reset": "subtract"}, [0.75, 0.5, 0.0]),
        ({"reset": "subtract", "threshold": 1.25}, [0.75, 0.25, 0.75]),
        ({"reset": "hard", "reset_in": "next_tick"}, [0.75, 1.5, 0.0]),
        ({"reset": "subtract", "reset_in": "next_tick"}, [0.75, 1.5, 1.0]),
    ],
)
def test_a_spike_resets_the_membrane(rules: dict[str, Any], membranes: list[float]) -> None:
    assert trace(If(**rules), [0.75, 0.75, 0.5]).membrane.tolist() == membranes


def test_a_reset_in_the_next_tick_comes_after_its_integration() -> None:
    hard = trace(If(reset_in="next_tick"), [1.5, 5.0, 0.25])
    assert hard.ticks == [0]
    assert hard.membrane.tolist() == [1.5, 0.0, 0.25]
    subtracted = trace(If(reset_in="next_tick", reset="subtract"), [1.5, 5.0, 0.25, 0.0])
    assert subtracted.membrane.tolist() == [1.5, 5.5, 4.75, 3.75]
    assert subtracted.ticks == [0, 1, 2, 3]


def test_a_membrane_that_is_lowered_first_has_to_reach_the_threshold_twice() -> None:
    run = trace(If(reset="subtract", lower_first=True), [2.5, 0.25, 0.25, -1.5])
    assert run.ticks == [0, 2]
    assert run.membrane.tolist() == [1.5, 1.75, 1.0, -0.5]


@pytest.mark.parametrize(("refractory_ms", "interval"), [(0.0, 1), (1.0, 2), (3.0, 4)])
def test_after_a_spike_there_is_none_for_the_refractory_period(
    refractory_ms: float, interval: int
) -> None:
    assert trace(If(refractory_ms=refractory_ms), [2.0] * 13).ticks == list(range(0, 13, interval))


def test_a_refractory_membrane_ignores_its_input() -> None:
    held = trace(If(refractory_ms=2.0, reset="subtract"), [1.25, 9.0, -9.0, 0.25])
    assert held.membrane.tolist() == [0.25, 0.25, 0.25, 0.5]


@pytest.mark.parametrize(
    ("refractory_ms", "dt_ms", "ticks"),
    [(0.0, 1.0, 0), (5.0, 1.0, 5), (5.0, 0.1, 50), (2.0, 4.0, 0)],
)
def test_the_refractory_period_is_rounded_to_whole_ticks(
    refractory_ms: float, dt_ms: float, ticks: int
) -> None:
    neuron = If(refractory_ms=refractory_ms)
    assert neuron.refractory_ticks(dt_ms) == ticks
    assert neuron.rules(dt_ms).refractory == (ticks > 0)


@given(given_currents=currents)
def test_a_membrane_stays_above_its_floor(given_currents: list[float]) -> None:
    bounded = trace(If(floor=-0.5), given_currents)
    assert np.all(bounded.membrane >= -0.5)
    free = trace(If(), given_currents)
    if np.all(free.membrane >= -0.5):
        assert np.array_equal(free.membrane, bounded.membrane)


@pytest.mark.parametrize(("current", "spikes"), [(0.74, 0), (0.75, 1), (1.49, 1), (3.0, 4)])
def test_a_neuron_of_several_spikes_fires_as_often_as_its_membrane_holds_thresholds(
    current: float, spikes: int
) -> None:
    assert trace(If(multi_spike=True, threshold=0.75), [current]).output.tolist() == [spikes]


@given(given_currents=currents)
def test_what_goes_in_comes_out_as_spikes_or_stays(given_currents: list[float]) -> None:
    neuron = If(multi_spike=True, reset="subtract", threshold=0.75)
    run = trace(neuron, np.abs(given_currents))
    held = run.output.sum() * 0.75 + (run.membrane[-1] if given_currents else 0.0)
    assert held == np.abs(given_currents).sum()
    assert np.all((run.membrane >= 0) & (run.membrane < 0.75))


def test_each_neuron_has_its_own_threshold_reset_and_floor() -> None:
    neuron = If(threshold=[0.5, 1.0, 2.0], reset_value=[0.0, -1.0, 0.0], floor=[-1.0, -1.0, 0.0])
    run = trace(neuron, [[1.0] * 3, [-9.0] * 3])
    assert run.output.tolist() == [[1, 1, 0], [0, 0, 0]]
    assert run.membrane.tolist() == [[0.0, -1.0, 1.0], [-1.0, -1.0, 0.0]]


def test_a_surrogate_takes_the_place_of_the_threshold() -> None:
    asked = []

    def surrogate(membrane: Any, threshold: Any, rules: FiringRules) -> Any:
        asked.append((membrane, float(threshold), rules.strict))
        return np.float64(1.0)

    neuron = If(threshold=2.0, strict=True)
    constants, rules, state = neuron.constants(1.0), neuron.rules(1.0), neuron.state()
    fired, after = neuron.step(surrogate, constants, rules, state, np.float64(0.5))
    assert asked == [(0.5, 2.0, True)]
    assert (fired, after.membrane) == (1.0, 0.0)


@settings(deadline=None)
@given(membrane=st.floats(-1e6, 1e6), threshold=st.floats(1e-6, 1e6))
def test_one_spike_or_several_agree_on_whether_there_is_any(
    membrane: float, threshold: float
) -> None:
    single, several = (
        heaviside(membrane, threshold, If(multi_spike=multi).rules(1.0)) for multi in (False, True)
    )
    assert single == min(several, 1.0) == (membrane >= threshold)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("threshold", 0.0),
        ("threshold", -1.0),
        ("threshold", 1e-50),
        ("threshold", [1.0, 0.0]),
        ("reset", "half"),
        ("reset", "zero"),
        ("reset_in", "last_tick"),
        ("reset_value", float("nan")),
        ("refractory_ms", -1.0),
        ("refractory_ms", [1.0, 2.0]),
        ("floor", -1e39),
        ("floor", "none"),
        ("strict", 2),
        ("multi_spike", "often"),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(NetworkError, match=f"^population 'x': {field} "):
        build(If, {field: value}, "population 'x'", NetworkError)
