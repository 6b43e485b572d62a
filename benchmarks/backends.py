"""What each kind of hardware makes of the shipped networks, beside the same in float.

The recording that the project makes itself in simulation, by `neuromorphic replay --profile`.
`same_rates`: spikes in common in 100 ms, of the population that commands or detections are read
from, once its lag is taken off; `same_spikes`: in the same tick. `linear_rms_m_s`,
`angular_rms_rad_s`: of the differences of commands, beside `of_*`, those of the commands in float.
`realtime`: how many times faster than the recording.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from typing import Any

from reporting import Row, main

from neuromorphic_ros.backends.registry import BACKENDS
from neuromorphic_ros.cli.main import main as neuromorphic
from neuromorphic_ros.pipeline.networks import find_network
from neuromorphic_ros.resources import share_directory

RECORDING = share_directory() / "recordings" / "wheeled_robot"
NETWORKS = ("analog_robot", "robot", "obstacle_avoider", "motion_detector")


def printed(*arguments: str) -> Any:
    """Return the JSON that a command prints; none if it refuses, which it says itself."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        refused = neuromorphic([*arguments, "--json"])
    return None if refused else json.loads(output.getvalue())


def rows(network: str) -> Iterator[Row]:
    """Yield a row for each backend that runs here."""
    surveyed = printed("inspect", network, "--hardware", "all")
    for name, backend in BACKENDS.items():
        if backend.here != "works":
            continue
        told, replayed = (
            surveyed[name],
            printed("replay", str(RECORDING), "--network", network, "--profile", name),
        )
        if replayed is None:
            continue
        read = find_network(network).readouts[0].population
        population = replayed["agreement"]["populations"][read]
        commands = replayed["agreement"]["commands"]
        yield {
            "network": network,
            "backend": name,
            "cores": told["cores"],
            "weight_bits": told["weight_bits"],
            "weight_error": told["weight_error"],
            "latency_ms": told["latency_ms"],
            "same_rates": population["rates"],
            "same_spikes": population["spikes"],
            "linear_rms_m_s": commands["linear_rms_m_s"],
            "of_linear": commands["reference_linear_rms_m_s"],
            "angular_rms_rad_s": commands["angular_rms_rad_s"],
            "of_angular": commands["reference_angular_rms_rad_s"],
            "detections": replayed["topics"].get("/detections", {}).get("count", 0),
            "realtime": replayed["realtime_factor"],
        }


if __name__ == "__main__":
    main(__doc__, lambda: [row for network in NETWORKS for row in rows(network)])
