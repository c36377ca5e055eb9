"""What is written out in the program: texts that can flow into an expression."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from grpc2connect.facts.scopes import bindings
from grpc2connect.syntax import Module
from grpc2connect.syntax.walking import children

_TAKEN_OUT = frozenset(
    {"endswith", "lstrip", "partition", "removeprefix", "removesuffix", "rpartition", "rsplit", "rstrip", "split"}
    | {"splitlines", "startswith", "strip"}
)
"""Methods of texts that give parts of a text, without what their arguments name, or ask about it."""


def texts(module: Module, node: ast.expr | None) -> Iterator[str]:
    """The string constants in an expression, and in what the names in it are assigned anywhere in the module."""
    for text, _ in texts_and_parts(module, node):
        yield text


def texts_and_parts(module: Module, node: ast.expr | None) -> Iterator[tuple[str, bool]]:
    """The same, each with whether something may be put together of it; if not, it comes as it stands."""
    seen: set[str] = set()
    stack: list[tuple[ast.AST, bool]] = [(node, False)] if node is not None else []
    while stack:
        current, part = stack.pop()
        match current:
            case ast.Constant(value=str(text)):
                yield text, part
            case ast.Name(id=name) if name not in seen:
                seen.add(name)
                grows = part or name in _growing(module)
                stack.extend((value, grows) for value in _assigned(module, name))
            case ast.Subscript(value=value):
                stack.append((value, part))  # an index says which part, and is none
            case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in _TAKEN_OUT:
                stack.append((value, part))  # its arguments say what the parts have not
            case _:
                made = part or isinstance(current, ast.BinOp | ast.JoinedStr | ast.Call)
                stack.extend((child, made) for child in children(current))


def whole_text(module: Module, node: ast.expr) -> str | None:
    """The text that an expression is; one may be put together of the module's constants: `f"{MODULE}.GreeterStub"`."""
    parts: list[ast.expr]
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            match _assigned(module, name):
                case [ast.Constant(value=str(text))] if _is_bound_once(module, name):
                    return text
            return None
        case ast.FormattedValue(value=ast.Name() as value, conversion=-1, format_spec=None):
            return whole_text(module, value)
        case ast.JoinedStr(values=parts):
            pass
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            parts = [left, right]
        case _:
            return None
    found = [whole_text(module, part) for part in parts]
    return None if None in found else "".join(filter(None, found))


def _is_bound_once(module: Module, name: str) -> bool:
    bound = [one for node in module.nodes for one in ([node.arg] if isinstance(node, ast.arg) else bindings(node))]
    return bound.count(name) == 1


def is_bound(module: Module, name: str) -> bool:
    """Whether a name is assigned, or loops over, something in a module; a parameter is not."""
    return bool(_assigned(module, name))


@lru_cache(maxsize=256)
def _growing(module: Module) -> frozenset[str]:
    """The names to which something is added: `name += "_grpc"`."""
    return frozenset(
        node.target.id for node in module.nodes if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    )


def _assigned(module: Module, name: str) -> list[ast.expr]:
    return _assignments(module).get(name, [])


@lru_cache(maxsize=256)
def _assignments(module: Module) -> dict[str, list[ast.expr]]:
    """What each name is assigned, or loops over, anywhere in a module."""
    found: dict[str, list[ast.expr]] = {}
    for node in module.nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                names = [target.id for target in targets if isinstance(target, ast.Name)]
            case ast.For(target=ast.Name(id=name), iter=value):
                names = [name]
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                names = [name]
            case _:
                continue
        for name in names:
            found.setdefault(name, []).append(value)
    return found
