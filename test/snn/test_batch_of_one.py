"""A torch network that is fed as the streaming engine is fires what that does."""

from __future__ import annotations

import numpy as np
import pytest

from neuromorphic_ros.errors import NetworkError, SpikeError
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.snn.array import Array
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork
from neuromorphic_ros.snn.tick_spikes import TickSpikes

torch = pytest.importorskip("torch")

from neuromorphic_ros.snn import batch_of_one  # noqa: E402
from neuromorphic_ros.snn.batch_of_one import BatchOfOne  # noqa: E402
from neuromorphic_ros.snn.network import TorchNetwork  # noqa: E402


def spec() -> NetworkSpec:
    weights = np.random.default_rng(0).integers(-20, 40, (6, 5)) / 64
    return NetworkSpec(
        name="net",
        dt_ms=1.0,
        inputs=({"name": "in", "shape": [6]},),  # type: ignore[arg-type]
        populations=(
            {"name": "hidden", "shape": [5], "neuron": {"model": "if", "multi_spike": True}},  # type: ignore[arg-type]
            {"name": "out", "shape": [5], "neuron": {"model": "li"}},  # type: ignore[arg-type]
        ),
        projections=(
            {"pre": "in", "post": "hidden", "weights": Array(weights)},  # type: ignore[arg-type]
            {"pre": "hidden", "post": "out", "pattern": {"type": "one_to_one"}, "delay_ticks": 3},  # type: ignore[arg-type]
        ),
    )


def spikes(channels: int, ticks: int = 50, activity: float = 0.4) -> TickSpikes:
    tick, address = np.nonzero(np.random.default_rng(1).random((ticks, channels)) < activity)
    return TickSpikes(address.astype(np.uint32), np.searchsorted(tick, np.arange(ticks + 1)))


@pytest.mark.parametrize("held", [7, 500])
def test_it_fires_as_the_engine_whatever_is_held_at_a_time(
    held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_of_one, "MAX_TICKS", held)
    engine, network = StreamingNetwork(spec()), BatchOfOne(TorchNetwork(spec()))
    for _ in range(2):
        expected, found = (each.run(spikes(6)) for each in (engine, network))
        for one, other in zip(found, expected, strict=True):
            assert np.array_equal(one, other)
        assert np.allclose(network.membrane("out"), engine.membrane("out"), rtol=1e-5)
    assert found.address.size > 0
    engine.reset()
    network.reset()
    assert np.array_equal(engine.run(spikes(6)).first, network.run(spikes(6)).first)


def test_no_ticks_are_no_spikes() -> None:
    nothing = TickSpikes(np.empty(0, np.uint32), np.zeros(1, np.int64))
    fired = BatchOfOne(TorchNetwork(spec())).run(nothing)
    assert fired.ticks == 0
    assert fired.address.dtype == np.uint32


def test_a_graph_starts_anew_with_every_call() -> None:
    network = BatchOfOne(TorchNetwork(find_network("graph_nmnist")))
    given = spikes(network.spec.channels, 12, 0.01)
    one, two = network.run(given), network.run(given)
    assert one.address.size > 0
    assert np.array_equal(one.address, two.address)


def test_unknown_channels_and_populations_are_told() -> None:
    network = BatchOfOne(TorchNetwork(spec()))
    with pytest.raises(SpikeError, match="channel 6"):
        network.run(TickSpikes(np.array([6], np.uint32), np.array([0, 1])))
    with pytest.raises(NetworkError, match="population 'other' is unknown"):
        network.membrane("other")
