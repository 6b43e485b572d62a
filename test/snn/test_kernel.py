"""The compiled engine against the models stepped in numpy, for every model and convention."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.dispatcher import Dispatcher

from neuromorphic_ros.errors import NetworkError
from neuromorphic_ros.parameters import build
from neuromorphic_ros.snn import kernel
from neuromorphic_ros.snn.neurons.model import Neuron
from neuromorphic_ros.snn.patterns import OneToOne
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

SIZE, TICKS = 19, 120
MODELS = {
    get_args(tagged)[0]().model: get_args(tagged)[0] for tagged in get_args(get_args(Neuron)[0])
}

CHOICES: dict[str, list[Any]] = {
    "threshold": [1.0, 0.3, np.linspace(0.3, 2.0, SIZE)],
    "reset": ["hard", "subtract"],
    "reset_value": [0.0, -0.7, np.linspace(-1.0, 0.2, SIZE)],
    "reset_in": ["same_tick", "next_tick"],
    "lower_first": [False, True],
    "strict": [False, True],
    "multi_spike": [False, True],
    "refractory_ms": [0.0, 0.5, 2.0],
    "floor": [None, -0.4, np.linspace(-1.0, 0.0, SIZE)],
    "tau_mem_ms": [3.0, np.linspace(1.0, 40.0, SIZE)],
    "integrator": ["exact", "euler"],
    "resistance": [None, 2.5, np.linspace(0.5, 4.0, SIZE)],
    "resistance_per_s": [None, 1500.0],
    "rest": [0.0, 0.2],
    "bias": [0.0, 0.15],
    "initial": [0.0, 0.4],
    "tau_syn_ms": [2.0, np.linspace(1.0, 9.0, SIZE)],
    "input_gain": [1.0, -0.5],
    "input_in": ["same_tick", "next_tick"],
    "adaptation": [0.1, np.linspace(0.0, 0.4, SIZE)],
    "homeostasis": [0.0, 0.1],
    "bias_pa": [0.0, 800.0, np.linspace(0.0, 2000.0, SIZE)],
    "substeps": [1, 4],
    "dendrites": [1, 3],
    "dendrite_slope": [0.25, np.linspace(0.1, 2.0, SIZE)],
    "dendritic_gain": [1.0, 2.0],
}


@st.composite
def drawn_neurons(draw: st.DrawFn, model: str) -> Any:
    fields = MODELS[model].__pydantic_fields__
    values = {
        name: draw(st.sampled_from(choices)) for name, choices in CHOICES.items() if name in fields
    }
    return build(MODELS[model], values, model, NetworkError)


def stepped(neuron: Any, dt_ms: float, currents: Any) -> tuple[Any, Any]:
    """Return outputs (ticks, size) and the last membrane, in the dtype of the engine."""
    dtype = neuron.dtype
    constants = type(neuron.constants(dt_ms))(
        *(np.asarray(c, dtype) for c in neuron.constants(dt_ms))
    )
    state = neuron.state()
    state = type(state)(
        *(
            [np.zeros(SIZE, dtype) for _ in part]
            if isinstance(part, list)
            else np.full(SIZE, part, dtype)
            for part in state
        )
    )
    outputs = []
    for current in currents:
        output, state = neuron.step(None, constants, neuron.rules(dt_ms), state, current)
        outputs.append(output)
    return np.array(outputs), state.membrane


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_compiled_and_numpy_give_the_same_bits(model: str, data: st.DataObject) -> None:
    neuron = data.draw(drawn_neurons(model))
    dt_ms = data.draw(st.sampled_from([0.1, 1.0]))
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    places = neuron.compartments
    scale = 1500.0 if model == "adex" else 1.0
    currents = (scale * generator.uniform(-0.6, 1.2, (TICKS, places, SIZE))).astype(np.float32)

    spec = NetworkSpec(
        "alone",
        dt_ms,
        tuple(Input(f"place{place}", (SIZE,)) for place in range(places)),
        (Population("cell", (SIZE,), neuron),),
        tuple(
            Projection(f"place{place}", "cell", 1.0, OneToOne(), compartment=place)
            for place in range(places)
        ),
    )
    network = StreamingNetwork(spec)
    every = np.tile(np.arange(places * SIZE, dtype=np.uint32), TICKS)
    first = np.arange(TICKS + 1) * places * SIZE
    fired = network.run(TickSpikes(every, first, currents.ravel()))
    outputs, membrane = stepped(neuron, dt_ms, currents if places > 1 else currents[:, 0])
    if model in ("adex", "dendritic_lif"):
        # Two libraries may round an exponential differently in the last place.
        assert abs(int((outputs > 0).sum()) - fired.address.size) <= 2
        return
    assert membrane.dtype == network.membrane("cell").dtype
    assert np.array_equal(network.membrane("cell"), membrane)
    if neuron.spikes:
        tick, index = np.nonzero(outputs)
        assert np.array_equal(fired.address, index)
        assert np.array_equal(np.diff(fired.first), np.count_nonzero(outputs, axis=1))
        if fired.value.size:
            assert np.array_equal(fired.value, outputs[tick, index])


@pytest.mark.parametrize("sizes", [(1, 9), (8, 3), (64, 7, 1), (13, 64, 8)])
def test_flags_of_a_larger_population_do_not_fire_in_a_smaller_one(sizes: tuple[int, ...]) -> None:
    neurons = [{"model": "if", "bias": 2.0}, {"model": "if", "threshold": 1e6}]
    content: dict[str, Any] = {
        "name": "flags",
        "dt_ms": 1.0,
        "inputs": [],
        "populations": [
            {"name": f"p{place}", "shape": [size], "neuron": neurons[place % 2]}
            for place, size in enumerate(sizes)
        ],
    }
    network = StreamingNetwork(NetworkSpec(**content))
    fired = network.run(TickSpikes(np.empty(0, np.uint32), np.zeros(4, np.int64)))
    starts = np.concatenate(([0], np.cumsum(sizes)))
    expected = np.concatenate(
        [np.arange(starts[place], starts[place + 1]) for place in range(0, len(sizes), 2)]
    )
    assert fired.address.tolist() == np.tile(expected, 3).tolist()


def reachable(function: Any, known: dict[str, Any]) -> dict[str, Any]:
    """Return the compiled functions that a compiled one calls, by their full names.

    Fails if two of one name differ, for their compiled code would be taken for each other.
    """
    own = function.py_func
    name = f"{own.__module__}.{own.__qualname__}"
    if name in known:
        assert known[name].py_func is own, f"two functions are called {name}"
        return known
    known[name] = function
    cells = [cell.cell_contents for cell in own.__closure__ or ()]
    for used in [*cells, *(own.__globals__.get(name) for name in own.__code__.co_names)]:
        if isinstance(used, Dispatcher):
            reachable(used, known)
    return known


def test_no_two_compiled_functions_have_one_name() -> None:
    known = reachable(kernel.run, {})
    assert len(known) > 20
    assert len(reachable(kernel.run_plastic, known)) > 40
