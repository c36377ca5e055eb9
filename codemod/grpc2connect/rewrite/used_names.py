"""The names that a module uses: in code, in annotations that are strings, in type comments, in `__all__`."""

from __future__ import annotations

import ast
import re

from grpc2connect.syntax import Module
from grpc2connect.syntax.names import dotted_text, last_name

_TYPE_COMMENT = re.compile(r"#\s*type:\s*(?!ignore\b)(.+)")
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_GENERIC = re.compile(r"_*[A-Z]\w*|dict|list|set|frozenset|tuple|type|deque|defaultdict")
"""What a type is written with that has others in it; what is taken out of `settings["grpc"]` is no type."""


def is_used(module: Module, alias: ast.alias) -> bool:
    """Whether a module uses a name that it imports, or passes on by a star."""
    return alias.name == "*" or (alias.asname or alias.name).partition(".")[0] in used_in(module)


def used_in(module: Module) -> frozenset[str]:
    """Names and dotted prefixes that a module uses (strings that may be annotations or `__all__` included)."""
    found: set[str] = set()
    for comment in module.comments:
        if typed := _TYPE_COMMENT.match(comment.text):
            for dotted in _NAME.findall(typed[1]):
                found.update(dotted.rsplit(".", count)[0] for count in range(dotted.count(".") + 1))
    for node in module.nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            text = dotted_text(node)
            if text:
                found.update(text.rsplit(".", count)[0] for count in range(text.count(".") + 1))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _may_name(module, node):
            found.update(_strings(node.value))
    return frozenset(found)


def _may_name(module: Module, node: ast.Constant) -> bool:
    """Whether a string may stand for a name: in an annotation, a type expression or `__all__`; elsewhere it is data."""
    child: ast.AST = node
    for parent in module.ancestors(node):
        match parent:
            case ast.arg():
                return True
            case ast.Subscript(value=value) if _GENERIC.fullmatch(last_name(value)):
                return True
            case ast.AnnAssign(annotation=annotation):
                return annotation is child or module.source(annotation).endswith("TypeAlias")
            case ast.FunctionDef(returns=returns) | ast.AsyncFunctionDef(returns=returns):
                return returns is child
            case ast.Call(func=func):
                name = last_name(func)
                return name in ("cast", "TypeVar", "NewType", "ForwardRef", "extend")
            case ast.Assign() | ast.AugAssign():
                targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
                return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
            case ast.stmt():
                return False
        child = parent
    return False


def _strings(text: str) -> set[str]:
    try:
        parsed = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    if not isinstance(parsed.body, ast.Name | ast.Attribute | ast.Subscript | ast.BinOp):
        return set()
    return {node.id for node in ast.walk(parsed) if isinstance(node, ast.Name)}
