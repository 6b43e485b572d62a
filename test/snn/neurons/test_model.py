"""All models: chosen by name, and one definition for numpy, torch and the compiled engine."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn.array import as_numpy
from neuromorphic_ros.snn.neurons.leaky import Lif
from neuromorphic_ros.snn.neurons.model import Neuron

from .stepping import trace

MODELS = [get_args(tagged)[0] for tagged in get_args(get_args(Neuron)[0])]
NAMES = [model().model for model in MODELS]


def neuron(value: object) -> Any:
    return build(Neuron, value, "population 'x'", NetworkError)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_a_model_is_chosen_by_its_name(model: Any) -> None:
    assert neuron({"model": model().model}) == model()
    assert neuron(model()) == model()


def test_without_a_name_it_is_a_leaky_neuron() -> None:
    assert neuron({"tau_mem_ms": 5.0}) == Lif(tau_mem_ms=5.0)


@pytest.mark.parametrize(
    "value", [{"model": "hodgkin_huxley"}, {"model": None}, {"model": ["lif"]}, "lif", None, 3]
)
def test_an_unknown_model_is_refused_naming_the_known_ones(value: object) -> None:
    with pytest.raises(NetworkError, match=r"^population 'x': .*if, lif, .* or dendritic_lif$"):
        neuron(value)


def test_a_wrong_parameter_is_named_with_its_model() -> None:
    with pytest.raises(NetworkError, match=r"^population 'x': alif\.adaptation = -1"):
        neuron({"model": "alif", "adaptation": -1})


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_every_parameter_says_what_it_is(model: Any) -> None:
    for name, field in model.__pydantic_fields__.items():
        assert name == "model" or field.description, name


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_models_compare_and_hash_by_value(model: Any) -> None:
    field = "bias_pa" if model().model == "adex" else "bias"
    first, same, other = (
        neuron({"model": model().model, field: bias})
        for bias in ([0.0, 1.0], [0.0, 1.0], [0.0, 2.0])
    )
    assert first == same
    assert hash(first) == hash(same)
    assert first != other


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_constants_are_float64_of_all_or_of_each(model: Any) -> None:
    for constant in model().constants(0.5):
        assert as_numpy(constant).dtype == np.asarray(constant).dtype == np.float64
        assert np.ndim(constant) == 0


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_torch_and_numpy_step_alike(model: Any) -> None:
    torch = pytest.importorskip("torch")
    one = model()
    scale = 3000.0 if one.model == "adex" else 1.0
    shape = (100, one.compartments, 5) if one.compartments > 1 else (100, 5)
    currents = scale * np.random.default_rng(0).uniform(-0.3, 0.9, shape)
    run = trace(one, currents)

    constants = type(one.constants(1.0))(*(torch.as_tensor(c) for c in one.constants(1.0)))
    state = one.state()
    state = state._replace(
        **{
            name: [torch.zeros(5, dtype=torch.float64)] * len(value)
            if isinstance(value, list)
            else torch.as_tensor(np.full(5, value, np.float64))
            for name, value in state._asdict().items()
        }
    )
    output = []
    for current in torch.as_tensor(currents):
        fired, state = one.step(None, constants, one.rules(1.0), state, current)
        output.append(fired.numpy())
    assert np.count_nonzero(run.output) > 20
    assert np.array_equal(output, run.output)
    # Torch rounds exponentials otherwise.
    tolerance = 1e-9 if one.model in ("adex", "dendritic_lif") else 0.0
    assert state.membrane.numpy() == pytest.approx(run.membrane[-1], rel=tolerance, abs=0.0)
