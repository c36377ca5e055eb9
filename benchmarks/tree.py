"""grpc2connect next to other codemods on one tree: wall time, throughput, peak memory; cold start on one small file."""

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


@dataclass(frozen=True)
class Tool:
    """A tool, and how it is asked to look at files (or, with `folder`, at a folder) without changing them."""

    name: str
    command: tuple[str, ...]
    folder: bool = False
    cache: bool = False


TOOLS = (
    Tool("grpc2connect, nothing remembered", ("grpc2connect", "diff", "--quiet"), folder=True),
    Tool("grpc2connect, second run", ("grpc2connect", "diff", "--quiet"), folder=True, cache=True),
    Tool("django-upgrade", ("django-upgrade", "--check", "--target-version", "5.2")),
    Tool("ruff", ("ruff", "check", "--no-cache", "--select", "UP", "--exit-zero", "--isolated"), folder=True),
    Tool("ast-grep", ("ast-grep", "run", "-l", "python", "-p", "grpc.insecure_channel($A)"), folder=True),
)


def main() -> None:
    """Print a table for the folder that is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    files = sorted(folder.rglob("*.py"))
    lines = sum(path.read_bytes().count(b"\n") for path in files)
    print(f"{folder.name}: {len(files):,} files, {lines:,} lines, {os.cpu_count()} cores")
    print(f"{'tool':<36}{'wall s':>8}{'files/s':>10}{'lines/s':>12}{'peak MB':>9}{'cold s':>8}")
    with tempfile.TemporaryDirectory() as scratch:
        small = Path(scratch, "one", "small.py")
        small.parent.mkdir()
        small.write_text("x = 1\n")
        for tool in TOOLS:
            if shutil.which(tool.command[0]) is None:
                print(f"{tool.name:<36}  not installed")
                continue
            cache = str(Path(scratch, "cache")) if tool.cache else ""
            if tool.cache:
                _run(tool, [folder], [str(folder)], cache)
            wall, peak = _run(tool, files, [str(folder)], cache)
            cold = min(_run(tool, [small], [str(small)], cache)[0] for _ in range(5))
            rates = f"{len(files) / wall:>10,.0f}{lines / wall:>12,.0f}"
            print(f"{tool.name:<36}{wall:>8.2f}{rates}{peak:>9.0f}{cold:>8.2f}", flush=True)


def _run(tool: Tool, files: list[Path], folder: list[str], cache: str) -> tuple[float, float]:
    """Seconds and megabytes (of the largest process) of one run."""
    command = [*tool.command, *(folder if tool.folder else map(str, files))]
    if command[:2] == ["grpc2connect", "diff"] and folder[0].endswith("small.py"):
        command = ["grpc2connect", "check", *folder]
    measured = [sys.executable, __file__, "--measure", *command]
    environment = {**os.environ, "G2C_CACHE_DIR": cache}
    done = subprocess.run(measured, capture_output=True, text=True, timeout=LIMIT_S, env=environment, check=True)
    wall, peak = done.stdout.split()[-2:]
    return float(wall), float(peak)


def _measure(command: list[str]) -> None:
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    wall = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(wall, peak)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        _measure(sys.argv[2:])
    else:
        main()
