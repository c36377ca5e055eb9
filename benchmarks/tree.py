"""grpc2connect next to other codemods on one tree: wall time, throughput, peak memory, growth; one small file."""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

LIMIT_S = 900.0
SAMPLE = 150
"""How many files the tools see that would take more than a minute for a large tree."""

NO_OP = """\
import sys
import libcst
from libcst.codemod import CodemodContext, VisitorBasedCodemodCommand

class NoOp(VisitorBasedCodemodCommand):
    DESCRIPTION = "nothing"

for path in sys.argv[1:]:
    try:
        module = libcst.parse_module(open(path, "rb").read())
    except Exception:
        continue
    NoOp(CodemodContext(filename=path)).transform_module(module)
"""


@dataclass(frozen=True)
class Tool:
    """A tool, and how it is asked to look at files (or, with `folder`, at a folder) without changing them.

    With `sample`, it sees every nth file of the tree only, in a copy. `one` is how it is asked about a single file,
    if that is another command.
    """

    name: str
    command: tuple[str, ...]
    folder: bool = False
    cache: bool = False
    sample: bool = False
    one: tuple[str, ...] = ()


OURS = ("grpc2connect", "diff", "--quiet")
CHECK = ("grpc2connect", "check")
TOOLS = (
    Tool("grpc2connect, nothing remembered", OURS, folder=True, one=CHECK),
    Tool("grpc2connect, second run", OURS, folder=True, cache=True, one=CHECK),
    Tool("django-upgrade", ("django-upgrade", "--check", "--target-version", "5.2")),
    Tool("ruff (UP)", ("ruff", "check", "--no-cache", "--select", "UP", "--exit-zero", "--isolated"), folder=True),
    Tool("ast-grep", ("ast-grep", "run", "-l", "python", "-p", "grpc.insecure_channel($A)"), folder=True),
    Tool("pyupgrade, a sample", ("pyupgrade", "--py311-plus"), sample=True),
    Tool("libcst, an empty codemod, a sample", (sys.executable, "-c", NO_OP), sample=True),
    Tool("bump-pydantic, a sample", ("bump-pydantic", "--diff", "--log-file", os.devnull), folder=True, sample=True),
)


def main() -> None:
    """Print the tables for the folder that is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    files = sorted(folder.rglob("*.py"))
    print(f"{folder.name}: {len(files):,} files, {_lines(files):,} lines, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as scratch:
        _side_by_side(folder, files, Path(scratch))
        _growth(folder, files, Path(scratch))


def _side_by_side(folder: Path, files: list[Path], scratch: Path) -> None:
    small = scratch / "one" / "small.py"
    small.parent.mkdir()
    small.write_text("x = 1\n")
    sample = _linked(folder, files[:: max(1, len(files) // SAMPLE)], scratch / "sample")
    print(f"\n{'tool':<36}{'files':>7}{'wall s':>8}{'files/s':>9}{'lines/s':>11}{'peak MB':>9}{'one file s':>12}")
    for tool in TOOLS:
        if shutil.which(tool.command[0]) is None:
            print(f"{tool.name:<36}  not installed")
            continue
        top, seen = (scratch / "sample", sample) if tool.sample else (folder, files)
        cache = str(scratch / "cache") if tool.cache else ""
        if tool.cache:
            _run(tool.command, [str(top)], cache)
        wall, peak = _run(tool.command, [str(top)] if tool.folder else [str(path) for path in seen], cache)
        target = str(small.parent if tool.folder and not tool.one else small)
        one = min(_run(tool.one or tool.command, [target], cache)[0] for _ in range(5))
        rates = f"{len(seen) / wall:>9,.0f}{_lines(seen) / wall:>11,.0f}"
        print(f"{tool.name:<36}{len(seen):>7,}{wall:>8.2f}{rates}{peak:>9.0f}{one:>12.2f}", flush=True)


def _growth(folder: Path, files: list[Path], scratch: Path) -> None:
    """The same tool on the tree, and on two copies of it side by side."""
    print(f"\n{'grpc2connect on':<36}{'files':>7}{'lines':>12}{'wall s':>8}{'us/line':>9}{'peak MB':>9}")
    lines = _lines(files)
    for copies in (1, 2):
        _linked(folder, files, scratch / "copies" / f"copy{copies}")
        wall, peak = min(_run(OURS, [str(scratch / "copies")], "") for _ in range(2))
        name = "one copy" if copies == 1 else f"{copies} copies"
        numbers = f"{copies * len(files):>7,}{copies * lines:>12,}{wall:>8.2f}{1e6 * wall / lines / copies:>9.2f}"
        print(f"{name:<36}{numbers}{peak:>9.0f}", flush=True)


def _linked(folder: Path, files: list[Path], target: Path) -> list[Path]:
    """A tree of some of a folder's files."""
    linked = [target / path.relative_to(folder) for path in files]
    for path, link in zip(files, linked, strict=True):
        link.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, link)
    return linked


def _lines(files: list[Path]) -> int:
    return sum(path.read_bytes().count(b"\n") for path in files)


def _run(command: tuple[str, ...], targets: list[str], cache: str) -> tuple[float, float]:
    """Seconds, and megabytes of the largest process, of one run."""
    measured = [sys.executable, __file__, "--measure", *command, *targets]
    environment = {**os.environ, "G2C_CACHE_DIR": cache}
    done = subprocess.run(measured, capture_output=True, text=True, timeout=LIMIT_S, env=environment, check=True)
    wall, peak = done.stdout.split()[-2:]
    return float(wall), float(peak)


def _measure(command: list[str]) -> None:
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False)
    wall = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(wall, peak)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        _measure(sys.argv[2:])
    else:
        main()
