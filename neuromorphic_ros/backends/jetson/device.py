"""Where torch runs: on CUDA, if there is a device, or on the CPU."""

from __future__ import annotations

import ctypes

from neuromorphic_ros.backends.options import Device
from neuromorphic_ros.errors import BackendError

DRIVER = "libcuda.so.1"


def sees_cuda() -> bool:
    """Return whether torch sees a CUDA device; it is not imported without a driver."""
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return False
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()


def torch_device(device: Device) -> str:
    """Return the device of torch, cuda or cpu, for one that is asked for.

    Raises BackendError if CUDA is asked for and torch sees no device.
    """
    if device == "cpu":
        return "cpu"
    if sees_cuda():
        return "cuda"
    if device == "cuda":
        raise BackendError(
            "device: cuda needs a CUDA device and a torch that is built for it, and torch sees "
            "none here: choose device: auto or cpu"
        )
    return "cpu"
