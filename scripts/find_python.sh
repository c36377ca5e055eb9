# Sourced by scripts/environment.sh and .ci/run.

# Prints the first Python >= 3.11 on the PATH, or fails with one line that says what to do.
g2c_find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    echo "no Python 3.11 or newer found: install one, or name it, as in PYTHON=/path/to/python3 $0" >&2
    return 1
}
