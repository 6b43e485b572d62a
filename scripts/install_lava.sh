#!/usr/bin/env bash
# Install Lava, which runs networks as Loihi does, where nodes run: PYTHON.
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1
venv=$("$python" -c 'import sys; print(sys.prefix if sys.prefix != sys.base_prefix else "")')
if [ -z "$venv" ]; then
    "$python" -c 'import importlib.metadata as m; m.version("lava-nc")' 2>/dev/null && exit
    echo "error: $python has no Lava and is no virtual environment; install it with" \
        "$python -m pip install --no-deps --ignore-requires-python -r requirements/lava.txt" >&2
    exit 1
fi
. scripts/steps.sh
lock

install_lava() {
    # Lava declares Python 3.10 and numpy 1 alone; backends/loihi/lava_import.py lets later ones run
    # it. Its tests, 110 MB, would be everybody's package `tests`.
    pip_install --no-deps --ignore-requires-python -r requirements/lava.txt &&
        rm -rf "$venv"/lib/python3.*/site-packages/tests/lava
}

lava=$(cat requirements/lava.txt scripts/install_lava.sh | digest)
if has_stamp lava "$lava"; then
    exit
fi
step "install Lava" lava install_lava
echo "$lava" >"$venv/.lava"
