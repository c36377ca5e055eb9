"""A trial on checkouts of real projects: each is migrated in a scratch copy, and everything promised is checked.

For every folder that is given: `diff` (no crash, the ledger adds up), `git apply` of its patch against `migrate` (the
same bytes), every changed Python file compiles, a second `diff` is empty. Prints a row of a table for each, or what
failed. With `--sample N`, prints N changed places, chosen at random with a fixed seed, for people to read. With
`--stage server --stage client` (in either order) it takes these steps one after the other, with a row for each, and
says how many files end otherwise than after `migrate` in one go.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LIMIT_S = 900.0
TOOL = (sys.executable, "-m", "grpc2connect")
GIT = ("git", "-c", "user.name=trial", "-c", "user.email=trial@example.org", "-c", "core.autocrlf=false")


@dataclass
class Trial:
    """What came of one checkout; `problems` is empty where everything held."""

    name: str
    seconds: float = 0.0
    report: dict[str, Any] = field(default_factory=dict)
    hunks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def row(self) -> str:
        """A row: references, native, bridged, left, services moved and left, why they stay, seconds."""
        count = self.report["summary"]
        moved, left = _services(self.report)
        numbers = [count[name] for name in ("references", "native", "bridged", "left")]
        cells = [self.name, *numbers, len(moved), len(left), "; ".join(_reasons(self.report)), f"{self.seconds:.1f}"]
        return "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Try each folder; exit code 1 if anything promised did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="print N changed places of all that changed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stage", action="append", choices=["server", "client"], help="only this step; may come twice")
    given = parser.parse_args()
    print("| project | references | native | bridged | left | moved | stay | why | seconds |")
    print("|---|--:|--:|--:|--:|--:|--:|---|--:|")
    hunks: list[str] = []
    failed = False
    for folder in given.folders:
        with tempfile.TemporaryDirectory() as scratch:
            trials = attempt(folder.resolve(), Path(scratch).resolve(), given.stage or ["move"])
        for trial in trials:
            if trial.report:
                print(trial.row(), flush=True)
            for problem in trial.problems:
                failed = True
                print(f"{trial.name}: {problem}", file=sys.stderr, flush=True)
            hunks.extend(trial.hunks)
    for hunk in random.Random(given.seed).sample(hunks, min(given.sample, len(hunks))):
        print(f"\n{hunk}")
    sys.exit(failed)


def attempt(folder: Path, scratch: Path, stages: list[str]) -> list[Trial]:
    """Try one checkout, step by step; nothing in it is changed."""
    migrated, applied, whole = (scratch / name / folder.name for name in ("migrated", "applied", "whole"))
    shutil.copytree(folder, migrated, symlinks=True, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__"))
    for command in (("init", "--quiet"), ("add", "--all", "--force"), ("commit", "--quiet", "--message", "as it was")):
        _run([*GIT, *command], migrated, {0})
    shutil.copytree(migrated, whole, symlinks=True)
    trials = []
    for stage in stages:
        shutil.rmtree(applied, ignore_errors=True)
        shutil.copytree(migrated, applied, symlinks=True)
        trials.append(
            _step(folder.name if stages == ["move"] else f"{folder.name} ({stage})", migrated, applied, stage)
        )
        if trials[-1].problems:
            return trials
        _run([*GIT, "add", "--all", "--force"], migrated, {0})
        _run([*GIT, "commit", "--quiet", "--allow-empty", "--message", stage], migrated, {0})
    if len(set(stages)) > 1:
        _run([*TOOL, "migrate", "--quiet", "--allow-no-vcs", "."], whole, {0, 3})
        told = subprocess.run(
            [*GIT, "diff", "--no-index", "--name-only", "-z", "--", str(whole), str(migrated)],
            capture_output=True,
            check=False,
        ).stdout.decode()
        other = sorted({Path(name).name for name in told.split("\0") if name.endswith(".py")})
        print(
            f"{folder.name}: {len(other)} files end otherwise than in one go{': ' if other else ''}{', '.join(other)}"
        )
    return trials


def _step(name: str, migrated: Path, applied: Path, stage: str) -> Trial:
    trial = Trial(name)
    start = time.perf_counter()
    asked = _run([*TOOL, "diff", "--stage", stage, "--quiet", "."], migrated)
    trial.seconds = time.perf_counter() - start
    trial.report = json.loads(_run([*TOOL, "report", "--stage", stage, "--format", "json", "."], migrated).stdout)
    if asked.returncode not in (0, 1, 3):
        trial.problems.append(f"diff ended with {asked.returncode}: {_last(asked.stderr)}")
        return trial
    if not trial.report["audit"]["holds"]:
        trial.problems.append(f"the ledger does not add up: {trial.report['audit']}")
    trial.hunks = _hunks(asked.stdout.decode(errors="replace"), name)
    if asked.stdout:
        _same(trial, migrated, applied, asked.stdout, stage)
    return trial


def _same(trial: Trial, migrated: Path, applied: Path, patch: bytes, stage: str) -> None:
    """Compare patch and migration; look into what changed; ask a second time."""
    given = subprocess.run([*GIT, "apply"], cwd=applied, input=patch, capture_output=True, timeout=LIMIT_S, check=False)
    if given.returncode:
        trial.problems.append(f"git apply: {_last(given.stderr)}")
    wrote = _run([*TOOL, "migrate", "--stage", stage, "--quiet", "--allow-no-vcs", "."], migrated)
    if wrote.returncode not in (0, 3):
        trial.problems.append(f"migrate ended with {wrote.returncode}: {_last(wrote.stderr)}")
    for folder in (migrated, applied):
        _run([*GIT, "add", "--all", "--force"], folder, {0})
    trees = {_run([*GIT, "write-tree"], folder, {0}).stdout for folder in (migrated, applied)}
    if len(trees) != 1:
        trial.problems.append("the patch and migrate do not write the same")
    changed = _run([*GIT, "diff", "--cached", "--name-only", "-z", "HEAD", "--", "*.py"], migrated, {0}).stdout.decode()
    for name in filter(None, changed.split("\0")):
        compiled = _run([sys.executable, "-m", "py_compile", name], migrated)
        if compiled.returncode:
            trial.problems.append(f"{name} does not compile: {_last(compiled.stderr)}")
    again = _run([*TOOL, "diff", "--stage", stage, "--quiet", "."], migrated)
    if again.stdout or again.returncode not in (0, 3):
        trial.problems.append(f"a second diff ends with {again.returncode} and has {len(again.stdout)} bytes")


def _run(command: list[str], folder: Path, expected: set[int] | None = None) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "G2C_CACHE_DIR": "", "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    if expected is not None and done.returncode not in expected:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {_last(done.stderr)}")
    return done


def _last(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "(nothing said)"


def _services(report: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The services that move, and those that stay or stay in part."""
    named = [unit for unit in report["units"] if unit["name"] and unit["references"]]
    return [u["name"] for u in named if not u["left"]], [u["name"] for u in named if u["left"]]


def _reasons(report: dict[str, Any], most: int = 4) -> list[str]:
    """The rules that are most often why something stays, each with the reason that it gives first."""
    causes = [
        one for one in report["findings"] if one["severity"] == "warning" and not one["message"].startswith("some ")
    ]
    found: Counter[str] = Counter(one["code"] for one in causes)
    said = {one["code"]: one["message"] for one in reversed(causes)}
    return [f"{code} x{number}: {said[code]}" for code, number in found.most_common(most)]


def _hunks(patch: str, name: str) -> list[str]:
    """The hunks of files that the project had already, each under its file's name."""
    found: list[str] = []
    for part in patch.split("diff --git ")[1:]:
        head, *hunks = part.split("\n@@ ")
        if "new file mode" not in head:
            found.extend(f"{name}: {head.splitlines()[0].split(' b/')[-1]} @@ {hunk.rstrip()}" for hunk in hunks)
    return found


if __name__ == "__main__":
    main()
