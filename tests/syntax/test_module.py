"""Spans: exact in every layout and encoding, inside f-strings too."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from grpc2connect.syntax import Module, SyntaxProblem, parse


def names(module: Module) -> list[str]:
    return [module.source(node) for node in ast.walk(module.tree) if isinstance(node, ast.Attribute | ast.Name)]


@pytest.mark.parametrize(
    "text",
    [
        'x = f"{e.code()} {e.details()!r:>{w}}"\n',
        'x = f"""\n  {e.code()}\n{ e.details() }"""\n',
        "x = 'a' f'{e.code()}' \"b\" f\"{{}}{e.details()}\"\n",
        "x = f'ä{e.code()}ö{e.details()=}'\n",
        "x = f'{e.code()!s}{e.details() if e != 1 else w}'\n",
        "x = rf'\\d{e.code()}' F'{e.details()}'\n",
        "if x:\n\tx = f'{e.code()}'; y = f'{e.details()}'\n",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_names_in_f_strings(text: str, newline: str) -> None:
    module = parse(Path("a.py"), text.replace("\n", newline))
    found = names(module)
    assert "e.code" in found
    assert found.count("e") == 2 or "e !=" in text
    assert {name for name in found if "." in name} == {"e.code", "e.details"} - (
        set() if "details" in text else {"e.details"}
    )


def test_spans_count_characters() -> None:
    module = parse(Path("a.py"), "ä = 'ö'; grpc.server('ü', b)\r\n# ß\nc = d\n")
    assert "grpc.server" in names(module)
    assert names(module)[-1] == "d" or "d" in names(module)
    (comment,) = module.comments
    assert module.text[slice(*comment.span)] == comment.text == "# ß"
    assert str(module.place_at(comment.span.start)) == "a.py:2:1"


def test_a_form_feed_is_no_newline() -> None:
    module = parse(Path("a.py"), "a = 1\n\x0c\nb = c\n")
    assert {"a", "b", "c"} == set(names(module))


@pytest.mark.parametrize("text", ["def (:\n", "x = (\n", "\tx\n  y\n", "x = 1\x00\n", "(" * 500 + ")" * 500])
def test_what_python_refuses(text: str) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        parse(Path("a.py"), text)
    assert caught.value.message
