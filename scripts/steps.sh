# Sourced by what sets up a virtual environment, $venv: progress, logs and stamps.

# Two makes at once would break each other's work.
lock() {
    exec 9>"$venv.lock"
    if ! flock --nonblock 9; then
        echo "waiting for another set-up of ${venv##*/} to finish"
        flock 9
    fi
}

digest() { sha256sum | cut -d' ' -f1; }
has_stamp() { [ "$(cat "$venv/.$1" 2>/dev/null)" = "$2" ]; }
minor_version() { "$1" -c 'import sys; print(*sys.version_info[:2], sep=".")' 2>/dev/null; }

# TITLE LOG COMMAND... Inside, `set -e` has no effect: the commands of a function are chained by &&.
step() {
    local title=$1 log=$venv/$2.log start=$SECONDS
    shift 2
    printf '%s ... ' "$title"
    if "$@" >"$log" 2>&1; then
        echo "$((SECONDS - start)) s"
    else
        printf 'failed\n\n' >&2
        tail -n 25 "$log" >&2
        printf '\nerror: "%s" failed; all of its output is in %s\n' "$title" "$log" >&2
        return 1
    fi
}

pip_install() {
    "$venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off "$@"
}

# PYTHON: make the environment, with everything that PYTHON has and this project on its path.
make_beside() {
    "$1" -m venv "$venv" && touch "$venv/COLCON_IGNORE" &&
        { echo "$PWD" && "$1" -c 'import site; print(*site.getsitepackages(), sep="\n")'; } \
            >"$(echo "$venv"/lib/python3.*/site-packages)/shared.pth"
}
