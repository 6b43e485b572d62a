"""The backend Jetson: networks run by the engine that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from neuromorphic_ros.backends.base import DEFAULT, Runner
from neuromorphic_ros.backends.jetson.device import torch_device
from neuromorphic_ros.backends.options import Device, Options
from neuromorphic_ros.errors import BackendError
from neuromorphic_ros.snn.spec import NetworkSpec
from neuromorphic_ros.snn.streaming import StreamingNetwork


def _streaming(spec: NetworkSpec, device: Device) -> Runner:
    if device == "cuda":
        raise BackendError(
            "the streaming engine runs on the CPU: choose engine: torch for device: cuda"
        )
    return StreamingNetwork(spec)


def _torch(spec: NetworkSpec, device: Device) -> Runner:
    # Only this engine needs torch.
    try:
        from neuromorphic_ros.backends.jetson.runner import TorchRunner
    except ImportError:
        raise BackendError(
            "engine: torch needs torch, which is not installed: pip install "
            "neuromorphic_ros[torch], or choose engine: streaming"
        ) from None
    return TorchRunner(spec, torch_device(device))


ENGINES: Mapping[str, Callable[[NetworkSpec, Device], Runner]] = {
    "streaming": _streaming,
    "torch": _torch,
}
"""What can run a network, the first by default."""


def compile_jetson(spec: NetworkSpec, options: Options = DEFAULT) -> Runner:
    """Compile a network for one of ENGINES; if none is named, for torch on CUDA, else streaming.

    Raises BackendError if its device or torch is not there, NetworkError if the network is wrong,
    or learns and is to run in torch.
    """
    engine = options.engine or ("torch" if options.device == "cuda" else "streaming")
    return ENGINES[engine](spec, options.device)
