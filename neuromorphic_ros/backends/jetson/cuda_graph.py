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
    with torch.cuda.device(tick.row.device), torch.backends.cudnn.flags(allow_tf32=False):
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_TICKS):
                tick.clear()
                tick()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        # Other threads may use the device meanwhile.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            tick()
        tick.clear()
    return graph.replay
