"""Train the shipped `digits`: python training/digits.py [--epochs N --seed N --out FOLDER]."""

from __future__ import annotations

import sys

from neuromorphic_ros.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", "digits", *sys.argv[1:]]))
