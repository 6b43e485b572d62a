"""Train the shipped `cartpole`; arguments as of `neuromorphic train`."""

from __future__ import annotations

import sys

from neuromorphic_ros.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", "cartpole", *sys.argv[1:]]))
