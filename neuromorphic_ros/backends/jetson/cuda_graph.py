"""A tick recorded as a CUDA graph: one launch for all of its operations."""

from __future__ import annotations

from collections.abc import Callable

import torch

from neuromorphic_ros.backends.jetson.tick import StaticTick

# Libraries choose their algorithms and take their workspaces in the first calls.
WARM_UP_TICKS = 3


def recorded(tick: StaticTick) -> Callable[[], None]:
    """Record a tick on CUDA; returns what runs it, from rest.

    The recording keeps the memory of all results within a tick. Convolutions are computed in
    float32, not in TF32.
    Source: PyTorch, CUDA semantics, section CUDA Graphs.
    """
    exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
    with torch.cuda.device(tick.row.device), exact:
        stream, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_TICKS):
                tick.clear()
                tick()
        # Other threads may use the device meanwhile.
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            tick()
        torch.cuda.current_stream().wait_stream(stream)
        tick.clear()
    return graph.replay
