"""Names as they are spelled, whatever they mean."""

from __future__ import annotations

import ast

__all__ = ["last_name"]


def last_name(node: ast.AST) -> str:
    """The last part of a name that may be dotted: `server` of `grpc.server`; empty if it is no name."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
