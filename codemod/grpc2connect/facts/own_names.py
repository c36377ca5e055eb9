"""Functions that look at their own names, which then stay."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from grpc2connect.facts.kinds import Function, Values
from grpc2connect.facts.program import Program
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import last_name

_FRAMES = frozenset({"co_name", "f_code", "currentframe", "_getframe", "stack"})
_NAMES = frozenset({"__name__", "__qualname__"})
_LOOKS_UP = frozenset({"getattr", "vars", "dir", "getmembers", "__dict__", "methodcaller", "attrgetter"})


def asks_its_own_name(function: ast.AST, name: str) -> bool:
    """Whether a function may look at its own name: through frames of the stack, or as the name of what it mentions.

    `type(error).__name__` is another's.
    """
    nodes = list(ast.walk(function))
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    if not _FRAMES.isdisjoint(attributes):
        return True
    if _NAMES.isdisjoint(attributes):
        return False
    words = attributes | {node.id for node in nodes if isinstance(node, ast.Name)}
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return name in words | texts or not _LOOKS_UP.isdisjoint(words)


def asked_for(module: Module, name: str) -> bool:
    """Whether code of a module asks for the name of an attribute that is called this: `self.SayHello.__name__`."""
    return any(isinstance(owner, ast.Attribute) and owner.attr == name for owner in _owners(module))


def asked_functions(program: Program, values: Callable[[ast.AST], Values]) -> frozenset[ast.AST]:
    """The functions for whose names the program asks, wherever these come from: `function.__name__` in a helper.

    What a function is wrapped as (`functools.wraps`) has the name of the wrapped one.
    """
    asked = [owner for module in program.modules() for owner in _owners(module)]
    found: set[ast.AST] = set()
    while asked:
        for value in values(asked.pop()):
            if isinstance(value, Function) and value.node not in found:
                found.add(value.node)
                asked.extend(_wrapped(value.node))
    return frozenset(found)


def _owners(module: Module) -> Iterator[ast.expr]:
    """What a module asks for its name."""
    if not any(text in module.text for text in _NAMES):
        return
    for node in module.nodes:
        if (owner := asked_for_its_name(node)) is not None:
            yield owner


def asked_for_its_name(node: ast.AST) -> ast.expr | None:
    """What an expression asks for its name, if it does: `handler` of `handler.__name__`."""
    match node:
        case ast.Attribute(value=owner, attr=name) if name in _NAMES:
            return owner
        case ast.Call(func=ast.Name("getattr"), args=[owner, ast.Constant(value=name), *_]) if name in _NAMES:
            return owner
    return None


def _wrapped(function: ast.AST) -> Iterator[ast.expr]:
    for decorator in getattr(function, "decorator_list", ()):
        if isinstance(decorator, ast.Call) and last_name(decorator.func) == "wraps":
            yield from decorator.args[:1]
