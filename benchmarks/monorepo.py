"""A monorepo to measure: the example services many times over, beside the sources of large libraries they import.

`python benchmarks/monorepo.py build FOLDER` makes it: services from `fixtures/projects`, each under a name of its own;
what `fixtures/monorepo` has is put beside each shop, and hands stubs, channels and contexts to web frameworks, an ORM,
task queues and telemetry; those libraries are installed into the folder as if they were part of the repository.
`python benchmarks/monorepo.py measure FOLDER ...` prints seconds of processor time and peak memory for each folder, by
phase: the best of `--best`. Nothing in the folders is changed.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
PROJECTS = {
    "accounts_aio": "accounts",
    "gateway_downstream": "shop",
    "noprotos": "lending",
    "signals_half": "signals",
    "tolls_guarded": "tolls",
}
"""Projects, and the word that is their package, their proto package and the name of their modules."""
LIBRARIES = (
    "boto3", "botocore", "celery", "click", "django", "fastapi", "google-api-core", "grpcio-health-checking",
    "grpcio-reflection", "grpcio-status", "kombu", "litestar", "networkx", "opentelemetry-api",
    "opentelemetry-exporter-otlp-proto-common", "opentelemetry-exporter-otlp-proto-grpc",
    "opentelemetry-instrumentation", "opentelemetry-instrumentation-grpc", "opentelemetry-proto", "opentelemetry-sdk",
    "pydantic", "requests", "rich", "sqlalchemy", "starlette", "sympy", "tornado", "twisted", "werkzeug",
)  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def main() -> None:
    """Build a tree, or measure some."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build_it = commands.add_parser("build")
    build_it.add_argument("folder", type=Path)
    build_it.add_argument("--services", type=int, default=30)
    build_it.add_argument("--libraries", type=Path, help="a folder with their sources; else pip gets them")
    measure_it = commands.add_parser("measure")
    measure_it.add_argument("folders", type=Path, nargs="+")
    measure_it.add_argument("--best", type=int, default=3, help="of how many runs the quickest counts")
    once = commands.add_parser("once")
    once.add_argument("folder", type=Path)
    given = parser.parse_args()
    if given.command == "build":
        build(given.folder, given.services, given.libraries)
    elif given.command == "once":
        print(json.dumps(measure_once(given.folder)))
    else:
        print("| tree | Python files | parsed | references | CPU s | parse | facts | the rest | peak MB |")
        print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
        for folder in given.folders:
            print(row(folder, given.best), flush=True)


def build(folder: Path, services: int, libraries: Path | None) -> None:
    """Make the tree in a new folder."""
    folder.mkdir(parents=True)
    for index in range(services):
        project, word = list(PROJECTS.items())[index % len(PROJECTS)]
        name = word[:-1] + LETTERS[index // len(PROJECTS)]  # as long: serialized descriptors have it too
        target = folder / "services" / name
        shutil.copytree(FIXTURES / "projects" / project, target, ignore=shutil.ignore_patterns("__pycache__"))
        if word == "shop":
            shutil.copytree(FIXTURES / "monorepo" / "shop", target / "shop", dirs_exist_ok=True)
        _rename(target, word, name)
    if libraries is not None:
        shutil.copytree(libraries, folder, dirs_exist_ok=True)
    else:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--target", str(folder)]
        subprocess.run([*pip, *LIBRARIES], check=True)


def _rename(folder: Path, word: str, name: str) -> None:
    """Write another word of the same length wherever a project has one, in files and in their names."""
    pattern = re.compile(rb"(?<![A-Za-z])" + word.encode() + rb"(?![a-z])")
    for path in sorted(folder.rglob("*"), key=lambda path: -len(path.parts)):
        if path.is_file():
            path.write_bytes(pattern.sub(name.encode(), path.read_bytes()))
        renamed = pattern.sub(name.encode(), path.name.encode()).decode()
        if renamed != path.name:
            path.rename(path.with_name(renamed))


def row(folder: Path, best: int) -> str:
    """A row of the table."""
    once = [sys.executable, __file__, "once", str(folder)]
    runs = [json.loads(subprocess.run(once, check=True, stdout=subprocess.PIPE).stdout) for _ in range(best)]
    found = min(runs, key=lambda run: run["seconds"])
    files = sum(1 for _ in _python_files(folder))
    phases = found["phases"]
    parse, facts = phases.get("parse", 0.0), phases.get("facts", 0.0)
    rest = found["seconds"] - parse - facts
    cells = [folder.name, f"{files:,}", f"{found['parsed']:,}", f"{found['references']:,}"]
    cells += [f"{seconds:.1f}" for seconds in (found["seconds"], parse, facts, rest)]
    return f"| {' | '.join([*cells, str(found['megabytes'])])} |"


def _python_files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.py") if path.is_file())


def measure_once(folder: Path) -> dict[str, object]:
    """One run in this process, without a cache; processor time in seconds, memory in MB."""
    from grpc2connect.engine import run
    from grpc2connect.options import Options

    root = folder.resolve()
    phases: dict[str, float] = {}
    phase, since = "start", time.process_time()

    def progress(name: str, done: int, total: int) -> None:
        nonlocal phase, since
        if name != phase:
            now = time.process_time()
            phases[phase] = phases.get(phase, 0.0) + now - since
            phase, since = name, now

    start = time.process_time()
    result = run(Options(root=root, paths=(root,)), progress)
    progress("end", 0, 0)
    return {
        "seconds": time.process_time() - start,
        "phases": phases,
        "references": len(result.ledger),
        "parsed": result.files_parsed,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


if __name__ == "__main__":
    main()
