"""Walks give what those of `ast` give, in the same order, but for what has no place of its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from grpc2connect.syntax.walking import children, walk

_SHARED = (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
_EVERYTHING = """\
import a.b as c, d
from . import *
from .e import (f as g, h)
@i(*j, **k)
class L[T](M, metaclass=N):
    o: int = 1
    type P = list[T]
async def q(a, /, b=1, *c, d, e=2, **f) -> None:
    global r
    async with s as t, u: await v
    async for w in x: yield [y async for y in z if y not in a if not b]
    else: del c[1:2, ...], d.e
    return {**f, 'a': 1, **{b: 2 for b in c}}
def nested():
    nonlocal_ = lambda *, a=1, b: (yield from a) or {b} and -a ** +b
    try: raise A from B
    except* (C, D) as e: assert f, 'g'
    while True: break
    match h:
        case {'a': 1, **rest} | [b, *_] if c: pass
        case D(e=None, f=-1) as g: continue_ = 1
    x += (y := 2) if a < b <= c is not d else f'{a!r:>{b}}' f'c'
"""


def _bodies() -> list[str]:
    parts = [_EVERYTHING]
    here = Path(__file__).resolve().parents[2] / "codemod" / "grpc2connect" / "facts"
    return parts + [path.read_text(encoding="utf-8") for path in sorted(here.glob("s*.py"))]


@pytest.mark.parametrize("text", _bodies())
def test_nothing_is_left_out(text: str) -> None:
    try:
        tree = ast.parse(text)
    except SyntaxError:  # parameters of types are newer than the oldest Python
        tree = ast.parse(text.replace("[T]", "").replace("    type P = list\n", ""))
    expected = [node for node in ast.walk(tree) if not isinstance(node, _SHARED)]
    assert list(walk(tree)) == expected
    for node in expected:
        assert children(node) == [one for one in ast.iter_child_nodes(node) if not isinstance(one, _SHARED)]
