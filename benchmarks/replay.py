"""Time the offline replay of recordings, in times real time."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from pathlib import Path

from reporting import Row, main

from neuromorphic_ros.cli.main import main as neuromorphic
from neuromorphic_ros.resources import share_directory

DATA = Path(os.environ.get("NEUROMORPHIC_DATA", share_directory().parent / "shared" / "data"))
OWN = share_directory() / "recordings" / "wheeled_robot"
ROUNDS = 3
REPLAYS = (
    (OWN, "robot", ()),
    (OWN, "obstacle_avoider", ()),
    (DATA / "bag_scan_dual_hokuyo", "obstacle_avoider", ("--topic", "scan=/rear_scan")),
    (DATA / "videos" / "car-detection.mp4", "motion_detector", ()),
)


def replay(recording: Path, network: str, options: tuple[str, ...]) -> Row:
    """Replay once with all outputs written and return the summary."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as out:
        arguments = [str(recording), "--network", network, "--out", f"{folder}/out", "--json"]
        assert neuromorphic(["replay", *arguments, *options]) == 0
    summary: Row = json.loads(out.getvalue())
    return summary


def measure() -> list[Row]:
    """Replay what is there; the best of three rounds, as other load only makes it slower."""
    rows = []
    for recording, network, options in REPLAYS:
        if not recording.exists():
            continue
        rounds = [replay(recording, network, options) for _ in range(ROUNDS)]
        best = max(rounds, key=lambda summary: float(summary["realtime_factor"]))
        rows.append(
            {
                "recording": recording.name,
                "network": network,
                "duration_s": best["duration_s"],
                "spikes": sum(best["spikes"].values()),
                "times_real_time": best["realtime_factor"],
            }
        )
    return rows


if __name__ == "__main__":
    main(__doc__, measure)
