"""One tick in torch: as the streaming engine computes it, and as a CUDA graph can record it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from snn.test_one_answer import (  # noqa: E402
    TICKS,
    Activity,
    compare,
    drumming,
    specs,
    streamed,
)
from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from neuromorphic_ros.backends.jetson.tick import LARGEST, StaticTick  # noqa: E402
from neuromorphic_ros.pipeline.networks import find_network  # noqa: E402
from neuromorphic_ros.snn.network import TorchNetwork  # noqa: E402
from neuromorphic_ros.snn.neurons.dendritic import DendriticLif  # noqa: E402
from neuromorphic_ros.snn.neurons.leaky import Integrator, Li, Lif  # noqa: E402
from neuromorphic_ros.snn.patterns import Conv2d, Pool2d, Random  # noqa: E402
from neuromorphic_ros.snn.spec import Input, NetworkSpec, Population, Projection, Stage  # noqa: E402
from neuromorphic_ros.snn.tick_spikes import TickSpikes  # noqa: E402
from neuromorphic_ros.snn.weights import Normal  # noqa: E402

FLOAT = ("robot", "gestures", "basic_motions", "pump_faults")
HALF = ("robot@medium",)


def ticking(spec: NetworkSpec, spikes: TickSpikes) -> Activity:
    """Run tick by tick, and look at membranes too."""
    tick = StaticTick(spec, "cpu", TICKS)
    ticks = np.repeat(np.arange(TICKS), np.diff(spikes.first))
    np.add.at(
        tick.inputs.numpy(), (ticks, spikes.address), spikes.value if spikes.value.size else 1.0
    )
    membranes: dict[str, list[Any]] = {population.name: [] for population in spec.populations}
    for _ in range(TICKS):
        tick()
        for name, rows in membranes.items():
            rows.append(tick._layers[name].state.membrane[0].numpy().copy())
    spiking = [np.full(each.size, each.neuron.spikes) for each in spec.execution_order()]
    amounts = np.where(np.concatenate(spiking), tick.outputs.numpy(), 0)
    return Activity(amounts, {name: np.array(rows) for name, rows in membranes.items()})


def in_float32(spec: NetworkSpec) -> NetworkSpec:
    """Return a network with its weights of 16 bits in 32."""
    return dataclasses.replace(
        spec,
        projections=tuple(
            dataclasses.replace(each, precision="float32") if each.precision == "float16" else each
            for each in spec.projections
        ),
    )


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(spec=specs().map(in_float32), seed=st.integers(0, 2**32), graded=st.booleans())
def test_it_computes_what_the_streaming_engine_does(
    spec: NetworkSpec, seed: int, graded: bool
) -> None:
    spikes = drumming(spec, seed, graded)
    compare(spec, streamed(spec, spikes), ticking(spec, spikes))


def every_kind() -> NetworkSpec:
    """A network with graded and several spikes, delays, dendrites, maps before others."""
    return NetworkSpec(
        name="kinds",
        dt_ms=1.0,
        inputs=(Input("image", (2, 8, 8)), Input("sound", (5,))),
        populations=(
            Population("bursting", (4, 4, 4), Lif(reset="subtract", multi_spike=True)),
            Population("tree", (6,), DendriticLif(dendrites=3, refractory_ms=2.0)),
            Population("out", (3,), Li()),
        ),
        projections=(
            Projection(
                "image",
                "bursting",
                Normal(0.2, 0.5),
                Conv2d(kernel=(3, 3), padding=(1, 1)),
                before=(Stage(Pool2d("sum_pool2d", (2, 2))),),
                bias=0.1,
            ),
            Projection("sound", "bursting", Normal(0.2, 0.5), Random(0.4), delay_ticks=5),
            Projection("bursting", "tree", Normal(0.2, 0.5), compartment=2),
            Projection("tree", "tree[0:3]", Normal(0.2, 0.5), compartment=1, delay_ticks=2),
            Projection("tree", "out", Normal(0.0, 0.5)),
        ),
    )


class OnDevice(TorchDispatchMode):
    """Fails when anything but a number is made, or read, off the device meta."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for value in made if isinstance(made, (list, tuple)) else (made,):
            if isinstance(value, torch.Tensor) and value.dim():
                assert value.is_meta, f"{func} makes a tensor on {value.device}"
        return made


def spec_of(name: str) -> NetworkSpec:
    return every_kind() if name == "kinds" else find_network(name)


@pytest.mark.parametrize("name", [*FLOAT, "kinds"])
def test_nothing_moves_between_host_and_device(name: str) -> None:
    tick = StaticTick(spec_of(name), "meta", 2)
    with OnDevice():
        tick()
        tick()


@pytest.mark.parametrize("name", [*FLOAT, *HALF, "kinds"])
def test_nothing_depends_on_data_but_values(name: str) -> None:
    tick = StaticTick(spec_of(name), "cpu", 2)
    with FakeTensorMode(allow_non_fake_inputs=True):
        tick()
        tick()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: x.sum().item(),
        lambda x: x if x.any() else -x,
        lambda x: x.nonzero(),
        lambda x: x[x > 0],
        lambda x: x.cpu() + 1,
        lambda x: x + torch.tensor([1.0]).to(x.device),
    ],
    ids=["item", "branch", "nonzero", "mask", "to_host", "from_host"],
)
def test_what_no_graph_could_record_is_found(wrong: Callable[[Any], Any]) -> None:
    with pytest.raises((AssertionError, RuntimeError, NotImplementedError)), OnDevice():
        wrong(torch.zeros(3, device="meta"))


@pytest.mark.parametrize(
    "wrong", [lambda x: x.sum().item(), lambda x: x.nonzero(), lambda x: x[x > 0]]
)
def test_what_depends_on_data_is_found(wrong: Callable[[Any], Any]) -> None:
    given = torch.zeros(3)
    with (
        FakeTensorMode(allow_non_fake_inputs=True),
        pytest.raises(RuntimeError, match="aten"),
    ):
        wrong(given)


def tensors(part: Any) -> list[Any]:
    """All tensors in an object, however deep."""
    if isinstance(part, torch.Tensor):
        return [part]
    if isinstance(part, dict):
        part = list(part.values())
    return [x for each in part for x in tensors(each)] if isinstance(part, (list, tuple)) else []


def test_all_state_stays_where_it_is() -> None:
    tick = StaticTick(every_kind(), "cpu", 3)
    before = [(each, each.data_ptr()) for each in tensors(vars(tick))]
    assert len(before) > 20
    for _ in range(3):
        tick()
    after = tensors(vars(tick))
    assert [id(each) for each in after] == [id(each) for each, _ in before]
    assert [each.data_ptr() for each in after] == [place for _, place in before]


def test_rows_follow_each_other_and_sums_go_on() -> None:
    spec = NetworkSpec(
        name="relay",
        dt_ms=1.0,
        inputs=(Input("a", (2,)),),
        populations=(Population("p", (1,), Lif()), Population("v", (1,), Integrator())),
        projections=(Projection("a", "p", 1.0), Projection("p", "v", 0.5, bias=0.0)),
    )
    tick = StaticTick(spec, "cpu", 3)
    tick.inputs[0, 1] = tick.inputs[2, 0] = 1.0
    for _ in range(3):
        tick()
    assert tick.row.item() == 3
    assert tick.outputs.tolist() == [[1, 1], [0, 1], [1, 1]]
    tick.row.zero_()
    tick()
    assert tick.fired.tolist() == [3, 4]
    assert tick.active.tolist() == [3, 3]
    tick.reset()
    tick.row.zero_()
    tick.inputs.zero_()
    tick()
    assert tick.outputs[0].tolist() == [0, 0]
    assert tick.fired.tolist() == [3, 4]
    tick.clear()
    assert tick.row.item() == tick.fired.sum() == tick.active.sum() == 0


def summing(precision: Any, weights: Any, pattern: Any = None, **fields: Any) -> NetworkSpec:
    """Neurons without leak or threshold: their membranes are the currents of one tick."""
    shape = (2, 8, 8) if pattern else (300,)
    post = (4, 8, 8) if pattern else (40,)
    more = {"pattern": pattern} if pattern else {}
    return NetworkSpec(
        name="sum",
        dt_ms=1.0,
        seed=3,
        inputs=(Input("a", shape),),
        populations=(Population("sum", post, Integrator()),),
        projections=(Projection("a", "sum", weights, precision=precision, **more, **fields),),
    )


def summed(spec: NetworkSpec, amounts: Any) -> Any:
    tick = StaticTick(spec, "cpu", 1)
    tick.inputs[0] = amounts
    tick()
    return tick._layers["sum"].state.membrane[0]


@pytest.mark.parametrize("pattern", [None, Conv2d(kernel=(3, 3), padding=(1, 1))])
def test_weights_of_16_bits_are_summed_in_16_bits(pattern: Any) -> None:
    spec = summing("float16", Normal(0.1, 1.0), pattern)
    generator = torch.Generator().manual_seed(1)
    amounts = (torch.rand(spec.channels, generator=generator) < 0.2).float()
    half = summed(spec, amounts)
    # The same weights of 16 bits, summed in 32.
    exact = TorchNetwork(spec).synapses[0].linear()(amounts[None])[0].detach()
    assert not torch.equal(half, exact)
    # A sum is rounded once, by half of the last place of 11 bits at most.
    assert (half - exact).abs().le(2.0**-11 * exact.abs() + 1e-5).all()


def test_amounts_and_currents_beyond_16_bits_stay_finite() -> None:
    spec = summing("float16", 300.0)
    assert summed(spec, torch.ones(spec.channels)).unique().tolist() == [LARGEST]
    assert summed(spec, torch.full((spec.channels,), 1e6)).unique().tolist() == [LARGEST]


def test_a_state_is_taken_over_with_what_is_under_way() -> None:
    spec = every_kind()
    one, other = StaticTick(spec, "cpu", 8), StaticTick(spec, "cpu", 8)
    generator = torch.Generator().manual_seed(2)
    heard = (torch.rand(8, spec.channels, generator=generator) < 0.3).float()
    one.inputs.copy_(heard)
    for _ in range(4):
        one()
    other.inputs.copy_(heard)
    other.row.fill_(4)
    for population in spec.populations:
        other.adopt(population.name, one)
    for _ in range(4):
        one()
        other()
    assert one.outputs[4:].any()
    torch.testing.assert_close(other.outputs[4:], one.outputs[4:])
