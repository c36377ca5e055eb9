"""The fields of classes whose constructor is written by a decorator or base: dataclasses, attrs, named tuples."""

from __future__ import annotations

import ast

from grpc2connect.facts.classes import ancestry, decorated_as
from grpc2connect.facts.kinds import Class
from grpc2connect.facts.state import State
from grpc2connect.syntax.names import last_name
from grpc2connect.syntax.walking import walk

_DECORATORS = ("dataclass", "define", "frozen", "mutable", "attrs", "attributes", "s", "dataclasses")
_BASES = ("NamedTuple", "BaseModel")
_MAKERS = ("field", "ib", "attrib", "Factory", "Field")


def of(state: State, cls: Class) -> list[tuple[str, ast.expr | None]]:
    """The fields of a class in the order of its constructor, with defaults; none if it has no such constructor."""
    found: dict[str, ast.expr | None] = {}
    for ancestor in reversed(ancestry(state, cls)):
        if has_fields(ancestor.node):
            found.update(_own(ancestor.node))
    return list(found.items())


def has_fields(node: ast.ClassDef) -> bool:
    """Whether a class's constructor takes its annotated attributes."""
    bases = [last_name(base) for base in node.bases]
    return any(decorated_as(decorator, *_DECORATORS) for decorator in node.decorator_list) or any(
        base in _BASES for base in bases
    )


def _own(node: ast.ClassDef) -> list[tuple[str, ast.expr | None]]:
    found: list[tuple[str, ast.expr | None]] = []
    for statement in node.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                if not _names_class_var(annotation) and not _is_no_argument(value):
                    found.append((name, value))
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as value) if decorated_as(value, *_MAKERS):
                if not _is_no_argument(value):
                    found.append((name, value))
    return found


def _names_class_var(annotation: ast.expr) -> bool:
    for part in walk(annotation):
        said = part.value if isinstance(part, ast.Constant) else last_name(part)
        if isinstance(said, str) and "ClassVar" in said:
            return True
    return False


def _is_no_argument(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and any(
        keyword.arg == "init" and isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        for keyword in value.keywords
    )


def is_maker(call: ast.Call) -> bool:
    """Whether a call describes a field: `field(default_factory=make)`."""
    return decorated_as(call, *_MAKERS)
