#!/usr/bin/env bash
# Build where ROS 2 is sourced: it brings everything but a few Python packages.
set -eu
cd "$(dirname "$0")/.."

echo "ROS 2 $ROS_DISTRO is sourced: no virtual environment is needed, building with colcon"
if ! command -v colcon >/dev/null 2>&1; then
    echo "error: no colcon (apt install python3-colcon-common-extensions)" >&2
    exit 1
fi
colcon build --symlink-install --packages-select neuromorphic_ros

python3 - <<'PYTHON' || echo "install with pip what rosdep could not: see install_requires in setup.cfg"
import cv2, h5py, matplotlib, nir, numba, numpy, pydantic, rich, rosbags, scipy, yaml
if int(pydantic.VERSION.split(".")[0]) < 2:
    raise SystemExit(f"pydantic is {pydantic.VERSION}, 2 or later is needed")
PYTHON
echo "now: source install/setup.bash"
