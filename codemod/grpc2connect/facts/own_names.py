"""Functions that look at their own names, which then stay."""

from __future__ import annotations

import ast

from grpc2connect.syntax import Module

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
    if not any(f".{text}" in module.text for text in _NAMES):
        return False
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in _NAMES
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == name
        for node in module.nodes
    )
