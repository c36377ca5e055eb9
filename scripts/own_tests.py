"""A project's own tests before and after its migration, with nothing changed by hand.

`python scripts/own_tests.py FOLDER --env VENV --test COMMAND` copies the checkout twice, runs the command in one copy
as it is, migrates the other one, and runs the command there. The checkout itself is only read. Prints a row of a table,
and each test that ended otherwise than before. Outcomes are told apart by test where the command is pytest or a verbose
unittest; of any other command its exit code, and with `--output` what it printed, have to be the same.

`--env` is an environment that holds what the project needs; what migrated code needs besides (the requirements of the
runtime) is installed into it. `--setup` is a command that runs in both copies first: one that generates stubs, say.
`--types` is the command of a type checker: errors that the original did not have are printed. `--migrate` gives options
to `grpc2connect migrate`, and `--settings` lines for the table `[tool.grpc2connect]`: what findings ask for.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
TOOL = (sys.executable, "-m", "grpc2connect")
GIT = ("git", "-c", "user.name=trial", "-c", "user.email=trial@example.org", "-c", "core.autocrlf=false")
_UNITTEST = re.compile(
    r"^(\w+) \(([\w.]+)\).*?\.\.\. .*?(ok|FAIL|ERROR|skipped|expected failure)\b[^\n]*$", re.M | re.S
)
_QUOTED = re.compile(r'"[^"]*"')
_TYPE_ERROR = re.compile(r"^\s*(?:.*[/\\])?([\w.\-]+\.pyi?):\d+(?::\d+)?:? -? ?error:? ?(.*)$", re.M)


@dataclass
class Ran:
    """What came of a command: exit code, output, and the outcome of each test that is known."""

    code: int
    output: str
    tests: dict[str, str] = field(default_factory=dict)

    def summary(self) -> str:
        """The outcomes, counted."""
        if not self.tests:
            return f"exit code {self.code}"
        return ", ".join(f"{number} {name}" for name, number in sorted(Counter(self.tests.values()).items()))


def main() -> None:
    """Try the checkout; exit code 1 if a test ends otherwise than before, or the tool's promises do not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--env", type=Path, required=True, metavar="VENV")
    parser.add_argument("--test", required=True, metavar="COMMAND")
    parser.add_argument("--setup", metavar="COMMAND")
    parser.add_argument("--types", metavar="COMMAND")
    parser.add_argument("--within", type=Path, default=Path(), metavar="FOLDER", help="where commands run, in the copy")
    parser.add_argument("--migrate", default="", metavar="OPTIONS")
    parser.add_argument("--settings", default="", metavar="TOML")
    parser.add_argument("--output", action="store_true", help="what the command prints has to be the same")
    parser.add_argument("--limit", type=float, default=600.0, metavar="S", help="seconds that one command may take")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the copies in this new folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = given.keep or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        sys.exit(attempt(given, place.resolve()))


def attempt(given: argparse.Namespace, scratch: Path) -> int:
    """Run everything; returns the exit code."""
    environment = _environment(given.env.absolute())
    old, new = (_copy(given, scratch / name, environment) for name in ("before", "after"))
    before = _tests(given, old, environment)
    types_before = _types(given, old, environment)
    command = [*TOOL, "migrate", "--json", "--allow-dirty", *shlex.split(given.migrate), "."]
    migrated = _call(command, new, environment, given.limit, errors=subprocess.DEVNULL)
    report = json.loads(migrated.output)
    _call(
        [str(given.env.absolute() / "bin" / "python"), "-m", "pip", "install", "--quiet", *_needed()], new, environment
    )
    after = _tests(given, new, environment)
    count = report["summary"]
    cells = [given.folder.name, *(count[name] for name in ("references", "native", "bridged", "left"))]
    print("| " + " | ".join(map(str, [*cells, before.summary(), after.summary()])) + " |")
    problems = _differences(before, after, old, new) if before.tests or not given.output else _outputs(before, after)
    if migrated.code not in (0, 3):
        problems.append(f"migrate ended with {migrated.code}")
    problems += [f"new type error: {one}" for one in _new_errors(types_before, _types(given, new, environment))]
    for problem in problems:
        print(f"  {problem}")
    return bool(problems)


def _needed() -> list[str]:
    return [
        *tomllib.loads((ROOT / "runtime" / "pyproject.toml").read_text())["project"]["dependencies"],
        "connectrpc-grpcreflect",
    ]


def _environment(env: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "G2C_", "PYTEST"))}
    path = os.pathsep.join((str(env / "bin"), kept.get("PATH", "")))
    return {**kept, "VIRTUAL_ENV": str(env), "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "G2C_CACHE_DIR": ""}


def _copy(given: argparse.Namespace, to: Path, environment: dict[str, str]) -> Path:
    copy = to / given.folder.resolve().name
    shutil.copytree(given.folder, copy, symlinks=True, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    if given.settings:
        with (copy / "pyproject.toml").open("a") as project:
            project.write(f"\n[tool.grpc2connect]\n{given.settings}\n")
    for command in (("init", "--quiet"), ("add", "--all", "--force"), ("commit", "--quiet", "--message", "as it was")):
        _call([*GIT, *command], copy, environment)
    if given.setup:
        done = _call(["sh", "-c", given.setup], copy / given.within, environment, given.limit)
        if done.code:
            raise SystemExit(f"the setup ended with {done.code}: {done.output[-2000:]}")
    return copy


def _tests(given: argparse.Namespace, copy: Path, environment: dict[str, str]) -> Ran:
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.xml"
        settings = {**environment, "PYTEST_ADDOPTS": f"--junitxml={results} -p no:cacheprovider"}
        ran = _call(["sh", "-c", given.test], copy / given.within, settings, given.limit)
        if results.exists():
            ran.tests = _junit(results)
        else:
            ran.tests = {f"{group}.{name}": outcome for name, group, outcome in _UNITTEST.findall(ran.output)}
    return ran


def _junit(results: Path) -> dict[str, str]:
    found = {}
    for case in ElementTree.parse(results).iter("testcase"):
        kinds = {child.tag for child in case}
        outcome = next((kind for kind in ("error", "failure", "skipped") if kind in kinds), "passed")
        found[f"{case.get('classname')}.{case.get('name')}"] = outcome
    return found


def _types(given: argparse.Namespace, copy: Path, environment: dict[str, str]) -> Counter[str]:
    if not given.types:
        return Counter()
    ran = _call(["sh", "-c", given.types], copy / given.within, environment, given.limit)
    return Counter(f"{name}: {text}" for name, text in _TYPE_ERROR.findall(ran.output))


def _new_errors(before: Counter[str], after: Counter[str]) -> list[str]:
    """The errors that the original did not have.

    What has moved has other names, so one that says the same of other types, in the same file, is none.
    """
    gone = Counter(_QUOTED.sub('""', one) for one in (before - after).elements())
    found = []
    for error in (after - before).elements():
        said = _QUOTED.sub('""', error)
        if gone[said]:
            gone[said] -= 1
        else:
            found.append(error)
    return found


def _differences(before: Ran, after: Ran, old: Path, new: Path) -> list[str]:
    """The tests that ended otherwise; where none is known by name, the exit codes."""
    if not before.tests:
        if before.code == after.code:
            return []
        return [f"exit code {before.code}, then {after.code}: {after.output[-3000:]}"]
    names = sorted({*before.tests, *after.tests})
    changed = [name for name in names if before.tests.get(name) != after.tests.get(name)]
    found = [
        f"{name}: {before.tests.get(name, 'not there')}, then {after.tests.get(name, 'not there')}" for name in changed
    ]
    return [*found, after.output[-6000:]] if found else []


def _outputs(before: Ran, after: Ran) -> list[str]:
    if (before.code, before.output) == (after.code, after.output):
        return []
    return [f"exit code {before.code}, then {after.code}", f"printed: {before.output}", f"then: {after.output}"]


def _call(
    command: list[str], folder: Path, environment: dict[str, str], limit: float = 600.0, errors: int = subprocess.STDOUT
) -> Ran:
    """Run a command; it ends with the limit, and everything it started with it."""
    done = subprocess.run(
        ["timeout", "--kill-after=10", str(limit), *command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(errors="replace"))


if __name__ == "__main__":
    main()
