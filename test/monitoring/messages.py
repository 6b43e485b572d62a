"""Messages as a running robot sends them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from neuromorphic_ros.pipeline.messages import STEP_BOUNDS_US

RATES = "neuromorphic_ros/msg/PopulationRates"


def rates(**changes: Any) -> dict[str, Any]:
    """Return the fields of a PopulationRates of one second."""
    ticks = np.zeros(len(STEP_BOUNDS_US) + 1, np.uint64)
    ticks[[1, 3, -1]] = 600, 399, 1
    return {
        "header": {"stamp": 5_000_000_000},
        "network": "net",
        "window_s": 1.0,
        "ticks": 1000,
        "name": ["in", "out"],
        "size": np.array([4, 2], np.uint32),
        "spikes": np.array([30, 5], np.uint64),
        "rate_hz": np.array([7.5, 2.5], np.float32),
        "synaptic_events": np.array([60, 5], np.uint64),
        "neuron_updates": np.array([0, 2000], np.uint64),
        "active_updates": np.array([0, 40], np.uint64),
        "projection": ["in -> out", "out -> out"],
        "projection_events": np.array([60, 5], np.uint64),
        "plasticity_updates": np.zeros(2, np.uint64),
        "memory_bytes": np.array([240, 20], np.uint64),
        "dense_macs": np.array([8000, 4000], np.uint64),
        "dense_bytes": np.array([32000, 16000], np.uint64),
        "late_spikes": 3,
        "step_us_p50": 4.0,
        "step_us_p99": 9.0,
        "step_us_bound": np.array(STEP_BOUNDS_US, np.float32),
        "step_us_count": ticks,
        **changes,
    }


def diagnostics(name: str, hardware_id: str = "", /, **values: str) -> SimpleNamespace:
    """Return a DiagnosticArray of one line; hardware_id: empty: the node in `name`."""
    node = name.partition(":")[0].rpartition("/")[2]
    items = [SimpleNamespace(key=key, value=value) for key, value in values.items()]
    line = SimpleNamespace(name=name, hardware_id=hardware_id or node, values=items)
    return SimpleNamespace(status=[line])
