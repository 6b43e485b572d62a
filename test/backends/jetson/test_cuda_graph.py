"""A tick recorded as a CUDA graph: on a device where there is one, else on a stand-in of CUDA."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from neuromorphic_ros.backends.jetson.cuda_graph import WARM_UP_TICKS, recorded  # noqa: E402
from neuromorphic_ros.backends.jetson.runner import TorchRunner  # noqa: E402
from neuromorphic_ros.backends.jetson.tick import StaticTick  # noqa: E402
from neuromorphic_ros.pipeline.networks import find_network  # noqa: E402
from neuromorphic_ros.snn.streaming import StreamingNetwork  # noqa: E402
from neuromorphic_ros.snn.tick_spikes import TickSpikes  # noqa: E402

TICKS = 300
needs_cuda = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device"),
]


class StandIn:
    """What `recorded` calls of torch.cuda, in order; what is recorded runs on the CPU."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.recording = False

    def device(self, device: Any) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def Stream(self) -> StandIn:
        return self

    def current_stream(self) -> StandIn:
        return self

    def wait_stream(self, other: StandIn) -> None:
        self.calls.append("wait")

    @contextlib.contextmanager
    def stream(self, stream: StandIn) -> Iterator[None]:
        self.calls.append("side stream")
        yield

    def CUDAGraph(self) -> StandIn:
        return self

    @contextlib.contextmanager
    def graph(self, graph: StandIn, stream: StandIn, capture_error_mode: str) -> Iterator[None]:
        assert stream is self
        assert capture_error_mode == "thread_local"
        assert torch.backends.cudnn.enabled
        assert not torch.backends.cudnn.allow_tf32
        self.calls.append("record")
        self.recording = True
        yield
        self.recording = False

    def replay(self) -> None:
        self.calls.append("replay")


def test_a_tick_is_warmed_up_on_a_side_stream_recorded_once_and_starts_at_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cuda = StandIn()
    for name in ("device", "Stream", "current_stream", "stream", "CUDAGraph", "graph"):
        monkeypatch.setattr(torch.cuda, name, getattr(cuda, name))

    class Counting(StaticTick):
        def __call__(self) -> None:
            cuda.calls.append("recorded tick" if cuda.recording else "tick")
            super().__call__()

    tick = Counting(find_network("robot"), "cpu", 2)
    tick.inputs.fill_(1.0)
    replay = recorded(tick)
    assert cuda.calls == [
        "wait", "side stream", *["tick"] * WARM_UP_TICKS, "record", "recorded tick", "wait",
    ]  # fmt: skip
    assert not tick.fired.any()
    assert tick.row.item() == 0
    replay()
    assert cuda.calls[-1] == "replay"


def drawn(channels: int) -> TickSpikes:
    generator = np.random.default_rng(0)
    number = generator.poisson(0.05 * channels, TICKS)
    address = generator.integers(0, channels, number.sum()).astype(np.uint32)
    return TickSpikes(address, np.concatenate(([0], np.cumsum(number))))


class TestOnCuda:
    pytestmark = needs_cuda

    @pytest.mark.parametrize("name", ["robot", "gestures", "basic_motions"])
    def test_it_spikes_as_the_streaming_engine(self, name: str) -> None:
        spec = find_network(name)
        here, there = TorchRunner(spec, "cuda"), StreamingNetwork(spec)
        spikes = drawn(spec.channels)
        ours, theirs = here.run(spikes), there.run(spikes)
        assert np.array_equal(ours.first, theirs.first)
        assert np.array_equal(ours.address, theirs.address)
        assert np.array_equal(here.counts().spikes, there.counts().spikes)

    @pytest.mark.parametrize("precision", ["float32", "float16"])
    def test_it_computes_what_the_same_module_does_on_the_cpu(self, precision: Any) -> None:
        spec = find_network("digits")
        projections = (dataclasses.replace(x, precision=precision) for x in spec.projections)
        spec = dataclasses.replace(spec, projections=tuple(projections))
        spikes = drawn(spec.channels)
        ours, theirs = (TorchRunner(spec, device).run(spikes) for device in ("cuda", "cpu"))
        differ = len(set(ours.address) ^ set(theirs.address))
        assert differ <= 0.02 * spec.neurons

    def test_replayed_ticks_take_no_more_memory(self) -> None:
        network = TorchRunner(find_network("robot"), "cuda")
        spikes = drawn(network.spec.channels)
        network.run(spikes)
        before = torch.cuda.memory_allocated()
        for _ in range(3):
            network.run(spikes)
        assert torch.cuda.memory_allocated() == before

    def test_state_is_taken_over(self) -> None:
        spec = find_network("robot")
        one, other = TorchRunner(spec, "cuda"), TorchRunner(spec, "cuda")
        spikes = drawn(spec.channels)
        one.run(spikes)
        other.adopt(one)
        assert np.array_equal(one.run(spikes).address, other.run(spikes).address)
