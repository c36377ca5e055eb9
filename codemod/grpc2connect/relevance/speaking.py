"""Whether a file that is not followed speaks of RPCs: in code, not in prose.

`Get`, `Set` and `List` are names of RPCs, and words of every second docstring.
"""

from __future__ import annotations

import ast
import re
import warnings

from grpc2connect.sources import mentioned
from grpc2connect.syntax.walking import children

_RUN = frozenset({"exec", "eval", "compile"})
_NAMED: dict[type[ast.AST], str] = {
    ast.Attribute: "attr",
    ast.FunctionDef: "name",
    ast.AsyncFunctionDef: "name",
    ast.ClassDef: "name",
    ast.Name: "id",
    ast.keyword: "arg",
}
_AROUND = 200
"""How far from a name is looked for what makes it code; what is farther away counts as code."""
_WORDS = re.compile(r"\w+")
_NAMES = re.compile(r"(?:^|[./])(\w+)(?!\S*\s)")
"""The parts of a path, or of dotted names, that nothing follows as in a sentence."""


def speaks_of(data: bytes, names: frozenset[bytes]) -> bool:
    """Whether code may ask an object for one of `names`, define or assign one, or name one in a text.

    What cannot be parsed speaks of all that it mentions. A name that is imported or called by itself is no attribute.
    """
    if not any(map(_may_use, mentioned(data, names))):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return _in_code(tree, frozenset(name.decode("utf-8", "replace") for name in names))


def _may_use(found: re.Match[bytes]) -> bool:
    """Whether a name stands as code has it, be it in prose: `.Get`, `"Get"`, `"/shop.Stock/Get"`, `def Get`, `Get=`."""
    data, start, end = found.string, found.start(), found.end()
    before = data[max(0, start - _AROUND) : start]
    code = before.rstrip(b" \t\r\n\f\\")
    if code.endswith((b".", b"/", b"'", b'"', b"def", b"class")):
        return True
    commented = b"\n" in before[len(code) :] and b"#" in code[code.rfind(b"\n") + 1 :]
    after = data[end : end + _AROUND].lstrip()
    return commented or not code or not after or after.startswith((b":", b"=", b"#", b"\\"))


def _in_code(tree: ast.Module, names: frozenset[str]) -> bool:
    texts: list[str] = []
    runs = False
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        kind = node.__class__
        if kind is ast.Expr and isinstance(node.value, ast.Constant):  # type: ignore[attr-defined]
            continue  # prose
        if kind in _NAMED and getattr(node, _NAMED[kind]) in names:
            if kind is not ast.Name or isinstance(node.ctx, ast.Store):  # type: ignore[attr-defined]
                return True
        elif kind is ast.Call:
            runs = runs or getattr(node.func, "id", "") in _RUN  # type: ignore[attr-defined]
        elif kind is ast.Constant and isinstance(node.value, str):  # type: ignore[attr-defined]
            texts.append(node.value)  # type: ignore[attr-defined]
        stack += children(node)
    words = _WORDS if runs else _NAMES
    return any(not names.isdisjoint(words.findall(text)) for text in texts)
