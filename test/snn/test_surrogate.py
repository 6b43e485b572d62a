"""Surrogate gradients: spikes forward, and backward the derivative of a closed-form primitive."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.neurons.firing import FiringRules, heaviside
from neuromorphic_ros.snn.neurons.leaky import Lif

torch = pytest.importorskip("torch")

from neuromorphic_ros.snn import surrogate  # noqa: E402
from neuromorphic_ros.snn.surrogate import (  # noqa: E402
    Arctan,
    MultiGaussian,
    Rectangular,
    SuperSpike,
    Surrogate,
    Triangular,
)

Primitive = Callable[[Any], Any]


def rules(strict: bool = False, multi_spike: bool = False) -> FiringRules:
    return Lif(strict=strict, multi_spike=multi_spike).rules(1.0)


def triangle_area(x: Any, width: float, height: float) -> Any:
    inside = x.clamp(-width, width)
    return height * (inside - inside.abs() * inside / (2 * width))


def normal_area(x: Any, mean: float, deviation: float) -> Any:
    return torch.erf((x - mean) / (deviation * math.sqrt(2))) / 2


# Each surrogate with its integral over the distance to the threshold.
CASES: list[tuple[Surrogate, Primitive]] = [
    (SuperSpike(), lambda x: x / (1 + 10 * x.abs())),
    (SuperSpike(steepness=100), lambda x: x / (1 + 100 * x.abs())),
    (Arctan(), lambda x: torch.atan(math.pi * x) / math.pi),
    (Arctan(steepness=5), lambda x: torch.atan(math.pi * 5 / 2 * x) / math.pi),
    (Triangular(), lambda x: triangle_area(x, 1.0, 0.3)),
    (Triangular(width=0.5, height=1), lambda x: triangle_area(x, 0.5, 1.0)),
    (Rectangular(), lambda x: x.clamp(-0.5, 0.5)),
    (Rectangular(width=0.4), lambda x: x.clamp(-0.2, 0.2) / 0.4),
    (
        MultiGaussian(),
        lambda x: (
            0.5
            * (
                1.15 * normal_area(x, 0, 0.5)
                - 0.15 * normal_area(x, 0.5, 3)
                - 0.15 * normal_area(x, -0.5, 3)
            )
        ),
    ),
    (
        MultiGaussian(width=0.2, height=0.3, spread=2, gain=1),
        lambda x: (
            1.3 * normal_area(x, 0, 0.2)
            - 0.3 * normal_area(x, 0.2, 0.4)
            - 0.3 * normal_area(x, -0.2, 0.4)
        ),
    ),
]
each_case = pytest.mark.parametrize(
    ("spike", "primitive"), CASES, ids=[str(case[0]) for case in CASES]
)


def smoothed(primitive: Primitive) -> Any:
    """Make the function whose gradient a surrogate is: its own backward, a smooth forward."""

    class Smoothed(surrogate._Fire):
        @staticmethod
        def forward(ctx: Any, membrane: Any, threshold: Any, rules: Any, surrogate: Any) -> Any:
            super(Smoothed, Smoothed).forward(ctx, membrane, threshold, rules, surrogate)
            if not rules.multi_spike:
                return primitive(membrane - threshold)
            step = (membrane / threshold).round().clamp(min=1)
            return primitive(membrane - step * threshold)

    return Smoothed.apply


@each_case
@pytest.mark.parametrize("multi_spike", [False, True])
def test_the_gradient_is_that_of_the_closed_form(
    spike: Surrogate, primitive: Primitive, multi_spike: bool
) -> None:
    # Away from the kinks, where a finite difference is none of the derivatives on both sides.
    generator = torch.Generator().manual_seed(0)
    membrane = torch.rand((6, 5), generator=generator, dtype=torch.float64) * 5 - 1
    threshold = torch.tensor([0.7, 1.0, 1.1, 1.3, 2.0], dtype=torch.float64)
    inputs = (membrane.requires_grad_(), threshold.requires_grad_())
    convention = rules(multi_spike=multi_spike)
    function = smoothed(primitive)
    assert torch.autograd.gradcheck(lambda v, at: function(v, at, convention, spike), inputs)


@each_case
def test_the_gradient_on_a_grid_is_the_derivative_of_the_primitive(
    spike: Surrogate, primitive: Primitive
) -> None:
    # 0.0005 beside the kinks of all of them.
    distance = torch.arange(-3000, 3000, dtype=torch.float64) / 1000 + 0.0005
    expected_of = distance.clone().requires_grad_()
    (expected,) = torch.autograd.grad(primitive(expected_of).sum(), expected_of)
    membrane = (distance + 1).requires_grad_()
    spikes = spike(membrane, torch.tensor(1.0, dtype=torch.float64), rules())
    (found,) = torch.autograd.grad(spikes.sum(), membrane)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("spike", "at_threshold", "aside"),
    [
        (SuperSpike(), 1.0, 1 / 36),
        (Arctan(), 1.0, 1 / (1 + math.pi**2 / 4)),
        (Triangular(), 0.3, 0.15),
        (Rectangular(), 1.0, 0.0),
        (MultiGaussian(), 0.4391, 0.2589),
    ],
)
def test_the_gradient_at_the_threshold_and_one_half_beside_it(
    spike: Surrogate, at_threshold: float, aside: float
) -> None:
    found = spike.derivative(torch.tensor([0.0, 0.5, -0.5], dtype=torch.float64))
    assert found.tolist() == pytest.approx([at_threshold, aside, aside], abs=1e-4)


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(st.floats(-8, 8, width=32), min_size=1),
    threshold=st.floats(0.0625, 3, width=32),
    strict=st.booleans(),
    multi_spike=st.booleans(),
)
def test_the_spikes_are_those_of_the_threshold(
    values: list[float], threshold: float, strict: bool, multi_spike: bool
) -> None:
    # Membranes exactly at the threshold tell strict from not.
    membrane = np.array([*values, threshold, 2 * threshold], np.float32)
    convention = rules(strict, multi_spike)
    expected = heaviside(membrane, np.float32(threshold), convention)
    for spike, _ in CASES:
        found = spike(torch.from_numpy(membrane), torch.tensor(threshold), convention)
        assert np.array_equal(found.numpy(), expected)


def test_of_several_spikes_the_gradient_is_that_of_the_nearest_step() -> None:
    membrane = torch.tensor([0.1, 0.9, 2.1, 2.9, -4.0], requires_grad=True)
    threshold = torch.tensor(1.0, requires_grad=True)
    spike = Triangular(width=1, height=1)
    spike(membrane, threshold, rules(multi_spike=True)).sum().backward()
    assert membrane.grad is not None
    assert threshold.grad is not None
    assert membrane.grad.tolist() == pytest.approx([0.1, 0.9, 0.9, 0.9, 0.0], abs=1e-6)
    assert threshold.grad.item() == pytest.approx(-(0.1 + 0.9 + 2 * 0.9 + 3 * 0.9), abs=1e-5)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (SuperSpike, "steepness", 0.0),
        (Arctan, "steepness", -1.0),
        (Triangular, "width", 0.0),
        (Triangular, "height", math.nan),
        (Rectangular, "width", math.inf),
        (MultiGaussian, "spread", 0.0),
        (MultiGaussian, "slope", 1.0),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_by_name(kind: type, field: str, value: float) -> None:
    with pytest.raises(NetworkError, match=f"^surrogate: {field} "):
        build(kind, {field: value}, "surrogate", NetworkError)


@pytest.mark.parametrize("module", ["surrogate", "network"])
def test_without_torch_the_import_says_what_to_install(module: str) -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from neuromorphic_ros.errors import NeuromorphicError\n"
        f"try:\n    import neuromorphic_ros.snn.{module}\n"
        "except NeuromorphicError as missing:\n    print(missing)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "pip install neuromorphic_ros[torch]" in run.stdout
