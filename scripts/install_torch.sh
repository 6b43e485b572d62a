#!/usr/bin/env bash
# Install torch, which training and tests need and robots do not, where there is none, and what
# tests compare with it: PYTHON. A torch that is there already, such as NVIDIA's on a Jetson, stays.
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1
has() { "$python" -c "import importlib.metadata as m; m.version('$1')" 2>/dev/null; }
if has torch && has neurobench && has nirtorch; then
    exit
fi

venv=$("$python" -c 'import sys; print(sys.prefix if sys.prefix != sys.base_prefix else "")')
if [ -z "$venv" ]; then
    # Tests that compare with NeuroBench and snntorch are skipped where these are not installed.
    has torch && exit
    echo "error: $python has no torch: install the build for this machine, or PyPI's with" \
        "pip install '.[torch]'" >&2
    exit 1
fi
. scripts/steps.sh
lock

install_torch() {
    # With the requirements of the build again: torch alone would take a setuptools too new for it.
    "$python" scripts/print_requirements.py torch |
        pip_install -r requirements/build.txt -r /dev/stdin
}

install_compared() { pip_install --no-deps -r requirements/compared.txt; }

has torch ||
    step "install torch (PyPI's build; with CUDA it is several GB)" torch install_torch
{ has neurobench && has nirtorch; } ||
    step "install what tests compare with" compared install_compared
