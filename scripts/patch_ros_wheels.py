"""Point the CMake files of the ROS 2 wheels at this environment.

They name the Python and numpy headers of the machine that built the wheels.
"""

import re
import sys
import sysconfig
from pathlib import Path

import numpy as np

REPLACEMENTS = (
    (r"/opt/python/[^;\"]+/site-packages/numpy/_?core/include", np.get_include()),
    (r"/opt/python/[^;\"/]+/include/python3\.\d+", sysconfig.get_path("include")),
)


def main() -> None:
    for path in Path(sys.prefix, "share").glob("*/cmake/*.cmake"):
        before = path.read_text(encoding="utf-8")
        after = before
        for pattern, folder in REPLACEMENTS:
            after = re.sub(pattern, folder, after)
        if after != before:
            path.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
