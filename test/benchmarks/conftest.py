from __future__ import annotations

import sys
from pathlib import Path

# Benchmarks are scripts, not a package; last, as some have the names of folders of tests.
sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
