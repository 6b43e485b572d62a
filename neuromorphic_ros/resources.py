"""Find the files that ship with the package: interfaces, configurations, models."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from neuromorphic_ros.errors import NeuromorphicError


def share_directory() -> Path:
    """Return the folder that holds msg/ and config/.

    That is the source tree if the package runs from one, else the share folder of a ROS
    installation, else that of the Python environment.
    Raises NeuromorphicError naming the places looked at.
    """
    places = [Path(__file__).resolve().parent.parent]
    prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    for prefix in [*filter(None, prefixes), sys.prefix]:
        places.append(Path(prefix) / "share" / "neuromorphic_ros")
    for place in places:
        # Site-packages may hold a stranger's msg/ and config/, so look for a file of our own.
        if (place / "msg" / "SpikeArray.msg").is_file() and (place / "config").is_dir():
            return place
    raise NeuromorphicError(
        "msg/ and config/ of neuromorphic_ros found in none of "
        f"{', '.join(map(str, places))}; source the workspace or install the package again"
    )
