"""Change a weight by 60 pairs of spikes at 0.1 to 50 Hz, beside the experiment; --figure draws."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from reporting import Row, table

from neuromorphic_ros.learning.pairing import LAG_MS, MEASURED, pairing
from neuromorphic_ros.snn.plasticity.pair_stdp import PairStdp
from neuromorphic_ros.snn.plasticity.rule import PlasticityRule
from neuromorphic_ros.snn.plasticity.triplet_stdp import TripletStdp

LOW, HIGH = -10.0, 10.0
RULES: dict[str, PlasticityRule] = {
    "triplet_stdp": TripletStdp(w_min=LOW, w_max=HIGH),
    "pair_stdp": PairStdp(learning_rate=0.0065, depression=1.1, w_min=LOW, w_max=HIGH),
}
LAGS = {"source first": LAG_MS, "target first": -LAG_MS}


def measure() -> list[Row]:
    """Run every rule at the measured frequencies, in both orders."""
    return [
        {
            "work": "pairing",
            "rule": name,
            "order": order,
            "frequency_hz": frequency_hz,
            "change": pairing(rule, frequency_hz, lag_ms),
            "measured": MEASURED[frequency_hz][place].mean,
            "error": MEASURED[frequency_hz][place].error,
        }
        for name, rule in RULES.items()
        for place, (order, lag_ms) in enumerate(LAGS.items())
        for frequency_hz in MEASURED
    ]


def draw(path: Path) -> None:
    """Draw both rules over the frequency, and what was measured."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7.0, 3.5), layout="constrained")
    frequencies_hz = np.array([0.1, *np.arange(2.5, 52.5, 2.5)])
    for place, (order, lag_ms) in enumerate(LAGS.items()):
        color = f"C{place}"
        for (name, rule), style in zip(RULES.items(), ("-", ":"), strict=True):
            changes = [pairing(rule, float(each), lag_ms) for each in frequencies_hz]
            axes.plot(frequencies_hz, changes, style, color=color, label=f"{name}, {order}")
        found = [measured[place] for measured in MEASURED.values()]
        means, errors = np.array(found).T
        axes.errorbar([*MEASURED], means, errors, fmt="o", color=color, label=f"measured, {order}")
    axes.axhline(0.0, color="0.7", linewidth=0.8)
    axes.set(xlabel="frequency of the pairs [Hz]", ylabel="change of the weight")
    axes.legend(fontsize="small", ncols=2)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    """Measure, print, and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--figure", type=Path, help="draw the dependence on the frequency")
    arguments = parser.parse_args()
    rows = measure()
    print(json.dumps(rows) if arguments.json else table(rows))
    if arguments.figure:
        draw(arguments.figure)


if __name__ == "__main__":
    main()
