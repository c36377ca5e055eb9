"""Every error has a title, a cause and a next step, and stands in the table; docs/errors.md is the table."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from grpc2connect.errors import Failure, Title, of_code

REPOSITORY = Path(__file__).parents[2]
ENGINE = REPOSITORY / "codemod" / "grpc2connect"
FAILURES = {"Failure": 3, "ConfigError": 3, "JournalError": 3, "AnalystFailed": 3, "PackError": 3, "CannotMerge": 3}
"""The kinds of failures, and how many arguments each takes; the last is the next step."""


@cache
def nodes() -> list[tuple[Path, ast.AST]]:
    """Everything in the modules that know of errors."""
    words = {f"{name}(" for name in FAILURES} | {"Title.", "FileError("}
    texts = {
        path: path.read_text(encoding="utf-8") for path in sorted(ENGINE.rglob("*.py")) if path.name != "errors.py"
    }
    return [
        (path, node)
        for path, text in texts.items()
        if any(word in text for word in words)
        for node in ast.walk(ast.parse(text))
    ]


def calls(*names: str) -> Iterator[tuple[Path, ast.Call]]:
    for path, node in nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield path, node


def test_the_page_is_up_to_date() -> None:
    made = runpy.run_path(str(REPOSITORY / "scripts" / "errors_page.py"))["text"]()
    there = (REPOSITORY / "docs" / "errors.md").read_bytes().decode()
    assert there == made, "run python scripts/errors_page.py"


@pytest.mark.parametrize("title", Title, ids=lambda title: title.slug)
def test_rows_are_whole(title: Title) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", title.slug)
    assert title.slug == title.name.lower().replace("_", "-") or title is Title.LEDGER or title is Title.INTERNAL
    assert title.meaning.endswith(".") and title.remedy.endswith(".")
    assert "|" not in title.meaning + title.remedy
    assert all(of_code(code) is title for code in title.codes)


def test_every_row_is_used_and_no_error_lacks_one() -> None:
    used = {
        node.attr
        for _, node in nodes()
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Title"
    }
    codes = {
        call.args[1].value
        for _, call in calls("FileError")
        if isinstance(call.args[1], ast.Constant) and isinstance(call.args[1].value, str)
    }
    assert codes == {code for title in Title for code in title.codes}
    assert used == {title.name for title in Title if not title.codes} | {"CANNOT_WRITE"}


def test_every_failure_says_what_to_do() -> None:
    kinds = {cls.__name__ for cls in _below(Failure)}
    assert kinds == set(FAILURES)
    found = list(calls("FileError", *FAILURES))
    assert len(found) > 80
    for path, call in found:
        wanted = 4 if isinstance(call.func, ast.Name) and call.func.id == "FileError" else 3
        where = f"{path}:{call.lineno}"
        assert len(call.args) == wanted and not call.keywords, where
        assert not (isinstance(call.args[-1], ast.Constant) and not call.args[-1].value), where


def test_one_place_renders() -> None:
    for path in sorted(ENGINE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        here = path.relative_to(ENGINE).as_posix()
        assert "error[{" not in text or here in ("report/text.py", "report/plain.py", "cli/rules.py"), here
        assert "click.UsageError(" not in text and "click.ClickException(" not in text, here
        assert "raise ValueError(" not in text or here != "config.py", "a setting's reader says what to do: _Wrong"
        assert "click.echo(" not in text or here == "cli/output.py", here


def _below(cls: type[Failure]) -> set[type[Failure]]:
    import grpc2connect.config
    import grpc2connect.editor.analyst
    import grpc2connect.journal
    import grpc2connect.report.merging
    import grpc2connect.rules_api  # noqa: F401 (they are there when they are imported)

    return {cls, *cls.__subclasses__()}
