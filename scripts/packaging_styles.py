"""The packaging fixtures, wholly: built, tested and started by their own commands before and after each step.

`python scripts/packaging_styles.py [STYLE ...]` makes wheels of this repository's two distributions, then takes each
project of fixtures/packaging through three states: as it is, migrated (`migrate`), and cleaned up (`migrate --stage
cleanup`). In each state it makes the project's environment, builds, runs the tests, runs the lines of its Dockerfile
(without a container engine, see tests/packaging/dockerfiles.py), starts what that starts, and asks it with the old
client. Packages come from PyPI; it takes minutes. Prints a row for each state; exit code 1 if something failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.packaging import dockerfiles  # noqa: E402
from tests.packaging.styles import STYLES, Style  # noqa: E402

LIMIT = 900.0
"""Seconds that one command may take."""
TOOL = (sys.executable, "-m", "grpc2connect", "migrate", "--allow-no-vcs", "--runtime", "package", "--serve", "single")
STATES = ("as it is", "migrated", "cleaned up")


def main() -> None:
    """Take the styles through their states."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("styles", nargs="*", metavar="STYLE", help=", ".join(style.name for style in STYLES))
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave everything in this new folder")
    given = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as made:
        scratch = (given.keep or Path(made)).resolve()
        wheels = _wheels(scratch / "wheels")
        print("| project | state | own build | own tests | container start, old client |\n|---|---|---|---|---|")
        for style in STYLES:
            if not given.styles or style.name in given.styles:
                failed |= not _through(style, scratch / style.name, wheels)
    sys.exit(failed)


def _wheels(folder: Path) -> Path:
    """The tool and the runtime as wheels, for pip and uv to find where an index would have them."""
    folder.mkdir(parents=True)
    for source in (ROOT, ROOT / "runtime"):
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--wheel-dir",
            str(folder),
            str(source),
        ]
        subprocess.run(command, check=True, timeout=LIMIT)
    return folder


def _through(style: Style, scratch: Path, wheels: Path) -> bool:
    """All states of one project, and whether all went well."""
    old = shutil.copytree(style.folder, scratch / "old")
    folder = shutil.copytree(style.folder, scratch / style.name)
    environment = _environment(wheels)
    asking = dockerfiles.python(scratch / "client", environment)
    _run("pip install --quiet 'grpcio>=1.60' 'protobuf>=4.25'", old, asking)
    fine = True
    for state in STATES:
        if state != STATES[0]:
            options = ["--stage", "cleanup"] if state == STATES[2] else []
            done = subprocess.run([*TOOL, *options, "."], cwd=folder, capture_output=True, timeout=LIMIT, check=False)
            assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        cells = []
        place = scratch / state.replace(" ", "-")
        inside = dockerfiles.python(place / "development", environment)
        setup = style.setup.format(group=_group(folder))
        for what in (f"{setup} && {style.build}", style.test, None):
            started = time.monotonic()
            try:
                if what is None:
                    stage = dockerfiles.build(folder, place / "stages", environment, LIMIT)
                    _start_and_ask(stage, style, old, asking)
                else:
                    _run(what, folder, inside)
                outcome = "passed"
            except (AssertionError, subprocess.TimeoutExpired) as problem:
                print(f"{style.name}, {state}: {problem}", file=sys.stderr)
                outcome, fine = "failed", False
            cells.append(f"{outcome} ({time.monotonic() - started:.0f} s)")
        print(f"| {style.name} | {state} | {' | '.join(cells)} |", flush=True)
    return fine


def _environment(wheels: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "G2C_", "PYTEST", "VIRTUAL"))
    }
    return {**kept, "PIP_FIND_LINKS": str(wheels), "UV_FIND_LINKS": str(wheels), "PYTHONDONTWRITEBYTECODE": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1", "UV_PYTHON": sys.executable, "G2C_CACHE_DIR": ""}  # fmt: skip


def _group(folder: Path) -> str:
    """The development group of a poetry project, as arguments for pip, which does not know such groups."""
    poetry = tomllib.loads((folder / "pyproject.toml").read_text()).get("tool", {}).get("poetry", {}) if (
        folder / "pyproject.toml").is_file() else {}  # fmt: skip
    entries = poetry.get("group", {}).get("dev", {}).get("dependencies", {})
    return " ".join(f"'{name}{_pep440(version)}'" for name, version in entries.items())


def _pep440(version: str) -> str:
    return f">={version[1:]}" if version.startswith("^") else version


def _run(command: str, folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=LIMIT, check=False,
    )  # fmt: skip
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{said[-4000:]}"


def _start_and_ask(stage: dockerfiles.Stage, style: Style, old: Path, asking: dict[str, str]) -> None:
    """Start what the image starts, and ask it with the client as it was."""
    with dockerfiles.started(stage) as address:
        program = style.ask.format(address=address)
        _run(f'python -c "{program}"', old, {**asking, "PYTHONPATH": str(old / style.source)})


if __name__ == "__main__":
    main()
