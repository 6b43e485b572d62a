#!/usr/bin/env bash
# Print a Python that the ROS 2 wheels support. Each candidate is run: version managers put
# commands on PATH that only say that they are not installed.
set -eu

supported='import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))'
for python in ${1:-python3.11 python3.12 python3.10 python3}; do
    if "$python" -c "$supported" >/dev/null 2>&1; then
        "$python" -c 'import sys; print(sys.executable)'
        exit
    fi
done

if [ -n "${1:-}" ]; then
    echo "error: '$1' is not a working Python 3.10, 3.11 or 3.12" >&2
else
    echo "error: no Python 3.10, 3.11 or 3.12 on PATH. Install one (Debian 12, Ubuntu 22.04 and" \
        "24.04: apt install python3) or name it: make PYTHON=/path/to/python3.11" >&2
fi
exit 1
