"""v2e from a checkout that the environment variable V2E_PATH names."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import types
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic_ros.encoding.dvs import DvsParameters
from neuromorphic_ros.encoding.dvs_pixels import Frame

# It imports these for windows and file formats, which are not used here.
UNUSED = ("dv_processing", "easygui", "engineering_notation", "screeninfo")


class _Unused(types.ModuleType):
    """A module of which any name can be imported."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *arguments: []


def installed() -> bool:
    """Tell whether v2e can be run, and on standard error why not."""
    path = os.environ.get("V2E_PATH")
    if not path:
        return False
    sys.path.insert(0, path)
    for name in UNUSED:
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            sys.modules[name] = _Unused(name)
    try:
        importlib.import_module("v2ecore.emulator")
    except ImportError as missing:
        print(f"no v2e in {path}: {missing}", file=sys.stderr)
        return False
    return True


class V2e:
    """v2e's emulator on one thread of the processor."""

    def __init__(self, parameters: DvsParameters, height: int, width: int, seed: int) -> None:
        """Take over the parameters; v2e draws its own mismatch."""
        import torch

        torch.set_num_threads(1)
        # It warns of every frame without events.
        logging.getLogger("v2ecore").setLevel(logging.CRITICAL)
        emulator: Any = importlib.import_module("v2ecore.emulator")
        self.emulator = emulator.EventEmulator(
            pos_thres=parameters.pos_thres,
            neg_thres=parameters.neg_thres,
            sigma_thres=parameters.sigma_thres,
            cutoff_hz=parameters.cutoff_hz,
            leak_rate_hz=parameters.leak_rate_hz,
            refractory_period_s=parameters.refractory_period_s,
            shot_noise_rate_hz=parameters.shot_noise_rate_hz,
            leak_jitter_fraction=parameters.leak_jitter_fraction,
            noise_rate_cov_decades=parameters.noise_rate_cov_decades,
            seed=seed + 1,  # it takes 0 for no seed
            output_width=width,
            output_height=height,
            device="cpu",
        )

    def encode(self, sample: Frame, stamp_ns: int) -> npt.NDArray[np.float32]:
        """Return events as rows of time [s], x, y, polarity 1 or -1."""
        events = self.emulator.generate_events(sample.astype(np.float32), stamp_ns / 1e9)
        return np.empty((0, 4), np.float32) if events is None else events

    def set_thresholds(self, thresholds: npt.NDArray[np.float64]) -> None:
        """Give the pixels thresholds, float64[2, height, width], once they have seen a frame."""
        import torch

        off, on = torch.from_numpy(thresholds.astype(np.float32))
        self.emulator.neg_thres, self.emulator.pos_thres = off, on
