"""Runs the runtime's tests with each major version of protobuf, each in a virtual environment of its own.

    python scripts/protobuf_majors.py                # all of them but the lowest
    python scripts/protobuf_majors.py 4 lowest       # some
    python scripts/protobuf_majors.py alone          # in a moment: installed without extras, does the package work?
    python scripts/protobuf_majors.py --keep ~/envs  # keep the environments there, and use them again

Generated code belongs to one major version of protobuf, so each environment has the grpcio-tools that generate for it,
and the add-ons of grpcio whose generated code it can load. `alone` has nothing but the runtime's dependencies, and
`lowest` the oldest versions that its pyproject.toml allows; run it by name: tests that compare with grpcio fail with
the grpc.aio of 1.60, whose metadata and errors were others.

Prints a line for each; exits with 1 if one failed. Each step has a time limit.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

RUNTIME = Path(__file__).resolve().parents[1] / "runtime"
INSTALL_S = 600
TESTS_S = 900
ALONE = "alone"
LOWEST = "lowest"
_ADD_ONS = ("channelz", "health-checking", "reflection", "status", "tools")


def _pins(protobuf: str, add_ons: str, *more: str) -> tuple[str, ...]:
    return (f"protobuf=={protobuf}", *(f"grpcio-{name}=={add_ons}" for name in _ADD_ONS), *more)


# The last add-ons of grpcio that were made for each major.
ENVIRONMENTS = {
    "4": _pins("4.*", "1.62.*"),
    "5": _pins("5.*", "1.71.*"),
    "6": _pins("6.*", "1.76.*"),
    "7": _pins("7.*", "1.85.*"),
    LOWEST: _pins("4.22.0", "1.60.0", "grpcio==1.60.0"),
}


class Failed(Exception):
    """A step failed; the text says how."""


def _run(command: Sequence[str | Path], seconds: int) -> str:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=RUNTIME,
            env=inherited,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"took more than {seconds} s\n{(error.stdout or b'').decode(errors='replace')}") from error
    if done.returncode:
        raise Failed(f"exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def _environment(folder: Path, what: Sequence[str]) -> Path:
    """Return the interpreter of an environment with what pip is told to install; makes it if it is not there."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    made = folder / "made"
    wanted = "\n".join(what) + (RUNTIME / "pyproject.toml").read_text()
    if not made.exists() or made.read_text() != wanted:
        _run([sys.executable, "-m", "venv", folder], INSTALL_S)
        install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _run([*install, *what], INSTALL_S)
        made.write_text(wanted)
    return python


def tried_alone(folder: Path) -> bool:
    """Install the package itself, with its dependencies and nothing else, and use it; return whether that went well."""
    try:
        said = _run([_environment(folder, ["."]), "tests/alone.py"], TESTS_S)
    except Failed as error:
        print(f"{ALONE}: failed: {error}", flush=True)
        return False
    print(f"{ALONE}: {said.strip()}", flush=True)
    return True


def tried(name: str, folder: Path) -> bool:
    """Run the tests in one environment and print what came of it; return whether they passed."""
    if name == ALONE:
        return tried_alone(folder)
    started = time.monotonic()
    try:
        python = _environment(folder, ["-e", ".[test]", *ENVIRONMENTS[name]])
        version = "import google.protobuf, grpc; print(google.protobuf.__version__, 'grpcio', grpc.__version__)"
        versions = _run([python, "-c", version], INSTALL_S).strip()
        made = time.monotonic()
        said = _run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], TESTS_S)
    except Failed as error:
        print(f"{name}: failed: {error}", flush=True)
        return False
    summary = said.strip().splitlines()[-1]
    print(f"{name}: protobuf {versions}: {summary} (environment: {made - started:.0f} s)", flush=True)
    return True


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description="Runs the runtime's tests with each major version of protobuf.")
    known = (ALONE, *ENVIRONMENTS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; by default all but lowest")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where environments are kept")
    options = parser.parse_args()
    if unknown := set(options.names) - set(known):
        parser.error(f"no environment is called {', '.join(sorted(unknown))}")
    names = options.names or [name for name in known if name != LOWEST]
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.keep or Path(scratch)).resolve()
        results = [tried(name, folder / f"protobuf-{name}") for name in names]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
