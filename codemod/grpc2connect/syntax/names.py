"""Names as they are spelled, whatever they mean."""

from __future__ import annotations

import ast

__all__ = ["dotted_text", "first_name", "last_name"]


def last_name(node: ast.AST) -> str:
    """The last part of a name that may be dotted: `server` of `grpc.server`; empty if it is no name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def first_name(node: ast.AST) -> ast.Name | None:
    """The name that a dotted name begins with: `grpc` of `grpc.aio.server`; None if it begins with none."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node if isinstance(node, ast.Name) else None


def dotted_text(node: ast.AST) -> str:
    """A name that may be dotted, as a whole: `grpc.aio.server`; empty if it is no such name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
