"""How long the `check` hook takes on one changed file of a large repository, beside `python -c "import click"`.

    python benchmarks/hook.py [--files 2000] [--rounds 15] [--here]

Makes a scratch repository (the gateway of `fixtures/projects` among modules without gRPC), lets pre-commit build the
hook's own environment from this clone (`--here`: takes the environment that runs this instead), warms the cache with
`check`, and then runs, turn by turn, each beside its floor (`import click` and parsing the file, in that environment):
the hook's entry on a changed file without gRPC, on a file with gRPC that has not changed, on changed ones whose changes
have nothing to do with gRPC, and on a changed argument of a call. At the end, once: a change that adds a reference,
which must be reported.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
GATEWAY = REPOSITORY / "fixtures" / "projects" / "gateway_downstream"
FLOOR = "import ast, click, sys; ast.parse(open(sys.argv[1], 'rb').read())"

MODULE = '''"""Orders, part {number}."""

import json
from dataclasses import dataclass

from plain.part{folder}.module{other} import Order{other}


@dataclass
class Order{number}:
    name: str
    total: int = 0

    def add(self, other: "Order{other}") -> None:
        self.total += other.total

    def dump(self) -> str:
        return json.dumps({{"name": self.name, "total": self.total}})
'''


@dataclass(frozen=True)
class Change:
    """One change of a file with gRPC: what is put in the place of what."""

    label: str
    path: str
    old: str
    new: str

    def on(self, text: str, number: int) -> str:
        """The file's text with the change, which is another one in each round."""
        assert self.old in text, self
        return text.replace(self.old, self.new.replace("ROUND", str(number)), 1)


CLIENT = "shop/gateway.py"
CHANGES = (
    Change("a log line in a handler", CLIENT, "        self.stock.Reserve(request)\n",
           "        LOG.debug('for the %sth time: %s', ROUND, request.sku)\n        self.stock.Reserve(request)\n"),
    Change("a new helper, and a method that calls it", CLIENT, "class Checkout(CheckoutServicer):\n",
           "def _cents(count: int, price: int = ROUND) -> int:\n    if count < 0:\n        raise ValueError(count)\n"
           "    return count * price\n\n\nclass Checkout(CheckoutServicer):\n    def _price(self, sku: str) -> int:\n"
           "        return _cents(len(sku))\n\n"),
    Change("comments and docstrings", CLIENT, '"""Says in its own words what went wrong behind it."""',
           '"""Says what went wrong (ROUND)."""  # in its own words'),
    Change("an argument of a call, another number", CLIENT, "request, timeout=0.6", "request, timeout=0.6ROUND"),
)  # fmt: skip
REFERENCE = Change(
    "a new call of an RPC", CLIENT, "        self.stock.Reserve(request)\n", "        self.stock.Reserve(request)\n" * 2
)


def make(folder: Path, files: int) -> None:
    """A repository with `files` Python files under git."""
    shutil.copytree(GATEWAY, folder)
    there = len(list(folder.rglob("*.py")))
    for number in range(files - there - 1):
        package = folder / "plain" / f"part{number // 50}"
        package.mkdir(parents=True, exist_ok=True)
        other = number // 50 * 50
        text = MODULE.format(number=number, folder=number // 50, other=other)
        text += "".join(
            f"\n\ndef step{n}(order: Order{number}) -> int:\n    return order.total + {n}\n" for n in range(20)
        )
        (package / f"module{number}.py").write_text(text)
    (folder / "plain" / "__init__.py").write_text("")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "start")


def git(folder: Path, *arguments: str) -> None:
    """Run git with an identity of its own."""
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, timeout=120)


def hook_environment(scratch: Path, project: Path) -> Path:
    """The `bin` folder of the environment that pre-commit makes for the hooks of this clone."""
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {REPOSITORY}\n  rev: HEAD\n  hooks:\n  - id: grpc2connect-check\n"
    )
    environment = {**os.environ, "PRE_COMMIT_HOME": str(scratch / "pre-commit")}
    command = [sys.executable, "-m", "pre_commit", "install-hooks"]
    subprocess.run(command, cwd=project, check=True, env=environment, timeout=1200)
    (found,) = (scratch / "pre-commit").glob("repo*/py_env-*/bin/grpc2connect")
    return found.parent


def seconds(
    command: list[str], folder: Path, environment: dict[str, str], codes: tuple[int, ...] = (0,), said: str = ""
) -> float:
    """How long a command takes; it must end with one of `codes`, and have said something."""
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    taken = time.perf_counter() - start
    if done.returncode not in codes or said not in done.stdout:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return taken


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--here", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        project = scratch / "project"
        make(project, given.files)
        programs = Path(sys.executable).parent if given.here else hook_environment(scratch, project)
        environment = {
            **{key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
            "G2C_CACHE_DIR": str(scratch / "cache"),
        }
        tool, python = str(programs / "grpc2connect"), str(programs / "python")
        base = ["--baseline", "baseline.txt"]
        seconds([tool, "check", *base, "--update-baseline"], project, environment)
        cold = seconds([tool, "check", *base], project, environment)
        plain = "plain/part3/module170.py"
        rows: dict[str, list[float]] = {}
        floors: dict[str, str] = {}

        def measure(label: str, path: str) -> None:
            floors[label] = f"the floor: `import click`, parsing {path}"
            rows.setdefault(floors[label], []).append(seconds([python, "-c", FLOOR, path], project, environment))
            rows.setdefault(label, []).append(seconds([tool, "check", *base, path], project, environment))

        text = (project / CLIENT).read_text(encoding="utf-8")
        for number in range(given.rounds):
            with open(project / plain, "a", encoding="utf-8") as file:
                file.write(f"\n\ndef more{number}() -> int:\n    return {number}\n")
            measure("a changed file without gRPC", plain)
            measure("a file with gRPC, as it was", CLIENT)
            for change in CHANGES:
                (project / CLIENT).write_text(change.on(text, number), encoding="utf-8")
                measure(f"a changed file with gRPC: {change.label}", CLIENT)
            (project / CLIENT).write_text(text, encoding="utf-8")
        (project / CLIENT).write_text(REFERENCE.on(text, 0), encoding="utf-8")
        added = f"a changed file with gRPC: {REFERENCE.label}, once"
        rows[added] = [seconds([tool, "check", *base, CLIENT], project, environment, (1,), "G2C501")]
        (project / CLIENT).write_text(text, encoding="utf-8")
        rows["the whole project, warm, once"] = [cold]
    print(f"{given.files} files, {given.rounds} rounds, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("| what | median ms | best ms | of twice its floor |\n|---|--:|--:|--:|")
    for label, values in rows.items():
        middle, best = statistics.median(values), min(values)
        floor = rows.get(floors.get(label, next(iter(floors.values()))), values)
        share = f"{middle / 2 / statistics.median(floor):.2f}"
        print(f"| {label} | {middle * 1000:,.0f} | {best * 1000:,.0f} | {share} |")


if __name__ == "__main__":
    main()
