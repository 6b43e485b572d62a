#!/usr/bin/env bash
# Make a virtual environment with Lava, which tests compare the Loihi engine with: PYTHON VENV.
# Lava asks for numpy 1, so that it must never be installed where the project runs.
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1 venv=$PWD/$2
. scripts/steps.sh
lock

# Lava declares Python 3.10 alone; later ones run it with the import that lava_traces.py has.
install_lava() { pip_install --no-deps --ignore-requires-python -r requirements/lava.txt; }

lava=$({
    cat requirements/lava.txt scripts/install_lava.sh
    echo "$venv" "$python"
    "$python" --version
} | digest)
if has_stamp lava "$lava"; then
    exit
fi
rm -rf "$venv"
mkdir "$venv"
step "make $2" venv make_beside "$python"
step "install Lava" pip install_lava
echo "$lava" >"$venv/.lava"
