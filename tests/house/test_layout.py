"""The house rules that no linter knows: nothing imports upwards, modules stay small, no drawer for odds and ends."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ENGINE = REPOSITORY / "codemod" / "grpc2connect"
SOURCES = [
    path
    for folder in (ENGINE, REPOSITORY / "rules" / "grpc2connect_rules", REPOSITORY / "runtime" / "grpc2connect_runtime")
    for path in sorted(folder.rglob("*.py"))
]

# Who stands where; a part may import its own level's parts only as named in BESIDE, and anything lower.
LEVELS = {
    "errors": -1,
    "apart": 0,
    "codes": 0,
    "kept": 0,
    "expendable": 0,
    "results": 0,
    "options": 0,
    "scan": 0,
    "skeleton": 1,
    "syntax": 1,
    "sources": 1,
    "schema": 1,
    "vendor": 1,
    "config": 1,
    "project": 6,
    "journal": 2,
    "serving": 2,
    "facts": 2,
    "rules_api": 3,
    "plan": 4,
    "rewrite": 5,
    "generate": 5,
    "relevance": 6,
    "notebooks": 6,
    "overrides": 6,
    "public_api": 6,
    "audit": 6,
    "reading": 6,
    "ledger": 6,
    "explain": 6,
    "spread": 7,
    "engine": 7,
    "cache": 7,
    "suppress": 7,
    "debt": 7,
    "moved": 7,
    "worker": 8,
    "isolation": 9,
    "report": 7,
    "review": 8,
    "editor": 8,
    "warm": 8,
    "cli": 10,
    "__main__": 11,
}
BESIDE = {
    ("rewrite", "generate"),
    ("schema", "sources"),
    ("sources", "syntax"),
    ("schema", "syntax"),
    ("options", "results"),
    ("engine", "spread"),
}
# What the results and the wording of a run are made of is known to all.
REPORT_KNOWS = {"errors", "results", "options", "report"}


def part(path: Path) -> str:
    first = path.relative_to(ENGINE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """The parts of the engine that a module imports, at its top or later."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names] if module == "grpc2connect" else [module]
        for name in names:
            if name.startswith("grpc2connect."):
                yield name.split(".")[1]
            assert not name.startswith("grpc2connect_runtime") or ENGINE not in path.parents, f"{path}: {name}"


@pytest.mark.parametrize("path", sorted(ENGINE.rglob("*.py")), ids=lambda path: path.relative_to(ENGINE).as_posix())
def test_nothing_imports_upwards(path: Path) -> None:
    mine = part(path)
    if mine == "__init__":
        assert set(imports(path)) == set()
        return
    assert mine in LEVELS, f"{mine} has no place in the order; give it one"
    for other in imports(path):
        if other in (mine, "__version__"):
            continue
        lower = LEVELS[other] < LEVELS[mine]
        assert lower or (mine, other) in BESIDE, f"{mine} imports {other}, which is not below it"
        if mine == "report":
            assert other in REPORT_KNOWS, f"report imports {other}; it makes its faces from results alone"


def test_rules_use_the_public_rule_api_only() -> None:
    allowed = {"rules_api", "results"}
    for path in sorted((REPOSITORY / "rules" / "grpc2connect_rules").rglob("*.py")):
        assert set(imports(path)) <= allowed, path


def test_modules_are_short_and_have_names_that_say_something() -> None:
    for path in SOURCES:
        assert len(path.read_text(encoding="utf-8").splitlines()) < 400, f"{path} is too long"
        assert path.stem not in ("utils", "util", "helpers", "misc", "common"), path


def test_modules_say_what_they_are_for() -> None:
    for path in SOURCES:
        tree = ast.parse(path.read_bytes())
        assert ast.get_docstring(tree), f"{path} has no docstring"


def test_only_the_installed_engine_joins_the_command_line_to_the_engine() -> None:
    for path in sorted((ENGINE / "cli").rglob("*.py")):
        if path.name != "engine.py":
            assert set(imports(path)) <= {
                "cli",
                "codes",
                "errors",
                "report",
                "results",
                "options",
                "config",
                "vendor",
                "serving",
                "sources",
                "journal",
                "review",
                "editor",
                "__version__",
            }, path
