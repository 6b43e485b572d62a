"""Replay recordings and compare every output with the digests that were kept; copy this.

`python test_recordings.py --write RECORDING=NETWORK ...` writes `digests.json` beside this file,
pytest compares with it. Paths are relative to the folder in which both are started.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

KEPT = Path(__file__).with_name("digests.json")
# What the robot does; energy is left out, as its prices may be corrected.
OUTPUTS = ("/cmd_vel", "/joint_trajectory", "/detections", "/spikes/")


def kept() -> dict[str, Any]:
    """Return network, parameters and digests of each recording."""
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def digests(recording: str, network: str, parameters: dict[str, float]) -> dict[str, str]:
    """Replay a recording; return the SHA-256 of each output."""
    command = ["neuromorphic", "replay", recording, "--network", network, "--json"]
    for name, value in parameters.items():
        command += ["-p", f"{name}={value}"]
    printed = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    topics = json.loads(printed)["topics"]
    return {name: told["sha256"] for name, told in topics.items() if name.startswith(OUTPUTS)}


def test_there_are_digests() -> None:
    assert kept(), f"no {KEPT}: write it with --write RECORDING=NETWORK"


@pytest.mark.parametrize("recording", kept())
def test_the_robot_does_what_it_did(recording: str) -> None:
    before = kept()[recording]
    now = digests(recording, before["network"], before["parameters"])
    names = {**before["sha256"], **now}
    changed = [name for name in names if before["sha256"].get(name) != now.get(name)]
    assert not changed, f"{recording}: {', '.join(changed)} differ"


def main() -> None:
    """Write the digests of the recordings that are named."""
    if sys.argv[1:2] != ["--write"]:
        raise SystemExit(__doc__)
    written = {}
    for pair in sys.argv[2:]:
        recording, _, network = pair.partition("=")
        written[recording] = {
            "network": network,
            "parameters": {},
            "sha256": digests(recording, network, {}),
        }
    KEPT.write_text(json.dumps(written, indent=2) + "\n")
    print(f"{KEPT.name}: {len(written)} recording{'s' * (len(written) != 1)}")


if __name__ == "__main__":
    main()
