"""Tell how many spikes of two npz files differ: FIRST SECOND, each with an array `output`."""

from __future__ import annotations

import sys

import numpy as np


def main() -> int:
    """Print it; return 1 if any differ."""
    first, second = (np.load(path, allow_pickle=False)["output"] for path in sys.argv[1:])
    different = int(np.count_nonzero(first != second))
    print(f"{first.sum():.0f} spikes, {second.sum():.0f} spikes, {different} differ")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
