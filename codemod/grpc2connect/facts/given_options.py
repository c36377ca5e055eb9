"""The options that a channel is made with, as far as they are written out somewhere in the program."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.facts.kinds import Api, ProgramModule, Values
from grpc2connect.syntax import Module
from grpc2connect.syntax.walking import children

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts

_COLLECT = frozenset({"dict", "frozenset", "list", "reversed", "set", "sorted", "tuple", "OrderedDict", "cast"})
_OF_COLLECTIONS = frozenset({"copy", "items", "values"})
_PUT = frozenset({"append", "extend", "insert", "update"})
_Found = dict[str, list[ast.expr]]


@dataclass
class GivenOptions:
    """The options that are written out: key to value (None where that is no literal).

    `open` says that there may be others: a parameter, or what a function gives, is among them.
    """

    values: dict[str, object] = field(default_factory=dict)
    open: bool = False


def given_options(facts: Facts, module: Module, node: ast.expr | None) -> GivenOptions:
    """The options in an expression, and in what its names are bound to or filled with, in other modules too."""
    found = GivenOptions()
    seen: set[tuple[Module, str]] = set()
    stack: list[tuple[Module, ast.AST]] = [(module, node)] if node is not None else []
    while stack:
        place, current = stack.pop()
        parts: list[ast.AST] = []
        match current:
            case ast.Constant():
                pass
            case ast.Tuple(elts=[ast.Constant(value=str(key) | bytes(key)), value]):
                _note(found, key, value)
            case ast.Dict(keys=keys, values=values):
                for one, value in zip(keys, values, strict=True):
                    if isinstance(one, ast.Constant) and isinstance(one.value, str | bytes):
                        _note(found, one.value, value)
                    else:
                        parts.append(value if one is None else one)
            case ast.Attribute() if any(isinstance(value, Api) for value in facts.values(current)):
                pass  # a key of grpcio's own
            case ast.Name(id=name) | ast.Attribute(attr=name):
                if (place, name) not in seen:
                    seen.add((place, name))
                    bound = list(_bound(facts, place, current))
                    stack.extend(bound)
                    found.open |= not bound
            case ast.Call(func=func, args=args):
                called = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
                found.open |= called not in (_OF_COLLECTIONS if isinstance(func, ast.Attribute) else _COLLECT)
                parts += [func.value] if isinstance(func, ast.Attribute) and called in _OF_COLLECTIONS else []
                parts += [*args, *(keyword.value for keyword in current.keywords)]
            case ast.IfExp(body=body, orelse=other):
                parts += [body, other]
            case ast.Subscript(value=container):
                parts.append(container)
            case ast.ListComp(generators=loops) | ast.GeneratorExp(generators=loops) | ast.DictComp(generators=loops):
                parts += [loop.iter for loop in loops]
            case _:
                parts += children(current)
        stack.extend((place, part) for part in parts)
    return found


def _note(found: GivenOptions, key: str | bytes, value: ast.expr) -> None:
    text = key if isinstance(key, str) else key.decode(errors="replace")
    found.values[text] = value.value if isinstance(value, ast.Constant) else None


def _bound(facts: Facts, module: Module, node: ast.Name | ast.Attribute) -> Iterator[tuple[Module, ast.AST]]:
    """What a name or attribute is bound to, here or in the module that it comes from."""
    if isinstance(node, ast.Attribute):
        for value in facts.values(node.value):
            if isinstance(value, ProgramModule):
                yield from ((value.module, one) for one in _assignments(value.module).get(node.attr, ()))
        yield from ((module, one) for one in _assignments(module).get(f".{node.attr}", ()))
        return
    here = _assignments(module).get(node.id, ())
    yield from ((module, one) for one in here)
    for statement in () if here else module.nodes:
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                if (alias.asname or alias.name) == node.id:
                    for value in _imported(facts, module, statement):
                        if isinstance(value, ProgramModule):
                            yield value.module, ast.Name(alias.name, ast.Load())


def _imported(facts: Facts, module: Module, node: ast.ImportFrom) -> Values:
    program = facts.program
    if not node.level:
        return program.resolve(module, node.module or "")
    prefix = program.absolute(module, node.level, node.module)
    return program.at(str(Path(prefix or ".")), node.module or "", str(module.path))


@lru_cache(maxsize=256)
def _assignments(module: Module) -> _Found:
    """What each name, and each attribute (after a dot), is bound to, loops over or is filled with in a module."""
    found: _Found = {}
    for node in module.nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if isinstance(target, ast.Subscript):
                        _bind(found, target.value, ast.Tuple([target.slice, value], ast.Load()))
                    else:
                        _bind(found, target, value)
            case (
                ast.For(target=target, iter=value)
                | ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.AugAssign(target=target, value=value)
            ):
                _bind(found, target, value)
            case ast.Call(func=ast.Attribute(value=container, attr=name), args=[*_, value]) if name in _PUT:
                _bind(found, container, value)
    return found


def _bind(found: _Found, target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Name):
        found.setdefault(target.id, []).append(value)
    elif isinstance(target, ast.Attribute):
        found.setdefault(f".{target.attr}", []).append(value)
