"""Reports made by hand, larger than the samples: services that share references, owners, rules and lines of code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from grpc2connect.report import narrowing
from grpc2connect.report.document import Document, Rule
from grpc2connect.report.json_report import Surroundings, document
from grpc2connect.results import (
    Audit,
    Entry,
    FileChange,
    FileError,
    Finding,
    Moved,
    Place,
    RunResult,
    Severity,
    State,
    Suppressed,
)

ROOT = Path("/srv/shop")
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7*7 }}"
STATES = (State.NATIVE, State.BRIDGED, State.LEFT)


def rules(*codes: str) -> dict[str, Rule]:
    text = "{}: a `call` becomes a call.\n\nWhy: names\nfollow.\n\n    - old({})\n    + new()\n\nLeft: <never>.\n"
    return {
        code: {
            "code": code,
            "title": f"a `call` becomes {code}.",
            "family": "context",
            "documentation": text.format(code, HOSTILE),
            "page": f"context.md#{code.lower()}",
        }
        for code in codes
    }


def entries(files: int, each: int = 4) -> Iterator[Entry]:
    """Files of services 0 to 4 in turn; each third reference is of two services, each seventh of none."""
    for file in range(files):
        path = ROOT / f"team{file % 3}" / f"module_{file}.py"
        for number in range(each):
            units: tuple[str, ...] = (f"shop.v1.Service{file % 5}",)
            if (file + number) % 3 == 0:
                units = (*units, f"shop.v1.Service{(file + 1) % 5}")
            if (file + number) % 7 == 0:
                units = ()
            state = STATES[(file * each + number) % 3]
            why = "" if state is State.NATIVE else f"because of {number % 2}"
            place = Place(path, 3 + number * 6, 5)
            code = f"G2C50{number % 2 + 1}"
            yield Entry(place, "RpcUse", code, state, "stub.Call", units, number > 0, why, sides=("client",))


def result(files: int = 12) -> RunResult:
    ledger = tuple(entries(files))
    first = ledger[0].place.path
    findings = (
        Finding("G2C301", Place(first, 9, 5), "the port takes JSON", "set it", Severity.NOTE, "shop.v1.Service0"),
        Finding("G2C902", Place(ROOT / "pyproject.toml", 1, 1), "a new package", "name it", Severity.WARNING),
        Finding("G2C501", Place(ROOT / "team1" / "module_1.py", 3, 5), "odd", "", Severity.ERROR, "shop.v1.Service1"),
    )
    return RunResult(
        ROOT,
        (
            FileChange(first, b"a\n", b"b\n", ("shop.v1.Service0", "shop.v1.Service1")),
            FileChange(ROOT / "gen" / "a_connect.py", None, b"x\n", ("shop.v1.Service0",)),
            FileChange(ROOT / "grpc2connect_runtime" / "__init__.py", None, b"x\n"),
        ),
        ledger,
        findings,
        (FileError(ROOT / "bad.py", "G2C002", "line 3: no", "correct it"),),
        Audit(len(ledger), len(ledger)),
        files + 2,
        files,
        suppressed=(
            Suppressed(ledger[-2].place, ledger[-2].code, ledger[-2].text, f"known: {HOSTILE}", True),
            Suppressed(Place(first, 2, 1), "G2C902", "a package", "ours"),
        ),
    )


def lines(path: str) -> Sequence[str]:
    return [f"    line {number}: stub.Call()" if number % 6 != 3 else "    stub.Call(1)" for number in range(1, 60)]


def report(run: RunResult | None = None, *, owners: bool = True, repository_path: str = "") -> Document:
    """The whole report of `run`, or of `result()`."""
    around = Surroundings(
        (lambda path: (f"@org/{path.split('/')[0]}",) if "/" in path else ()) if owners else None,
        rules("G2C002", "G2C301", "G2C501", "G2C502", "G2C902"),
        repository_path,
        "0123456789ab",
        (Moved("shop.v1.Gone", True, False, 3, 2), Moved("shop.v1.Service1", False, True)),
    )
    made = document(run or result(), command="report", exit_code=3, surroundings=around)
    return narrowing.with_excerpts(made, lines)
