"""Services of a live node: inferences a second inside `run_benchmark`, and what a call adds.

`inferences_per_s`: of a network of 128 inputs, 64 LIF neurons and 10 outputs, 10 ticks each.
`roundtrip_us_median`, `roundtrip_us_p99`: of a call of `process_spikes`, less the time of its
computation. --json prints one object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from reporting import table

sys.path.insert(0, str(Path(__file__).parents[1] / "test"))
from harness import Robot, robot_domain
from neuromorphic_ros.srv import ProcessSpikes, RunBenchmark

NETWORK = """
name: lif_128
dt_ms: 1.0
seed: 1
inputs: [{name: seen, shape: [128]}]
populations:
  - {name: hidden, shape: [64], neuron: {model: lif}}
  - {name: out, shape: [10], neuron: {model: lif}}
projections:
  - {pre: seen, post: hidden, weights: {type: normal, mean: 0.1, deviation: 0.1}}
  - {pre: hidden, post: out, weights: {type: normal, mean: 0.1, deviation: 0.1}}
"""
TICKS = 10
ACTIVITY = 0.05
INFERENCES = 20_000
CALLS = 200


def measure() -> dict[str, Any]:
    """Return what is measured, by name."""
    with tempfile.TemporaryDirectory() as folder, robot_domain() as robot:
        file = Path(folder) / "lif_128.yaml"
        file.write_text(NETWORK)
        robot.start("spiking_core", {"network": file})
        request = RunBenchmark.Request(
            batch=1, ticks=TICKS, iterations=INFERENCES, activity=ACTIVITY
        )
        found = robot.listener.call(RunBenchmark, "run_benchmark", request)
        if not found.success:
            raise SystemExit(found.message)
        added_us = _round_trips(robot)
    return {
        "inferences_per_s": found.inferences_per_s,
        "latency_us_p50": found.latency_us_p50,
        "latency_us_p99": found.latency_us_p99,
        "energy_per_inference_pj": found.energy_per_inference_pj,
        "baseline_per_inference_pj": found.baseline_per_inference_pj,
        "hardware": found.hardware,
        "baseline": found.baseline,
        "roundtrip_us_median": float(np.median(added_us)),
        "roundtrip_us_p99": float(np.percentile(added_us, 99)),
    }


def _round_trips(robot: Robot) -> list[float]:
    """Return what calls took beside their computation [us]."""
    node = robot.listener.node
    client = node.create_client(ProcessSpikes, "process_spikes")
    client.wait_for_service()
    spikes = (np.arange(128) % 20 == 0).astype(np.float32).tolist()
    request = ProcessSpikes.Request(spikes=spikes, batch=1, ticks=TICKS)
    added_us = []
    for _ in range(CALLS):
        begun_s = time.perf_counter()
        future = client.call_async(request)
        while not future.done():
            time.sleep(20e-6)
        taken_us = 1e6 * (time.perf_counter() - begun_s)
        added_us.append(taken_us - future.result().latency_us)
    return added_us[CALLS // 10 :]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = measure()
    print(json.dumps(found) if arguments.json else table([found]))


if __name__ == "__main__":
    main()
