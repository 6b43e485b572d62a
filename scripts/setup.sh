#!/usr/bin/env bash
# Make a virtual environment with ROS 2 from PyPI and build this package against it:
# DISTRO VENV SUFFIX [PYTHON]. Does nothing where nothing has changed.
set -euo pipefail
cd "$(dirname "$0")/.."

distro=$1 venv=$PWD/$2 suffix=$3 python=${4:-}

if [ ! -e "requirements/$distro.txt" ]; then
    echo "error: no wheels for ROS 2 '$distro': DISTRO is kilted or jazzy" >&2
    exit 1
fi

. scripts/steps.sh
lock

# Scripts in a virtual environment and CMake's cache hold absolute paths: a moved tree starts anew.
usable_venv() {
    has_stamp path "$venv" && "$venv/bin/python" -c 'import pip' 2>/dev/null &&
        { [ -z "$python" ] || [ "$(minor_version "$python")" = "$(minor_version "$venv/bin/python")" ]; }
}

make_venv() {
    # The package.xml files in it are not packages of this workspace.
    "$python" -m venv "$venv" && touch "$venv/COLCON_IGNORE"
}

install_packages() {
    # The pip that comes with Python 3.10 and 3.11 may search for minutes for what fits together.
    pip_install --upgrade pip &&
        "$venv/bin/python" scripts/print_requirements.py events mpu6050 pynn simulation test |
        pip_install -r "requirements/$distro.txt" -r requirements/build.txt -r /dev/stdin &&
        "$venv/bin/python" scripts/patch_ros_wheels.py
}

build() {
    local libraries
    libraries=$(printf ':%s' "$venv"/lib/python3.*/site-packages/ros_*.libs)
    # Everything that another ROS 2, or an earlier build, may have left in the environment is set,
    # so that the first build and the tenth are the same.
    env -u PYTHONPATH -u COLCON_PREFIX_PATH \
        PATH="$venv/bin:$PATH" \
        AMENT_PREFIX_PATH="$venv" \
        CMAKE_PREFIX_PATH="$venv" \
        LD_LIBRARY_PATH="$venv/lib$libraries" \
        _ROS_WHEELS_BOOTSTRAP_COMPLETE="$PWD/install$suffix/neuromorphic_ros" \
        colcon --log-base "log$suffix" build --symlink-install \
        --build-base "build$suffix" --install-base "install$suffix" \
        --event-handlers console_direct+ \
        --cmake-args -DPython3_EXECUTABLE="$venv/bin/python" &&
        "$venv/bin/python" scripts/link_build.py "install$suffix" &&
        compile_kernels
}

# Else the first robot to start would wait for it. Those of encoders are compiled at import.
compile_kernels() {
    "$venv/bin/python" -c '
import neuromorphic_ros.encoding.dvs
import neuromorphic_ros.encoding.event_camera.encoder
import neuromorphic_ros.encoding.scan
from neuromorphic_ros.snn.graph import event_graph, spiking_graph
from neuromorphic_ros.snn.kernel import prepare
for plastic in False, True:
    prepare(plastic)
event_graph.prepare()
spiking_graph.prepare()'
}

packages=$(cat "requirements/$distro.txt" requirements/build.txt setup.cfg scripts/p*.py | digest)
# With --symlink-install only the list of the files matters, not what is in them.
package=$({
    echo "$packages" "$PWD"
    cat msg/* srv/* CMakeLists.txt package.xml cmake/* scripts/link_build.py
    for folder in config launch models monitoring neuromorphic_ros recordings; do
        [ ! -d $folder ] || find $folder -name __pycache__ -prune -o -type f -print | sort
    done
} | digest)

if usable_venv && has_stamp packages "$packages" && has_stamp package "$package" &&
    [ -e "install$suffix/setup.bash" ]; then
    exit
fi

started=$SECONDS
if ! usable_venv; then
    python=$(scripts/find_python.sh "$python")
    scripts/check_prerequisites.sh "$python"
    rm -rf "$venv" "build$suffix" "install$suffix" "log$suffix"
    mkdir "$venv"
    echo "[1/4] prerequisites of ROS 2 $distro with $python: found"
    step "[2/4] make $2" venv make_venv
    echo "$venv" >"$venv/.path"
else
    scripts/check_prerequisites.sh "$venv/bin/python"
    echo "[1/4] prerequisites: found"
    echo "[2/4] make $2: is there"
fi
if has_stamp packages "$packages"; then
    echo "[3/4] install ROS 2 $distro and the requirements: unchanged"
else
    step "[3/4] install ROS 2 $distro and the requirements (about 2 min)" pip install_packages
    echo "$packages" >"$venv/.packages"
fi
step "[4/4] build the package (about 2 min)" build build
echo "$package" >"$venv/.package"
echo "ready after $((SECONDS - started)) s: $2/bin/neuromorphic, $2/bin/python"
