"""Run the distal reward experiment for an hour of simulated time; --figure FILE draws it."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from reporting import Row, table

from neuromorphic_ros.learning.distal_reward import DistalReward, distal_reward

SECONDS, SEEDS = 3600.0, (0, 1, 2)


def row(found: DistalReward, seed: int, caused: bool, wall_s: float) -> Row:
    """Return what an experiment found in its last 10 minutes."""
    late = found.time_s > SECONDS - 600.0
    return {
        "work": "distal_reward",
        "seed": seed,
        "rewards": "caused" if caused else "by chance",
        "number": int(found.rewards_s.size),
        "rewarded_weight": float(found.rewarded[late].mean()),
        "largest_other": float(found.others[late].mean(axis=0).max()),
        "mean_other": float(found.others[late].mean()),
        "times_real_time": SECONDS / wall_s,
    }


def draw(found: DistalReward, path: Path) -> None:
    """Draw all weights over time."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7.0, 3.5), layout="constrained")
    minutes = found.time_s / 60.0
    axes.plot(minutes, found.others, color="0.8", linewidth=0.6)
    axes.plot(minutes, found.others.mean(axis=1), color="0.4", label="mean of the others")
    axes.plot(minutes, found.rewarded, color="tab:red", linewidth=2.0, label="rewarded synapse")
    axes.plot(found.rewards_s / 60.0, np.full(found.rewards_s.size, -0.01), "|", color="tab:green",
              label="rewards")  # fmt: skip
    axes.set(xlabel="time [min]", ylabel="weight", xlim=(0.0, minutes[-1]))
    axes.legend(loc="upper left")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    """Measure, print, and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--figure", type=Path, help="draw the first experiment")
    arguments = parser.parse_args()
    rows = []
    for seed, caused in (*((seed, True) for seed in SEEDS), (SEEDS[0], False)):
        begun = time.perf_counter()
        found = distal_reward(SECONDS, seed, caused=caused)
        rows.append(row(found, seed, caused, time.perf_counter() - begun))
        if arguments.figure and len(rows) == 1:
            draw(found, arguments.figure)
    print(json.dumps(rows) if arguments.json else table(rows))


if __name__ == "__main__":
    main()
