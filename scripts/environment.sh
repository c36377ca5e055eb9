# Sourced by ./test, ./demo and .ci/run, from the root of the repository: makes the virtual environment
# once ($G2C_VENV, or .venv), brings it up to date when a pyproject.toml has changed, and sets $python.

. scripts/find_python.sh

# Runs its arguments; shows their output only when they fail.
g2c_quietly() {
    g2c_log=$(mktemp)
    if "$@" >"$g2c_log" 2>&1; then
        rm -f "$g2c_log"
    else
        cat "$g2c_log" >&2
        rm -f "$g2c_log"
        echo "failed: $*" >&2
        return 1
    fi
}

venv=${G2C_VENV:-.venv}
if [ -x "$venv/Scripts/python.exe" ]; then python=$venv/Scripts/python.exe; else python=$venv/bin/python; fi
stamp=$venv/grpc2connect.stamp
wanted=$(cat pyproject.toml runtime/pyproject.toml | cksum)

if ! [ -x "$python" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    echo "setting up $venv (once; a minute or two) ..." >&2
    if ! [ -x "$python" ]; then
        base=$(g2c_find_python) || exit 1
        g2c_quietly "$base" -m venv "$venv" || exit 1
        if [ -x "$venv/Scripts/python.exe" ]; then python=$venv/Scripts/python.exe; fi
    fi
    g2c_quietly "$python" -m pip install --disable-pip-version-check -e './runtime' -e '.[dev]' || exit 1
    echo "$wanted" >"$stamp"
fi
