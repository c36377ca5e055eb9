"""Edits: nested ones compose, those that want the same text are refused, all other bytes stay."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpc2connect.rewrite.render import Conflict, Renderer
from grpc2connect.rules_api import edits
from grpc2connect.rules_api.edits import Edit
from grpc2connect.rules_api.names import CODE, Symbol
from grpc2connect.syntax import Module, Span, parse


def render(text: str, *changes: Edit) -> str:
    return Renderer(text, changes, lambda piece: f"<{piece.name}>").all()


def call_of(text: str) -> tuple[Module, ast.Call]:
    module = parse(Path("a.py"), text)
    node = next(node for node in ast.walk(module.tree) if isinstance(node, ast.Call))
    return module, node


def test_nested_edits_compose() -> None:
    module, call = call_of("f(  # why\n  g, h)\n")
    outer = edits.replace(module, call, "F(", call.args[1], ", ", call.args[0], ")")
    inner = edits.replace(module, call.args[0], CODE, ".", call.args[0])
    assert render(module.text, outer, inner) == "F(h, <Code>.g)\n"
    assert render(module.text, inner, outer) == "F(h, <Code>.g)\n"


def test_insertions_stand_before_what_is_replaced_there() -> None:
    module, call = call_of("f(g)\n")
    assert render(module.text, *edits.wrap(module, call, ("await (",), ")"), edits.replace(module, call.func, "h")) == (
        "await (h(g))\n"
    )


def test_two_arguments_change_places_with_what_is_in_them() -> None:
    module, call = call_of("f(a.b,  # one\n  c)\n")
    first, second = call.args
    assert isinstance(first, ast.Attribute)
    swapped = render(
        module.text,
        edits.replace(module, first, *edits.moved(module, second)),
        edits.replace(module, second, *edits.moved(module, first)),
        edits.rename_attribute(module, first, "B"),
    )
    assert swapped == "f(c,  # one\n  a.B)\n"


def test_the_same_edit_twice_is_one() -> None:
    assert render("abc", Edit(Span(1, 2), ("x",)), Edit(Span(1, 2), ("x",))) == "axc"


@pytest.mark.parametrize(
    "changes",
    [
        (Edit(Span(0, 2), ("x",)), Edit(Span(1, 3), ("y",))),
        (Edit(Span(1, 2), ("x",)), Edit(Span(1, 2), ("y",))),
        (Edit(Span(0, 3), ("x",)), Edit(Span(1, 2), ("y",))),
        (Edit(Span(0, 3), (Span(0, 1), "x")), Edit(Span(1, 2), ("y",))),
    ],
)
def test_what_wants_the_same_text_is_refused(changes: tuple[Edit, ...]) -> None:
    for order in (changes, changes[::-1]):
        with pytest.raises(Conflict, match="two edits of the text at offset"):
            render("abcd", *order)


@given(st.text(max_size=30), st.data())
def test_bytes_outside_edits_stay(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8, unique=True)))
    spans = [Span(start, end) for start, end in zip(cuts[::2], cuts[1::2], strict=False)]
    changes = [Edit(span, (f"[{number}]",)) for number, span in enumerate(spans)]
    expected, position = "", 0
    for number, span in enumerate(spans):
        expected += text[position : span.start] + f"[{number}]"
        position = span.end
    assert render(text, *data.draw(st.permutations(changes))) == expected + text[position:]


@pytest.mark.parametrize(
    ("text", "index", "after"),
    [
        ("f(a, b)\n", 1, "f(a)\n"),
        ("f(a, b)\n", 0, "f(b)\n"),
        ("f(a)\n", 0, "f()\n"),
        ("f(a, b=c)\n", 1, "f(a)\n"),
        ("f(\n    a,\n    b,\n)\n", 1, "f(\n    a,\n)\n"),
        ("f(a, # keep, this\n  b)\n", 1, "f(a, # keep, this\n  )\n"),
    ],
)
def test_an_argument_goes_with_its_comma(text: str, index: int, after: str) -> None:
    module, call = call_of(text)
    rendered = render(text, edits.delete_argument(module, call, [*call.args, *call.keywords][index]))
    assert rendered == after
    ast.parse(rendered)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("if a:\n    b()\n    c\n", "if a:\n    c\n"),
        ("if a:\n    b()  # why\n    c\n", "if a:\n    # why\n    c\n"),
        ("if a:\n    b(); c\n", "if a:\n    c\n"),
        ("if a: b(); c\n", "if a: c\n"),
        ("if a:\n    b(\n    )\n    c\n", "if a:\n    c\n"),
        ("if a:\r\n    b()\r\n    c", "if a:\r\n    c"),
    ],
)
def test_a_statement_goes_with_its_line(text: str, after: str) -> None:
    module, call = call_of(text)
    assert render(text, edits.delete_statement(module, module.statement(call))) == after


def test_symbols_are_named_by_who_renders() -> None:
    symbol = Symbol("pkg", "name", "pkg_name")
    assert Renderer("a", [Edit(Span(0, 1), (symbol, "()"))], lambda piece: piece.alias).all() == "pkg_name()"  # type: ignore[union-attr]


def test_insertions_at_one_place_keep_their_order() -> None:
    words = [f"<{number}>" for number in range(40)]
    edits = [Edit(Span(1, 1), (word,)) for word in words]
    assert Renderer("ab", [*edits, edits[3]], lambda piece: piece.name).all() == "a" + "".join(words) + "b"
