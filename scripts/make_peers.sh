#!/usr/bin/env bash
# Make a virtual environment with the frameworks that benchmarks compare with: PYTHON VENV.
# Everything else, torch and numba above all, is that of PYTHON, so that all run on the same.
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1 venv=$PWD/$2
. scripts/steps.sh
lock

# Without what they ask for: torchvision, with a CUDA torch, and an old nir.
install_peers() { pip_install --no-deps -r requirements/peers.txt; }

peers=$({
    cat requirements/peers.txt scripts/make_peers.sh
    echo "$venv" "$python"
    "$python" --version
} | digest)
if has_stamp peers "$peers"; then
    exit
fi
rm -rf "$venv"
mkdir "$venv"
step "make $2" venv make_beside "$python"
step "install the frameworks to compare with" pip install_peers
echo "$peers" >"$venv/.peers"
