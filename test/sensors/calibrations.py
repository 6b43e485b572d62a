"""Files of calibrated cameras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

# As camera_calibration's tutorial prints it.
FILE = """\
image_width: 640
image_height: 480
camera_name: narrow_stereo
camera_matrix:
  rows: 3
  cols: 3
  data: [438.783, 0., 305.593, 0., 437.302, 243.738, 0, 0, 1]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.361976, 0.110511, 0.001014, 0.000505, 0.]
rectification_matrix:
  rows: 3
  cols: 3
  data: [0.99, 0., 0.01, 0., 1., 0., -0.01, 0., 0.99]
projection_matrix:
  rows: 3
  cols: 4
  data: [393.653, 0., 322.797, 0., 0., 393.653, 241.090, 0., 0., 0., 1., 0.]
"""


def write_calibration(path: Path, **changes: Any) -> Path:
    """Write FILE with some of its values changed."""
    path.write_text(yaml.safe_dump(yaml.safe_load(FILE) | changes))
    return path
