from __future__ import annotations

import sys
from pathlib import Path

# Recipes are scripts, not a package.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))
