"""Spans: what a node's span covers is, parsed again, that node; in every layout, inside f-strings too."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from grpc2connect.syntax import Module, parse

TEXTS = [
    'x = f"{e.code()} {x!r:>{w}}"\n',
    'x = f"{e.code()!r:{e.width()}.{e.digits()}}"\n',
    "x = f\"{f'{e.code()}'} {e.details()}\"\n",
    "x = f\"{a[f'{e.code()}']!s:>{f'{w}'}}\"\n",
    'x = f"""\n\n  {e.code()}\n\t{ e.details() } {\n  e.debug()\n}"""\n',
    "x = (f'{e.code()}'  # one\n     'two' rf'\\{e.details()}' f'''\n{e.debug()}''')\n",
    "x = f'{{e.code()}} {e.code()}}}'\n",
    "x = f'{e.code()=} {e.details() = !r} {a == b} {a != b} {a <= b}'\n",
    "x = f'{(lambda y: y.code())(e)} { {1: e}[1].code() } {[e.code() for e in es if e]}'\n",
    "x = f'ä{e.code()}ö😀{e.details()}' + f'é{e.debug()}'\n",
    "def f():\n\treturn f'{e.code()}', f'{e.details()}' ; e.debug()\n",
    "ä = 'ö😀' ; g(ü.code(), β=e.details(), *é)  # ß\n",
    "if a:\n\x0c\n    b.c(d)\x0c\n\x0ce = f\n",
    "a.b(  # one\n    c, # two\n)\n\n\nd = \\\n    e.f\n",
    "match a:\n    case B(c=D.E): g(h)\n",
    "@a.b(c)\nclass D(E.F, metaclass=G.H):\n    i: 'J.K' = l.m\n",
]


def exact(module: Module) -> list[str]:
    """The sources of the module's expressions, after checking that each is what its node says."""
    found = []
    nodes = list(ast.walk(module.tree))
    literals = {part for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    specs: set[ast.AST | None] = {node.format_spec for node in nodes if isinstance(node, ast.FormattedValue)}
    for node in nodes:
        if isinstance(node, ast.expr) and node not in literals | specs:
            source = module.source(node)
            found.append(source)
            if not isinstance(getattr(node, "ctx", None), ast.Store) and not isinstance(node, ast.Starred):
                # Parenthesised: a generator or a literal of several lines is found without its parentheses.
                again = ast.parse(f"({source})", mode="eval").body
                assert ast.dump(again) == ast.dump(node), source
    return found


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_span_is_its_node(text: str, newline: str) -> None:
    module = parse(Path("a.py"), text.replace("\n", newline))
    found = exact(module)
    for called in ("e.code()", "e.details()", "e.debug()", "ü.code()", "b.c(d)"):
        escaped = text.count("{{" + called)
        assert found.count(called) == text.count(called) - escaped, called


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_comments_and_lines(newline: str) -> None:
    text = "# ä\nx = '# no' # ö\n\x0c# after a form feed\ny = (1, # in\n     2)\n# last"
    module = parse(Path("a.py"), text.replace("\n", newline))
    assert [comment.text for comment in module.comments] == [
        "# ä",
        "# ö",
        "# after a form feed",
        "# in",
        "# last",
    ]
    for comment in module.comments:
        assert module.text[slice(*comment.span)] == comment.text
        assert module.text[slice(*module.line_span(module.line_of(comment.span.start)))].count(comment.text) == 1
    assert module.newline == newline


def test_a_byte_order_mark_is_no_column() -> None:
    module = parse(Path("a.py"), "\ufeffa.b\n")
    assert exact(module) == ["a.b", "a"]
