#!/usr/bin/env bash
# Say at once, and all in one go, which Debian packages the set-up lacks: PYTHON.
set -eu

python=$1
missing=()
need() {
    missing+=("$2")
    echo "missing: $1 (Debian: $2)" >&2
}

version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
header=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include") + "/Python.h")')

command -v "${CXX:-g++}" >/dev/null 2>&1 || need "a C++ compiler" g++
command -v make >/dev/null 2>&1 || need make make
command -v git >/dev/null 2>&1 || need git git
[ -e "$header" ] || need "Python.h of $python" "$version-dev"
"$python" -c 'import ensurepip, venv' 2>/dev/null || need "the venv module of $python" "$version-venv"

if [ ${#missing[@]} -gt 0 ]; then
    echo "error: install what is missing first: apt install ${missing[*]}" >&2
    exit 1
fi
