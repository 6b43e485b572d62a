"""Run all short benchmarks; --json prints one object with the rows of each."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
NOT_BENCHMARKS = ("__main__", "learning_rls", "linear_balance", "reporting")
# Of many minutes each: run them by their own names.
LONG = (
    "adaptation",
    "ann_conversion",
    "anomaly",
    "balance",
    "compression",
    "exercises",
    "faults",
    "hardware_accuracy",
    "local_learning",
    "looming",
    "navigation",
    "reservoir",
    "robot_control",
    "robots",
    "surrogates",
    "truenorth_models",
)
COMPARISONS = ("graph", "learning", "streaming", "training")


def main() -> int:
    """Run every script in a process of its own, so that none warms up for another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--peers", type=Path, help="Python that has the frameworks to compare with")
    arguments = parser.parse_args()
    as_json, peers = arguments.json, arguments.peers
    rows = {}
    for script in sorted(FOLDER.glob("*.py")):
        if script.stem in (*NOT_BENCHMARKS, *LONG):
            continue
        compares = script.stem in COMPARISONS and peers is not None and peers.exists()
        python = peers if compares else sys.executable
        command = [str(python), str(script), *(["--json"] if as_json else [])]
        if as_json:
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            rows[script.stem] = json.loads(output)
        else:
            print(f"\n{script.stem}", flush=True)
            subprocess.run(command, check=True)
    if as_json:
        print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
