"""What each kind of hardware makes of the shipped networks, beside the same in float.

The recording that the project makes itself in simulation, by `neuromorphic replay --profile`.
`same_rates`: spikes in common in 100 ms of a population that is read out, once its lag is taken
off; `same_spikes`: in the same tick. `linear_rms_m_s`, `angular_rms_rad_s`: of the differences of
commands, beside `of_*`, those of the commands in float.
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
    """Yield a row for each backend and each population that is read out."""
    surveyed = printed("inspect", network, "--hardware", "all")
    for name in BACKENDS:
        options = ("--network", network, "--profile", name)
        replayed = printed("replay", str(RECORDING), *options)
        if replayed is None:
            continue
        told, agreement = surveyed[name], replayed["agreement"]
        commands = agreement["commands"]
        for readout in find_network(network).readouts:
            population = agreement["populations"][readout.population]
            yield {
                "network": network,
                "backend": name,
                "cores": told["cores"],
                "weight_bits": told["weight_bits"],
                "weight_error": told["weight_error"],
                "latency_ms": told["latency_ms"],
                "population": readout.population,
                "same_rates": population["rates"],
                "same_spikes": population["spikes"],
                "linear_rms_m_s": commands["linear_rms_m_s"],
                "of_linear": commands["reference_linear_rms_m_s"],
                "angular_rms_rad_s": commands["angular_rms_rad_s"],
                "of_angular": commands["reference_angular_rms_rad_s"],
            }


if __name__ == "__main__":
    main(__doc__, lambda: [row for network in NETWORKS for row in rows(network)])
